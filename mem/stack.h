/*
 * Task stacks: slots of address space, committed by touch, with a guard below. Most have the
 * default size; who wants another has them from stack_sizes.h.
 *
 *     mapping    low                                       top
 *     | guard    | usable, grows down            <-- | header |
 *     |  64 KiB  |                                   | struct mem_stack
 *
 * The guard is 64 KiB wide because the code of users has no stack probes: one frame of 51 KB must
 * not jump over it into somebody else's slot.
 *
 * The first few lie in .bss, the others are slots of large mappings (slots.h), or, where the kernel
 * does not have what those need, a mapping each.
 *
 * Released stacks are kept, warm, in a pool that all threads share, up to a limit; beyond it their
 * memory goes back to the kernel. (Workers keep a few of their own before they come here.) Warm is
 * the top alone: a stack that a task may have used deeply is *trimmed*, many at a time, when so
 * many have come into the pool, when a worker has nothing to do, and now and then when it never has
 * (sched/spare.c).
 */
#ifndef KEEL_MEM_STACK_H
#define KEEL_MEM_STACK_H

#include "base/line.h"
#include "base/list.h"
#include "base/lock.h"

enum {
    mem_stack_guard = 64 * 1024,
    mem_stack_slot = 256 * 1024, /* of the default size, unless it was set */
    /* What the default has beyond its promise: so tasks may run on others' stacks (sched/host.c) */
    mem_stack_beyond = 64 * 1024,
    /* Of that, and of what other sizes have: what the runtime needs, a panic with a trace most. */
    mem_stack_runtime = 16 * 1024,
    mem_stack_promise_least = 4096,
    mem_stack_promise_most = 1 << 30,
};

/* Stacks of one size: those that nobody has. All zero but for its number and slot at first. */
struct mem_stack_size {
    size_t slot;                 /* bytes, the guard among them, whole pages; 0: mem_stack_slot */
    unsigned number;             /* 0: the default size; see stack_sizes.h */
    struct mem_stack_size *next; /* atomic; in the chain of the sizes that are in use */

    struct lock lock;          /* guards the pool, which is what follows */
    struct mem_stack *fresh;   /* those that came since the last trimming; the newest first */
    struct mem_stack *trimmed; /* the others */
    uint32_t untrimmed;        /* atomic, written under the lock: how many came since then */
    uint32_t pooled;           /* how many there are of both */
    uint32_t releases;

    /* Guarded by the lock of slots.c. */
    struct list_node open; /* chunks with slots to be had; first: the one to take from */
    size_t total;          /* slots of all its chunks */
    uint32_t coming; /* atomic: threads that make stacks now, of which the pool may get some */
};

extern struct mem_stack_size mem_stack_default;

/* Lies at the top of the stack that it describes. */
struct mem_stack {
    _Alignas(16) struct mem_stack *next; /* in a pool or cache */
    uintptr_t low;                       /* the lowest usable byte; the guard ends here */
    struct slot_chunk *chunk;            /* in which it is a slot (slots.h); NULL: in none */
    union {
        struct list_node link; /* in no chunk: in the list of those */
        struct {
            struct packed_chunk *chunk; /* in which it is one of several to a page (packed.h) */
            void *context;              /* where the task on it parked; NULL: it has ended */
        } packed;
    };
    struct mem_stack_size *size; /* NULL: packed */
    uintptr_t painted;           /* from where on it was painted (touched.h); 0: nowhere */
    union {
        bool used;     /* set by who runs a task on it: what lies deep may be there */
        uint64_t mark; /* packed: what the task on the stack above must not write over */
    };
};

/* A stack, from the pool or the kernel. NULL when the kernel refuses. */
struct mem_stack *mem_stack_acquire_of(struct mem_stack_size *size);

static inline struct mem_stack *mem_stack_acquire(void)
{
    return mem_stack_acquire_of(&mem_stack_default);
}

