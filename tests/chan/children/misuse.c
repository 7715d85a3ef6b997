/* Misuses of a channel that are noticed; the first argument says which. Each must end in a panic.
 */
#include "tests/chan/waiting.h"
#include "tests/sched/ways.h"

static int drop_too_often(void)
{
    keel_chan *chan = keel_chan_create(0, 0);
    keel_chan_drop_sender(chan);
    keel_chan_drop_sender(chan);
    return 0;
}

static int clone_after_the_last_drop(void)
{
    keel_chan *chan = keel_chan_create(0, 0);
    keel_chan_drop_sender(chan);
    keel_chan_clone_sender(chan);
    return 0;
}

static void wait_for_element(void *chan)
{
    keel_chan_receive(chan, NULL);
}

static void wait_for_receiver(void *chan)
{
    keel_chan_send(chan, NULL);
}

static int release_under_receiver(void)
{
    keel_chan *chan = keel_chan_create(0, 0);
    keel_spawn(wait_for_element, chan);
    until_receivers_wait(chan, 1);
    keel_chan_release(chan, NULL);
    return 0;
}

static int release_under_sender(void)
{
    keel_chan *chan = keel_chan_create(0, 0);
    keel_spawn(wait_for_receiver, chan);
    until_senders_wait(chan, 1);
    keel_chan_release(chan, NULL);
    return 0;
}

static int release_twice(void)
{
    keel_chan *chan = keel_chan_create(0, 0);
    keel_chan_release(chan, NULL);
    keel_chan_release(chan, NULL);
    return 0;
}

static keel_chan *released(void)
{
    keel_chan *chan = keel_chan_create(1, 0);
    keel_chan_release(chan, NULL);
    return chan;
}

static int send_after_release(void)
{
    return keel_chan_send(released(), NULL);
}

static int receive_after_release(void)
{
    return keel_chan_receive(released(), NULL);
}

static int close_after_release(void)
{
    keel_chan_close(released());
    return 0;
}

static int clone_after_release(void)
{
    keel_chan_clone_sender(released());
    return 0;
}

static int drop_after_release(void)
{
    keel_chan_drop_sender(released());
    return 0;
}

static int retain_after_release(void)
{
    keel_chan_retain(released());
    return 0;
}

static const struct way ways[] = {
    {"receive-after-release", receive_after_release},
    {"close-after-release", close_after_release},
    {"clone-after-release", clone_after_release},
    {"drop-after-release", drop_after_release},
    {"retain-after-release", retain_after_release},
    {"release-twice", release_twice},
    {"send-after-release", send_after_release},
    {"drop-too-often", drop_too_often},
    {"clone-after-the-last-drop", clone_after_the_last_drop},
    {"release-under-receiver", release_under_receiver},
    {"release-under-sender", release_under_sender},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
