/* Two tasks exchange a message. */
#include <keel.h>

static void answer(void *chan)
{
    int number = 42;
    keel_chan_send(chan, &number);
}

int main(void)
{
    keel_chan *chan = keel_chan_create(0, sizeof(int));
    int number = 0;
    if (chan == 0 || keel_spawn(answer, chan) != 0)
        return 1;
    keel_chan_receive(chan, &number);
    return number == 42 ? 0 : 1;
}
