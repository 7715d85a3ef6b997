/* cs_spawn: each task runs once, with its own data, whoever spawned it. */
#include "runtime.h"

#include "tests/sched/meeting.h"

enum { task_count = 20000 };

static uint8_t runs[task_count]; /* each is one task's own */
static uint32_t ended;

static void run(void *data)
{
    runs[(uintptr_t)data]++;
    arrive(&ended);
}

static void run_two(void *data)
{
    uintptr_t number = (uintptr_t)data;
    cs_spawn(run, (void *)(number + 1));
    run(data);
}

int main(void)
{
    for (uintptr_t i = 0; i < task_count; i += 2)
        cs_spawn(run_two, (void *)i);
    check(yield_until(&ended, task_count), "20,000 tasks end");
    size_t wrong = 0;
    for (size_t i = 0; i < task_count; i++)
        wrong += runs[i] != 1;
    check_equal(wrong, 0, "each ran once, with its own data");
    return tap_done();
}
