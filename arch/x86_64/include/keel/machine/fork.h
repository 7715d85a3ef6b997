/*
 * x86-64: the two words of the thread block that keel_fork and keel_join work on. Installed beside
 * keel/fork.h, which inlines them into programs; arch.h says what each must do. The words' places
 * are those of fork_head and fork_limit in base/thread_block.tbl (sched/fork.c holds them
 * together).
 *
 * Each is one instruction, volatile: a task may wake on another thread after any call, so neither a
 * word nor its address may be kept from before. In LLVM IR the words are at 64 (the head) and 72
 * (the limit) of address space 257, and each access is volatile.
 */
#ifndef KEEL_MACHINE_FORK_H
#define KEEL_MACHINE_FORK_H

#include <stdbool.h>

struct keel_fork_slot;

static inline struct keel_fork_slot *keel_machine_fork_head(void)
{
    struct keel_fork_slot *head;
    __asm__ __volatile__("movq %%fs:0x40, %0" : "=r"(head));
    return head;
}

static inline bool keel_machine_fork_head_is(struct keel_fork_slot *slot)
{
    bool same;
    __asm__ __volatile__("cmpq %%fs:0x40, %1" : "=@cce"(same) : "r"(slot));
    return same;
}

static inline void keel_machine_fork_head_set(struct keel_fork_slot *slot)
{
    __asm__ __volatile__("movq %0, %%fs:0x40" : : "r"(slot));
}

static inline bool keel_machine_fork_limit_reached(struct keel_fork_slot *head)
{
    bool reached;
    __asm__ __volatile__("cmpq %%fs:0x48, %1" : "=@ccae"(reached) : "r"(head));
    return reached;
}

#endif
