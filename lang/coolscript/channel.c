#include "base/panic.h"
#include "chan/chan.h"
#include "keel/mem.h"
#include "lang/coolscript/coolscript.h"

/* A Coolscript channel is a channel of the core, under the name that the language's document gives.
 */
static keel_chan *core(cs_channel_t *chan)
{
    return (keel_chan *)chan;
}

static void fill_no_memory(struct line *line, const void *data)
{
    const size_t *sizes = data;
    line_text(line, "cs_chan_create: no memory for ");
    line_number(line, sizes[0]);
    line_text(line, " elements of ");
    line_number(line, sizes[1]);
    line_text(line, " bytes");
}

/* `where` is the place in the program, for the report. */
static cs_channel_t *create(size_t capacity, size_t element_size, const void *where)
{
    keel_chan *chan = keel_chan_create(capacity, element_size);
    if (chan == NULL) {
        const size_t sizes[] = {capacity, element_size};
        panic_with_at(fill_no_memory, sizes, where);
    }
    return (cs_channel_t *)chan;
}

/* What a pointer channel still holds when it is freed belongs to nobody else. */
static void free_pointer(void *element)
{
    keel_free(*(void **)element);
}

cs_channel_t *cs_chan_create(size_t capacity, size_t element_size)
{
    return create(capacity, element_size, __builtin_return_address(0));
}

cs_channel_t *cs_chan_create_ptr(size_t capacity)
{
    cs_channel_t *chan = create(capacity, sizeof(void *), __builtin_return_address(0));
    core(chan)->destroy = free_pointer;
    return chan;
}

void cs_chan_send(cs_channel_t *chan, void *data)
{
    if (keel_chan_send(core(chan), data) != 0)
        panic("cs_chan_send: the channel is closed");
}

void cs_chan_send_ptr(cs_channel_t *chan, void *owned)
{
    if (core(chan)->element_size != sizeof owned)
        panic("cs_chan_send_ptr: not a channel of pointers");
    if (owned == NULL)
        panic("cs_chan_send_ptr: NULL cannot be sent, it means None");
    if (keel_chan_send(core(chan), &owned) != 0)
        panic("cs_chan_send_ptr: the channel is closed");
}

int cs_chan_receive(cs_channel_t *chan, void *out_data)
{
    return keel_chan_receive(core(chan), out_data);
}

void *cs_chan_receive_ptr(cs_channel_t *chan)
{
    if (core(chan)->element_size != sizeof(void *))
        panic("cs_chan_receive_ptr: not a channel of pointers");
    void *owned;
    return keel_chan_receive(core(chan), &owned) == 1 ? owned : NULL;
}

void cs_chan_close(cs_channel_t *chan)
{
    keel_chan_close(core(chan));
}

cs_channel_t *cs_chan_clone_sender(cs_channel_t *chan)
{
    return (cs_channel_t *)keel_chan_clone_sender(core(chan));
}

void cs_chan_drop_sender(cs_channel_t *chan)
{
    keel_chan_drop_sender(core(chan));
}

void cs_chan_release(cs_channel_t *chan)
{
    keel_chan_release(core(chan), NULL);
}
