#include "base/panic.h"
#include "keel/mem.h"
#include "lang/coolscript/coolscript.h"
#include "mem/stack.h"

static void fill_no_memory(struct line *line, const void *size)
{
    line_text(line, "cs_alloc: out of memory for ");
    line_number(line, (uintptr_t)size);
    line_text(line, " bytes");
    mem_stack_line_if_many(line);
}

void *cs_alloc(size_t size)
{
    void *block = keel_alloc(size);
    if (block == NULL)
        panic_with(fill_no_memory, (const void *)size);
    return block;
}

void cs_free(void *ptr)
{
    keel_free(ptr);
}
