/* What else a machine supplies: constants, a pause, the end by a trap. */
#include <linux/auxvec.h>

#include "tests/forked.h"
#include "tests/tap.h"

static void test_trap(void)
{
    check_equal(status_of_forked(arch_trap, null_descriptor()) & 0x7f, SIGILL,
                "the trap is an illegal instruction");
}

int main(void)
{
    check_equal(process_auxiliary(AT_PAGESZ, 0), arch_page_size, "the kernel's page size is ours");
    check(arch_cache_line >= 16 && (arch_cache_line & (arch_cache_line - 1)) == 0, "a cache line");
    arch_pause(); /* an instruction that the machine does not have would end the test here */
    test_trap();
    return tap_done();
}
