/*
 * boot_start, called once more in a child, with an initial stack made by hand: what a kernel that
 * tells less, or allows less, would start.
 */
#include <linux/auxvec.h>

#include "base/memory.h"
#include "boot/boot.h"
#include "tests/cases.h"

enum { begun_again = 20, panic_status = 2 };

static char program[] = "start_refused", again[] = "again";

/* Arguments, environment, auxiliary vector: nothing of what the kernel need not say. */
static void *bare_stack[] = {(void *)2, program, again, NULL, NULL, (void *)AT_NULL, NULL};

static int start_bare(void)
{
    boot_start(bare_stack, NULL, NULL, NULL);
}

static int start_refused(void)
{
    refuse_syscall(__NR_arch_prctl, EPERM);
    boot_start(bare_stack, NULL, NULL, NULL);
}

static int main_again(void)
{
    bool is_set = process.argument_count == 2 && thread_block()->self == thread_block();
    return is_set && process_auxiliary(AT_RANDOM, 0) == 0 ? begun_again : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && memcmp(argv[1], again, sizeof again) == 0)
        return main_again();
    check_case(start_bare, begun_again, "an empty auxiliary vector starts");
    cases_need_refusals();
    check_case(start_refused, panic_status, "no thread pointer: the end");
    return tap_done();
}
