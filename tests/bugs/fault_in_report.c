/*
 * tests/bugs/: a program for each bug that was fixed and that no other test shows. The head comment
 * says what went wrong; the program fails, or hangs, where it does again.
 *
 * Here: a fault inside the fault report, of another kind than the first: it was handled in its
 * turn, found the report claimed by its own thread and waited for it, for ever. It must end the
 * process.
 */
#include "base/thread_block.h"
#include "keel/task.h"
#include "tests/forked.h"
#include "tests/tap.h"

static volatile int zero;

/* What the report asks whose address it is. */
static struct address_owner divide_by_zero(uintptr_t address)
{
    return (struct address_owner){.stack_size = address / (unsigned)zero};
}

static struct address_owner read_nothing(uintptr_t address)
{
    return (struct address_owner){.stack_size = *(volatile size_t *)(address & 8)};
}

static void fault(void)
{
    *(volatile int *)(uintptr_t)zero = 1;
}

static void fault_then_divide(void)
{
    thread_block()->address_owner = divide_by_zero;
    fault();
}

static void fault_twice_the_same(void)
{
    thread_block()->address_owner = read_nothing;
    fault();
}

static void check_ended_by_signal(void (*fn)(void), const char *what)
{
    int status = status_of_forked(fn, null_descriptor());
    check(status != forked_hung && (status & 0x7f) != 0, what);
}

int main(void)
{
    check_equal(keel_task_id(), 1, "the handlers are in: there is a scheduler");
    check_ended_by_signal(fault, "a fault ends the process by a signal");
    check_ended_by_signal(fault_then_divide, "one that divides by zero in the report too");
    check_ended_by_signal(fault_twice_the_same, "one that faults again in the report too");
    return tap_done();
}
