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

/* A further block, mapped before the lock is taken: nothing is held across a system call. */
static struct exit_block *block_map(void)
{
    long address = arch_syscall6(__NR_mmap, 0, sizeof first_block, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return address < 0 ? NULL : (struct exit_block *)address;
}

/* False when there is no room; then `room`, unless NULL, becomes the newest block. */
static bool try_register(exit_function *fn, struct exit_block **room)
{
    lock_acquire(&exit_lock);
    if (newest_block == NULL)
        newest_block = &first_block;
    if (newest_block->count == functions_in_block && *room != NULL) {
        (*room)->older = newest_block;
        newest_block = *room;
        *room = NULL;
    }
    bool registered = newest_block->count < functions_in_block;
    if (registered)
        newest_block->functions[newest_block->count++] = fn;
    lock_release(&exit_lock);
    return registered;
}

int keel_at_exit(void (*fn)(void))
{
    struct exit_block *room = NULL;
    if (try_register(fn, &room))
        return 0;
    room = block_map();
    if (room == NULL)
        return -ENOMEM;
    try_register(fn, &room); /* which it cannot refuse, with room at hand */
    if (room != NULL)
        arch_syscall2(__NR_munmap, (long)room, sizeof *room);
    return 0;
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

static void run_functions(void)
{
    for (exit_function *fn = take_last(); fn != NULL; fn = take_last())
        fn();
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
    run_functions();
    run_destructors();
    run_functions(); /* what destructors registered */
    process_end(status);
}
