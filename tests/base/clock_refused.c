/* A process that is told no time: no vDSO, and the call refused. It ends, and does not wait. */
#include <linux/auxvec.h>

#include "base/clock.h"
#include "tests/cases.h"

enum { right = 0, wrong = 1, panic_status = 2 };

static const struct auxiliary_entry nothing[] = {{AT_NULL, 0}};

/* First of all: where the time comes from is found out once. */
static int asks_the_kernel(void)
{
    process.auxiliary = nothing;
    int64_t first = clock_now();
    return first > 0 && clock_now() >= first ? right : wrong;
}

static int is_refused(void)
{
    refuse_syscall(__NR_clock_gettime, EPERM);
    clock_now();
    return wrong;
}

static int is_refused_without_image(void)
{
    process.auxiliary = nothing;
    return is_refused();
}

int main(void)
{
    const struct auxiliary_entry *own = process.auxiliary;
    check(asks_the_kernel() == right, "without a vDSO the kernel tells the time");
    process.auxiliary = own;
    cases_need_refusals();
    check_case(is_refused_without_image, panic_status, "refused: the end");
    return tap_done();
}
