// What the peers in C++ share of the rows that compute and loop: each row but how its work is handed out.
#pragma once
#include "measure.hpp"
#include "work.h"

static unsigned char marks[loop_length];

// pass(mark) calls work_loop for all numbers.
template <typename Pass> void repeat_loop(uint64_t count, Pass pass)
{
    static unsigned char mark;
    for (; count > 0; count -= loop_length) {
        mark = static_cast<unsigned char>(mark % 255 + 1);
        pass(mark);
    }
    if (!work_loop_is_right(marks, mark))
        give_up("a part of the loop is missing");
}

static float left_side[saxpy_length], right_side[saxpy_length];

// pass() calls work_saxpy for all elements.
template <typename Pass> void repeat_saxpy(uint64_t count, Pass pass)
{
    static uint64_t passes;
    if (passes == 0)
        work_saxpy_begin(left_side, right_side);
    for (; count > 0; count -= saxpy_length) {
        passes++;
        pass();
    }
    if (!work_saxpy_is_right(left_side, right_side, passes))
        give_up("a part of saxpy is missing");
}

// fib(32) is another number each time that it is asked for, as far as the compiler can see.
template <typename Fib> void repeat_fib(uint64_t count, Fib fib)
{
    for (; count > 0; count -= fork_fib_calls) {
        volatile uint64_t n = fork_fib_of;
        if (fib(n) != fork_fib_value)
            give_up("fib(32) is another number");
    }
}

// pass(results) computes all of them.
template <typename Pass> void repeat_fan_out(uint64_t count, Pass pass)
{
    for (; count > 0; count--) {
        uint64_t results[fan_out_tasks], sum = 0;
        pass(results);
        for (uint64_t result : results)
            sum += result;
        if (sum != fan_out_sum)
            give_up("the sum of the fan-out is another number");
    }
}
