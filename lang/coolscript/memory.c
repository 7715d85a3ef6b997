#include "base/panic.h"
#include "keel/mem.h"
#include "lang/coolscript/coolscript.h"
#include "mem/stack.h"

void *cs_alloc(size_t size)
{
    void *block = keel_alloc(size);
    if (block == NULL) {
        struct line line;
        panic_begin(&line);
        line_text(&line, "cs_alloc: out of memory for ");
        line_number(&line, size);
        line_text(&line, " bytes");
        mem_stack_line_if_many(&line);
        panic_end(&line);
    }
    return block;
}

void cs_free(void *ptr)
{
    keel_free(ptr);
}
