// What the rows of Boost.Fiber share.
#pragma once
#include "../repeat.hpp"
#include <boost/fiber/all.hpp>
#include <vector>

using boost::fibers::fiber;

extern unsigned workers;

// On one worker stacks come from a pool, which is much faster, but may not be used by two threads.
template <typename Function> fiber start(Function function)
{
    using pool = boost::fibers::pooled_fixedsize_stack;
    static pool stacks(pool::traits_type::default_size(), 32, 1024);
    if (workers == 1)
        return fiber(boost::fibers::launch::post, std::allocator_arg, stacks, function);
    return fiber(boost::fibers::launch::post, std::allocator_arg, boost::fibers::fixedsize_stack(),
                 function);
}

void yields(uint64_t count);
void spawn_and_await(uint64_t count);
void spawn_and_await_all(uint64_t count);
void fib_by_fibers(uint64_t count);
void ping_pong(uint64_t count);
void buffered(uint64_t count);
void thread_ring(uint64_t count);
void sleep_all(uint64_t count);
void fan_out(uint64_t count);
