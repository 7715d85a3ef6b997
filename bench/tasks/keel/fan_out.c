/* 64 tasks that compute for a millisecond each: an operation is all of them, spawned and awaited.
 */
#include "bench.h"
#include "bench/tasks/work.h"

static void *compute(void *arg)
{
    return (void *)(uintptr_t)work_compute((uintptr_t)arg);
}

static void fan_out(uint64_t count)
{
    for (; count > 0; count--) {
        keel_task *tasks[fan_out_tasks];
        uint64_t sum = 0;
        for (uintptr_t i = 0; i < fan_out_tasks; i++)
            tasks[i] = start(compute, (void *)i);
        for (int i = 0; i < fan_out_tasks; i++)
            sum += (uintptr_t)result_of(tasks[i]);
        if (sum != fan_out_sum)
            give_up("the sum of the fan-out is another number");
    }
}

const struct row fan_out_rows[] = {
    {"fan-out", fan_out, 1, 0, false, false},
    {NULL, NULL, 0, 0, false, false},
};
