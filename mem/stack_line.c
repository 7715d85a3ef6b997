#include "mem/slots.h"

/* noinline: once in the image. */
__attribute__((noinline)) void mem_stack_line(struct line *line)
{
    line_text(line, "; task stacks mapped: ");
    line_number(line, mem_stack_count());
    line_text(line, "; the limit may be ");
    line_text(line, mem_slots_are_refused() ? "/proc/sys/vm/max_map_count"
                                            : "RLIMIT_AS or /proc/sys/vm/overcommit_memory");
}

void mem_stack_line_if_many(struct line *line)
{
    enum { many = 1000 };
    if (mem_stack_count() >= many)
        mem_stack_line(line);
}
