/*
 * Shelving: what is asked of shelve.c, which has the protocol. `sched.shelving` is NULL until the
 * first task with KEEL_TASK_SHELVED is created, so nobody's image has shelve.c who creates none,
 * and it is asked only where a task's SCHED_UNUSUAL_SHELVED says so.
 */
#ifndef KEEL_SCHED_SHELVE_H
#define KEEL_SCHED_SHELVE_H

#include "base/list.h"
#include "sched/sched.h"

/* So many tasks that might be shelved keep their stacks. */
extern uint32_t sched_shelve_beyond;

enum sched_shelf_state {
    SHELF_BUSY,  /* it runs, or is to run, or waits in a way in which it keeps its stack */
    SHELF_WARM,  /* it waits */
    SHELF_COLD,  /* it has waited while the list was gone round */
    SHELF_GOING, /* its bytes are being copied, its memory goes */
    SHELF_AWAY,  /* it is shelved */
};

enum { sched_shelf_node = 40 };

/* What a task that may be shelved has, from its begin to its end. */
struct sched_shelf {
    struct keel_task *task;
    union {
        struct list_node link; /* it has its stack: in the list of those */
        struct {
            void *copy; /* GOING, and AWAY */
            struct slot_chunk *chunk;
        };
    };
    uint8_t state;     /* atomic: enum sched_shelf_state */
    bool is_apart;     /* the next park has its node here */
    bool lacks_memory; /* for an element of the next wait on a channel */
    uint32_t room;     /* bytes for an element; more than `inner` has: at `outer` */
    union {
        unsigned char inner[8];
        void *outer;
    };
    _Alignas(8) unsigned char node[sched_shelf_node];
};
_Static_assert(sizeof(struct sched_shelf) <= 80, "a size class of the allocator");

struct sched_shelve_hooks {
    /* The task, which runs, can be shelved from here on; not any more. */
    void (*begin)(struct keel_task *task);
    void (*end)(struct keel_task *task);

    /*
     * The caller is about to park: what is its deferred step, if it is `step`? (The data are the
     * same; there is no switch meanwhile.)
     */
    sched_step *(*park)(enum sched_wait_reason reason, sched_step *step);

    /* Whether a task that was made ready has its stack; then it is the caller's to switch to. */
    bool (*is_here)(struct keel_task *task);

    /* Gives such a task its stack. For a runner: it may take long, and holds no lock. */
    void (*bring_back)(struct keel_task *task);

    /* Lets the stack be read, in the report of a deadlock: no lock, no call, and nobody runs. */
    void (*show)(const struct keel_task *task);

    /* For a worker that has nothing to do. Returns whether it is to look for work again first. */
    bool (*idle)(void);

    /*
     * A place for what others write to while the caller, which waits with it, is parked: for a node
     * and for an element of so many bytes. NULL: there is none, and the caller is not shelved while
     * it waits. make_room, beforehand, where it may allocate, sees to it, if there is memory and
     * the element is not so large that the stack had better stay.
     */
    bool (*has_room)(size_t size);
    void (*make_room)(size_t size);
    void *(*node)(size_t element_size);
    void *(*element)(void);
};

/* The first such task is created. */
void sched_shelve_start(void);

/* To be asked on behalf of a task that may be shelved. */
static inline const struct sched_shelve_hooks *sched_shelving(void)
{
    return atomic_load(&sched.shelving, RELAXED); /* RELAXED: who knows such a task has seen it */
}

#endif
