#include "keel/fault.h"

#include <asm/errno.h>

#include "backtrace/backtrace.h"

struct collection {
    void **frames;
    size_t count, max;
    bool past_own; /* the frame of keel_backtrace itself is passed */
};

static bool collect(const struct backtrace_frame *frame, void *data)
{
    struct collection *collection = data;
    if (collection->past_own && collection->count < collection->max) {
        uintptr_t place = frame->interrupted ? frame->pc : frame->pc - 1;
        collection->frames[collection->count++] = (void *)place;
    }
    collection->past_own = true;
    return collection->count < collection->max;
}

size_t keel_backtrace(void **frames, size_t max)
{
    struct collection collection = {.frames = frames, .max = max};
    struct arch_registers registers;
    if (max == 0)
        return 0;
    arch_registers_capture(&registers);
    backtrace_walk(&registers, false, collect, &collection);
    return collection.count;
}

int keel_symbolize(const void *address, keel_symbol *out)
{
    struct backtrace_symbol symbol;
    bool known = backtrace_symbolize((uintptr_t)address, &symbol);
    *out = (keel_symbol){
        .function = symbol.function,
        .file = symbol.file,
        .directory = symbol.directory,
        .line = symbol.line,
        .offset = symbol.offset,
    };
    return known ? 0 : -ENOENT;
}
