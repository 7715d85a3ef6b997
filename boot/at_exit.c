/*
 * Exit functions. Apart from exit.c: a program that registers none has none of this. The last one
 * registered runs first, and what they register meanwhile runs too.
 */
#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "base/lock.h"
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

TOUCHED_AT_START static struct lock exit_lock; /* guards the blocks */
static struct exit_block first_block;
TOUCHED_AT_START static struct exit_block *newest_block; /* NULL: none registered yet */

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

void boot_hook_exit_functions(void)
{
    for (exit_function *fn = take_last(); fn != NULL; fn = take_last())
        fn();
}
