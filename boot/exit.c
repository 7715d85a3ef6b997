/*
 * The end of the process.
 *
 * keel_exit may be called by several threads at once, from any depth, and by exit functions
 * themselves. The first caller claims the exit and runs the exit functions and destructors on its
 * own stack. A later caller has nothing to do but to wait: the hook keeps it. An exit function or
 * destructor that calls keel_exit itself goes on with those that are left, and its status counts.
 */
#include "base/process.h"
#include "boot/boot.h"
#include "keel/task.h"

typedef void (*destructor)(void);
extern destructor __fini_array_start[], __fini_array_end[];

/* Last first. Who exits while they run goes on with the next. */
static void run_destructors(void)
{
    TOUCHED_AT_START static size_t begun;
    destructor *next;
    while ((next = __fini_array_end - ++begun) >= __fini_array_start)
        (*next)();
}

/* Weak: a program without a scheduler has one thread, which never waits for another's exit. */
__attribute__((weak)) void boot_hook_exit_begin(int status)
{
    (void)status;
}

/* Weak: a program that never calls keel_at_exit has no exit functions. */
__attribute__((weak)) void boot_hook_exit_functions(void)
{
}

_Noreturn void keel_exit(int status)
{
    boot_hook_exit_begin(status);
    boot_hook_exit_functions();
    run_destructors();
    boot_hook_exit_functions(); /* what destructors registered */
    process_end(status);
}
