/*
 * What ends a Coolscript program: the first argument says how. Each way is a function of its own,
 * because the report must name the place in it.
 */
#include "runtime.h"

#include <linux/resource.h>

#include "abi/system.h"
#include "tests/chan/waiting.h"
#include "tests/sched/ways.h"

static int32_t element = 1;

static int send_closed(void)
{
    cs_channel_t *chan = cs_chan_create(4, sizeof element);
    cs_chan_close(chan);
    cs_chan_send(chan, &element);
    return 0;
}

static int send_dropped(void)
{
    cs_channel_t *chan = cs_chan_create(4, sizeof element);
    cs_chan_drop_sender(chan);
    cs_chan_send(chan, &element);
    return 0;
}

static void close_under_sender(void *data)
{
    until_senders_wait(data, 1);
    cs_chan_close(data);
}

/* The channel is closed while the send waits. */
static int send_waiting(void)
{
    cs_channel_t *chan = cs_chan_create(0, sizeof element);
    cs_spawn(close_under_sender, chan);
    cs_chan_send(chan, &element);
    return 0;
}

static int send_ptr_closed(void)
{
    cs_channel_t *chan = cs_chan_create_ptr(4);
    cs_chan_close(chan);
    cs_chan_send_ptr(chan, cs_alloc(8));
    return 0;
}

static int send_ptr_null(void)
{
    cs_channel_t *chan = cs_chan_create_ptr(4);
    cs_chan_send_ptr(chan, NULL);
    return 0;
}

static int send_ptr_other_form(void)
{
    cs_channel_t *chan = cs_chan_create(4, sizeof element);
    cs_chan_send_ptr(chan, &element);
    return 0;
}

static int receive_ptr_other_form(void)
{
    cs_channel_t *chan = cs_chan_create(4, sizeof element);
    cs_chan_send(chan, &element);
    return cs_chan_receive_ptr(chan) != NULL;
}

static int alloc_too_much(void)
{
    return cs_alloc((size_t)1 << 60) != NULL;
}

static int create_too_much(void)
{
    return cs_chan_create((size_t)1 << 50, 1000) != NULL;
}

static int create_overflow(void)
{
    return cs_chan_create(SIZE_MAX, 16) != NULL;
}

static int create_ptr_overflow(void)
{
    return cs_chan_create_ptr(SIZE_MAX / 4) != NULL;
}

static void do_nothing(void *data)
{
    (void)data;
}

static int spawn_too_many(void)
{
    struct abi_rlimit limit = {64 << 20, 64 << 20};
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_AS, (long)&limit, 0);
    for (int i = 0; i < 10000000; i++)
        cs_spawn(do_nothing, NULL);
    return 0;
}

static void send_to_closed(void *data)
{
    cs_chan_send(data, &element);
    element++; /* so that the call is no jump, and the place of the panic is here */
}

static int in_a_task(void)
{
    cs_channel_t *chan = cs_chan_create(4, sizeof element);
    cs_chan_close(chan);
    cs_spawn(send_to_closed, chan);
    keel_sleep(KEEL_FOREVER);
    return 0;
}

static const struct way ways[] = {
    {"send_closed", send_closed},
    {"send_dropped", send_dropped},
    {"send_waiting", send_waiting},
    {"send_ptr_closed", send_ptr_closed},
    {"send_ptr_null", send_ptr_null},
    {"send_ptr_other_form", send_ptr_other_form},
    {"receive_ptr_other_form", receive_ptr_other_form},
    {"alloc_too_much", alloc_too_much},
    {"create_too_much", create_too_much},
    {"create_overflow", create_overflow},
    {"create_ptr_overflow", create_ptr_overflow},
    {"spawn_too_many", spawn_too_many},
    {"in_a_task", in_a_task},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
