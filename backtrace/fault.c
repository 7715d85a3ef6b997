#include "keel/fault.h"

#include <asm/errno.h>

#include "backtrace/backtrace.h"
#include "base/deep.h"

struct collection {
    struct arch_registers start;
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

static void walk(void *collection)
{
    struct collection *own = collection;
    backtrace_walk(&own->start, false, collect, own);
}

size_t keel_backtrace(void **frames, size_t max)
{
    struct collection collection = {.frames = frames, .max = max};
    if (max == 0)
        return 0;
    arch_registers_capture(&collection.start);
    deep_hook_call(walk, &collection);
    return collection.count;
}

struct question {
    const void *address;
    keel_symbol *answer;
    bool is_known;
};

static void look_up(void *data)
{
    struct question *question = data;
    struct backtrace_symbol symbol;
    question->is_known = backtrace_symbolize((uintptr_t)question->address, &symbol);
    *question->answer = (keel_symbol){
        .function = symbol.function,
        .file = symbol.file,
        .directory = symbol.directory,
        .line = symbol.line,
        .offset = symbol.offset,
    };
}

int keel_symbolize(const void *address, keel_symbol *out)
{
    struct question question = {.address = address, .answer = out};
    deep_hook_call(look_up, &question);
    return question.is_known ? 0 : -ENOENT;
}
