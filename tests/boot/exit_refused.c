/* Exit functions for which there is no memory: the caller is told, the others run. */
#include "keel/task.h"
#include "tests/cases.h"

enum { all_have_run = 10, main_status = 5 };

static int registered, calls;

static void counts(void)
{
    calls++;
}

static void ends(void)
{
    process_end(calls == registered ? all_have_run : main_status);
}

/* Until one is refused, and once more. */
static int register_until_refused(void)
{
    if (keel_at_exit(ends) != 0)
        return main_status;
    int result;
    while ((result = keel_at_exit(counts)) == 0)
        registered++;
    if (result != -ENOMEM || keel_at_exit(counts) != -ENOMEM || registered < 30)
        return main_status;
    keel_exit(main_status);
}

static int refused(void)
{
    refuse_syscall(__NR_mmap, ENOMEM);
    return register_until_refused();
}

int main(void)
{
    cases_need_refusals();
    check_case(refused, all_have_run, "no memory for more exit functions");
    return tap_done();
}
