/* Who says why the process ends: one thread of a process, and each process for itself. */
#include "base/process.h"
#include "base/thread_block.h"
#include "tests/forked.h"
#include "tests/refuse.h"
#include "tests/tap.h"

static uint64_t claimed;

/* In a copy of a process whose end is claimed. */
static void claim_in_child(void)
{
    enum { same = 3, other = 4 };
    process_end(process_claim_end() == claimed ? same : other);
}

static void end_in_child(void)
{
    process_let_others_end();
    process_end(5);
}

/* Where the kernel does not tell which thread it is. */
static void claim_unnamed(void)
{
    refuse_syscall(__NR_gettid, EPERM);
    process_end(process_claim_end() == (uintptr_t)thread_block() ? 6 : 7);
}

int main(void)
{
    claimed = process_claim_end();
    check(claimed != 0, "the end can be claimed");
    check(process_claim_end() == claimed, "and again by the same thread");
    int status = status_of_forked(claim_in_child, null_descriptor());
    check_equal(status, 4 << 8, "a child does not wait for its parent's end");
    check_equal(status_of_forked(end_in_child, null_descriptor()), 5 << 8,
                "nor does it at its exit");
    if (!refusals_work())
        skip("a thread that is not told its number", "no seccomp here");
    else
        check_equal(status_of_forked(claim_unnamed, null_descriptor()), 6 << 8,
                    "a thread that is not told its number claims too");
    return tap_done();
}