/* So much the default promises from now on. To be called before there is any stack. */
void mem_stack_set_default(size_t promise);

/*
 * A promise is a stack that most often is never needed: its guard is made when it is. There are few
 * in a process. mem_stack_promise gives the caller one, by its number; 0 when all are taken. Then
 * mem_stack_promise_keep makes the stack (NULL when the kernel refuses, as it may refuse any: the
 * promise is returned), or mem_stack_promise_return lets others have it.
 */
unsigned mem_stack_promise(void);
struct mem_stack *mem_stack_promise_keep(unsigned promise);
void mem_stack_promise_return(unsigned promise);

/*
 * Gives all back that lies in pools, and the packed chunks (packed.h) of which none is in use:
 * other sizes may hold what is wanted. False: there is nothing.
 */
bool mem_stack_empty_pools(void);
bool mem_hook_give_packed(void);

/* Gives a stack back that nobody runs on. */
void mem_stack_release(struct mem_stack *stack);

/*
 * For a thread that is about to sleep on `stack`, at the caller's depth: the kernel gets back what
 * lies deep in it and in the pools. Nothing, at the price of some loads, when no task has run on
 * any since. NULL: what lies in the pools alone.
 */
void mem_stack_trim_all(struct mem_stack *stack);

/*
 * A stack for a thread to begin on, and `size` bytes for what the thread needs as long as it lives:
 * they lie behind the header, partly on its page, aligned to a cache line, and stay, whatever
 * becomes of the stack. They are zero, but for what boot_tls_make fills in. NULL: the kernel
 * refuses. mem_stack_return_with gives both back when no thread could be made: the caller has
 * cleared what it wrote there, because the next one may use it otherwise.
 */
struct mem_stack *mem_stack_acquire_with(size_t size, void **behind);
void mem_stack_return_with(struct mem_stack *stack, size_t size);

/*
 * The stack in whose guard the address lies, whether somebody has it or not, and its lowest usable
 * byte; else NULL. (What nobody has may be unwritten: only its address counts.) For the fault
 * report, from a signal handler: it gives up when the list is being changed for long.
 */
const struct mem_stack *mem_stack_guarding(uintptr_t address, uintptr_t *low);

static inline size_t mem_stack_slot_of(const struct mem_stack_size *size)
{
    return size->slot != 0 ? size->slot : mem_stack_slot;
}

/* What a stack of the default size promises to a task. */
static inline size_t mem_stack_promised(void)
{
    return mem_stack_slot_of(&mem_stack_default) - mem_stack_guard - mem_stack_beyond;
}

/* The least that is promised to who wants so much: a power of two. */
static inline size_t mem_stack_promise_round(size_t promise)
{
    size_t rounded = mem_stack_promise_least;
    while (rounded < promise)
        rounded *= 2;
    return rounded;
}

/* How many stacks there are now, those in the pool among them. */
size_t mem_stack_count(void);

/*
 * Appends to an error's line how many stacks are mapped, and which limit of the kernel that may
 * have met. mem_stack_line_if_many does so when they are thousands: then they may be why there is
 * no memory for something else.
 */
void mem_stack_line(struct line *line);
void mem_stack_line_if_many(struct line *line);

/* How many bytes lower than the end of its slot, of so many bytes, the top of a stack lies; see
 * stack.c. */
size_t mem_stack_colour(const unsigned char *slot, size_t bytes);

/* The first byte above what may be used, 16-byte aligned. */
static inline void *mem_stack_top(struct mem_stack *stack)
{
    return stack;
}

/* Whether the address lies in the guard below the stack. Also from a signal handler. */
static inline bool mem_stack_guards(const struct mem_stack *stack, uintptr_t address)
{
    return address < stack->low && address >= stack->low - mem_stack_guard;
}

static inline size_t mem_stack_usable(const struct mem_stack *stack)
{
    return (uintptr_t)stack - stack->low;
}

#endif
