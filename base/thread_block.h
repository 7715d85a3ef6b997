/*
 * The thread block, made from thread_block.tbl. base/ sees of a task only its identity, of a worker
 * and a heap nothing: the rooms above fill these in.
 */
#ifndef KEEL_BASE_THREAD_BLOCK_H
#define KEEL_BASE_THREAD_BLOCK_H

#include "base/base.h"

struct sched_thread;
struct sched_worker;
struct mem_heap;
struct keel_fork_slot;

/* The part of a task that reports show. The first member of every task. */
struct task_identity {
    uint64_t id;      /* its highest bit: no task, but a thread that is no worker */
    const char *name; /* NULL, or borrowed from the program */
};

/* What an address that faulted is, as far as the rooms above know. */
struct address_owner {
    bool is_stack_guard;
    const struct task_identity *task; /* whose stack it guards; NULL: nobody has it now */
    uintptr_t stack_low;              /* the lowest byte that may be used */
    size_t stack_size;                /* bytes that may be used */
};

/* Answers from a signal handler: no lock, no allocation. */
typedef struct address_owner address_owner_fn(uintptr_t address);

struct thread_block {
#define THREAD_FIELD(type, name) type name;
#include "base/thread_block.tbl"
#undef THREAD_FIELD
};

_Static_assert(offsetof(struct thread_block, self) == 0x00, "the TLS ABI reads it");
_Static_assert(offsetof(struct thread_block, canary) == 0x28, "the stack protector reads it");
_Static_assert(offsetof(struct thread_block, stack_limit) == 0x70, "split stacks read it");
_Static_assert(sizeof(struct thread_block) == 0x78, "no padding between the fields");

/* The calling thread's block. Not to be kept across a park: the task may wake on another thread. */
static inline struct thread_block *thread_block(void)
{
    return arch_thread_block();
}

#endif
