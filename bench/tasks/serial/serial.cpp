// What one thread takes without any runtime: the floor of fork and join, of loops and of the fan-out.
#include "../repeat.hpp"

[[gnu::noinline]] static uint64_t fib(uint64_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void fork_fib(uint64_t count)
{
    repeat_fib(count, fib);
}

static void loops(uint64_t count)
{
    repeat_loop(count, [](unsigned char mark) { work_loop(0, loop_length, marks, mark); });
}

static void saxpy(uint64_t count)
{
    repeat_saxpy(count, [] { work_saxpy(0, saxpy_length, left_side, right_side); });
}

static void fan_out(uint64_t count)
{
    repeat_fan_out(count, [](uint64_t *results) {
        for (uint64_t i = 0; i < fan_out_tasks; i++)
            results[i] = work_compute(i);
    });
}

static const row rows[] = {
    {"fork-fib", fork_fib, fork_fib_calls}, {"loop-1", loops, loop_length},
    {"loop-32", loops, loop_length},        {"loop-1024", loops, loop_length},
    {"saxpy", saxpy, saxpy_length},         {"fan-out", fan_out, 1},
};

int main(int argc, char **argv)
{
    return choose(argc, argv, rows, measure);
}
