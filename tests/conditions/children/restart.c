/*
 * Starts itself a second time, on an initial stack that says nothing of what the kernel allows: so
 * the thread pointer is set by the system call, as on old kernels and processors.
 */
#include "boot/boot.h"

#include "base/line.h"

int main(int argc, char **argv)
{
    (void)argv;
    static void *initial_stack[16]; /* argc 0, no arguments, no environment, AT_NULL */
    if (argc > 0)
        boot_start(initial_stack, NULL, NULL, NULL);
    struct line line;
    line_begin(&line);
    line_text(&line, "started again");
    line_write(&line, 1);
    return 0;
}
