/*
 * Reading memory that may not be there: of a damaged stack, every address is possible.
 *
 * A system call that reads what it is given says EFAULT where the processor would raise a fault.
 * Two of them read their argument before they look at anything else, and with a nonsensical request
 * change nothing: rt_sigprocmask with a `how` that does not exist, and rt_sigaction of signal 0.
 * Neither needs a descriptor, and the page need not be writable. Whether they tell is found out by
 * behaviour, at first use: a kernel under an emulator or a filter that refuses may answer
 * otherwise. Where neither tells, no memory is readable, and a walk ends at its first frame.
 *
 * One call a page: the answer for the last page is kept.
 */
#ifndef KEEL_BACKTRACE_PROBE_H
#define KEEL_BACKTRACE_PROBE_H

#include "base/base.h"

struct probe {
    uintptr_t readable_page; /* 0: none yet */
};

/* Reads `size` bytes (1 ... 8) at `address`, as an unsigned number. False: they are not there. */
bool probe_read(struct probe *probe, uintptr_t address, size_t size, uint64_t *number);

#endif
