/*
 * The end of the process.
 *
 * keel_exit may be called by several threads at once, from any depth, and by exit functions
 * themselves. The first caller claims the exit and runs the functions, last registered first, on
 * its own stack; what they register meanwhile runs too. A later caller has nothing to do but to
 * wait: it must not hold its worker, because an exit function may need it (it may park), so the
 * hook parks it. An exit function that calls keel_exit itself goes on with the functions that are
 * left, and its status counts.
 *
 * Which caller is inside is known by the task, not by the thread: an exit function may park and
 * wake on another thread.
 */
#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "base/lock.h"
#include "base/process.h"
#include "boot/boot.h"
#include "keel/task.h"

typedef void exit_function(void);

/* Exit functions in blocks, newest first: one in .bss, further ones a mapping each. */
enum { functions_in_block = 62 };

struct exit_block {
    struct exit_block *older;
    size_t count;
    exit_function *functions[functions_in_block];
};

static struct lock exit_lock; /* guards the blocks */
static struct exit_block first_block;
static struct exit_block *newest_block; /* NULL: none registered yet */

static struct exit_block *block_make(void)
{
    if (newest_block == NULL)
        return &first_block;
    long address = arch_syscall6(__NR_mmap, 0, sizeof first_block, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return address < 0 ? NULL : (struct exit_block *)address;
}

int keel_at_exit(void (*fn)(void))
{
    int result = 0;
    lock_acquire(&exit_lock);
    if (newest_block == NULL || newest_block->count == functions_in_block) {
        struct exit_block *block = block_make();
        if (block != NULL) {
            block->older = newest_block;
            newest_block = block;
        } else {
            result = -ENOMEM;
        }
    }
    if (result == 0)
        newest_block->functions[newest_block->count++] = fn;
    lock_release(&exit_lock);
    return result;
}

/* The function registered last that has not run, or NULL. */
static exit_function *take_last(void)
{
    exit_function *last = NULL;
    lock_acquire(&exit_lock);
    while (newest_block != NULL && newest_block->count == 0 && newest_block->older != NULL)
        newest_block = newest_block->older;
    if (newest_block != NULL && newest_block->count > 0)
        last = newest_block->functions[--newest_block->count];
    lock_release(&exit_lock);
    return last;
}

extern exit_function *__fini_array_start[], *__fini_array_end[];
#pragma weak __fini_array_start
#pragma weak __fini_array_end

static void run_destructors(void)
{
    static size_t done;
    size_t count = (size_t)(__fini_array_end - __fini_array_start);
    while (done < count) {
        done++;
        __fini_array_start[count - done]();
    }
}

/* Weak: a program without a scheduler has one thread, which never waits for another's exit. */
__attribute__((weak)) _Noreturn void boot_hook_exit_wait(void)
{
    process_wait_for_end();
}

_Noreturn void keel_exit(int status)
{
    /* Who runs the exit functions: a task's identity; a byte of our own where there is no task. */
    static const void *owner;
    static const char no_task;
    const void *caller = thread_block()->task;
    if (caller == NULL)
        caller = &no_task;
    const void *before = NULL;
    /* RELAXED: claims; nothing else is published by it. */
    if (!atomic_compare_exchange(&owner, &before, caller, RELAXED, RELAXED) && before != caller)
        boot_hook_exit_wait();
    for (exit_function *fn = take_last(); fn != NULL; fn = take_last())
        fn();
    run_destructors();
    process_end(status);
}
