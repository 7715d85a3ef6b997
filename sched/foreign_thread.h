/* What a thread has that is no worker (foreign.c), for those who make and end it. */
#ifndef KEEL_SCHED_FOREIGN_THREAD_H
#define KEEL_SCHED_FOREIGN_THREAD_H

#include "abi/signal.h"
#include "sched/unusual.h"

enum foreign_kind {
    FOREIGN_ATTACHED, /* the program's, by keel_thread_attach */
    FOREIGN_STARTED,  /* made by keel_thread_start */
    FOREIGN_HELD,     /* a task's, by keel_thread_hold */
};

/*
 * Lies in a mapping of its own, which begins with the thread's stack, if the runtime made that:
 *
 *     | guard | stack | signal stack | thread-local variables and block | struct foreign_thread |
 */
struct foreign_thread {
    struct list_node link; /* in foreign.c's list */
    unsigned char *memory; /* the mapping */
    size_t size;
    unsigned char *alternate; /* the signal stack */
    size_t alternate_size;
    struct mem_stack *stack;   /* NULL: not ours */
    struct mem_stack no_stack; /* stands for a spare one, which it never takes */
    enum foreign_kind kind;
    int32_t number; /* atomic, the kernel's; 0: it has not begun */
    unsigned holds;
    uintptr_t pointer_before;
    struct abi_stack alternate_before;
    void (*fn)(void *); /* of one that was started */
    void *arg;
    struct sched_worker worker;
};

/* Makes one, with a stack of `stack_size` bytes, or none. NULL: no memory. */
struct foreign_thread *foreign_make(size_t stack_size);
void foreign_unmake(struct foreign_thread *thread);

/* The calling thread's. Pre-condition: it is no worker. */
struct foreign_thread *foreign_self(void);

/* The one with the kernel's number; NULL: there is none. Asks nothing of the caller. */
struct foreign_thread *foreign_find(int32_t number);

/* From here on the thread runs the task, and counts as outside; and neither any more. */
void foreign_enter(struct foreign_thread *thread, struct keel_task *task);
void foreign_leave(struct foreign_thread *thread, struct keel_task *task);

/*
 * How many threads are in a task's or a thread's hands now; and how many have ever come, in
 * *entered.
 */
uint32_t foreign_count(uint32_t *entered);

/* Ends the time alone; without a look for threads that are not attached. */
void foreign_announce(void);

/*
 * The thread that makes workers for those that are none (maker.c): makes it, if the caller is a
 * worker's thread and there may be a second worker; and asks it, after work was made findable.
 */
void foreign_make_maker(void);
void foreign_want_worker(void);

/* The program clones threads itself: before a deadlock is reported this is asked (foreign.h). */
void foreign_expect(int64_t (*look)(void));
bool foreign_is_expected(void);

/* Gives back what the calling thread keeps for later: its heap, descriptors. */
void foreign_give_back(struct foreign_thread *thread);

/* One thread more that can make work; one less, for good. */
void foreign_count_outside(void);
void foreign_count_gone(void);

/* Sets the calling thread's pointer. False when the kernel refuses. */
bool foreign_set_pointer(void *block);

#endif
