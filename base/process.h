/*
 * What the kernel handed over at the start. Filled in by boot/ before anything else runs; read-only
 * afterwards.
 */
#ifndef KEEL_BASE_PROCESS_H
#define KEEL_BASE_PROCESS_H

#include <linux/elf.h>

#include "base/base.h"

struct auxiliary_entry {
    uint64_t type;
    uint64_t value;
};

struct process {
    int argument_count;
    char **arguments;
    char **environment;
    const struct auxiliary_entry *auxiliary;
    uintptr_t load_bias; /* how far the image lies from where it was linked to; 0: nowhere else */
};

extern struct process process;

/* The auxiliary vector's value for `type` (AT_...), or `otherwise` when the kernel gave none. */
uint64_t process_auxiliary(uint64_t type, uint64_t otherwise);

/* The image's first program header of this type (PT_...), or NULL. */
const Elf64_Phdr *process_program_header(uint32_t type);

/* The value of the environment variable `name`, or NULL. Borrowed from the environment. */
const char *process_environment(const char *name);

/* The process gained rights when it was executed: its environment is somebody else's. */
bool process_is_secure(void);

/* Ends the process with `status`, whatever runs. No exit function is called. */
_Noreturn void process_end(int status);

/*
 * For who is about to say why the process ends (a panic, a deadlock, a fault): only one thread
 * does, and the others wait here for the end, which is that thread's to bring about. Returns the
 * claim: the same for each call of one thread, and of no other. Neither a child made by fork nor
 * one that shares our memory (vfork) is bound by its parent's claim, nor its parent by the child's.
 */
uint64_t process_claim_end(void);

/* For who is about to exit: when another thread is saying why the process ends, waits for that. */
void process_let_others_end(void);

/*
 * Waits a millisecond, or a signal. For loops in which the kernel refuses the call that would wait:
 * without it they would take a whole CPU from those that they wait for. Refused too, it gives way.
 */
void process_rest(void);

/* Waits for the end of the process that another thread has begun. */
_Noreturn void process_wait_for_end(void);

#endif
