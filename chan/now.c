#include "chan/now.h"

int chan_send_now(keel_chan *chan, const void *element)
{
    return chan_send_inline(chan, element);
}

int chan_receive_now(keel_chan *chan, void *element)
{
    return chan_receive_inline(chan, element);
}
