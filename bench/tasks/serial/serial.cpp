// What one thread takes without any runtime: the floor of fork and join, of loops and of the fan-out.
#include "../measure.hpp"
#include "../work.h"

[[gnu::noinline]] static uint64_t fib(uint64_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void fork_fib(uint64_t count)
{
    for (; count > 0; count -= fork_fib_calls) {
        volatile uint64_t n = fork_fib_of;
        if (fib(n) != fork_fib_value)
            give_up("fib(32) is another number");
    }
}

static unsigned char marks[loop_length];
static unsigned char mark;

static void loops(uint64_t count)
{
    for (; count > 0; count -= loop_length) {
        mark = static_cast<unsigned char>(mark % 255 + 1);
        work_loop(0, loop_length, marks, mark);
    }
    if (!work_loop_is_right(marks, mark))
        give_up("a part of the loop is missing");
}

static float left_side[saxpy_length], right_side[saxpy_length];

static void saxpy(uint64_t count)
{
    static uint64_t passes;
    if (passes == 0)
        work_saxpy_begin(left_side, right_side);
    for (; count > 0; count -= saxpy_length) {
        passes++;
        work_saxpy(0, saxpy_length, left_side, right_side);
    }
    if (!work_saxpy_is_right(left_side, right_side, passes))
        give_up("a part of saxpy is missing");
}

static void fan_out(uint64_t count)
{
    for (; count > 0; count--) {
        uint64_t sum = 0;
        for (uint64_t i = 0; i < fan_out_tasks; i++)
            sum += work_compute(i);
        if (sum != fan_out_sum)
            give_up("the sum of the fan-out is another number");
    }
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
