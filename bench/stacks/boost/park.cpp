// The peer of bench/stacks/keel on Boost.Fiber: fibers of one thread that wait on one channel. Kinds:
// "default", on the stacks that a fiber gets when nothing is said (fixedsize_stack, no guards), and "guarded", on
// protected_fixedsize_stack. When no further stack can be had it prints "reached COUNT" and how it learnt of it.
#include <boost/fiber/all.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

using boost::fibers::fiber;
using micros = std::chrono::duration<double, std::micro>;

static long parked, ended;

// Boost asserts that a guard could be made: that aborts.
static void say_reached(int)
{
    std::printf("reached %ld\n", parked);
    std::fflush(stdout);
    std::_Exit(2);
}

static double micros_since(std::chrono::steady_clock::time_point before)
{
    return micros(std::chrono::steady_clock::now() - before).count();
}

static void wait_for_line()
{
    for (int byte = 0; byte != '\n';) {
        byte = std::getchar();
        if (byte == EOF)
            std::exit(0);
    }
}

template <typename Stack> static void park(long count)
{
    boost::fibers::unbuffered_channel<int> gate;
    boost::fibers::promise<void> all_parked, all_ended;
    std::puts("ready");
    std::fflush(stdout);
    wait_for_line();

    auto before = std::chrono::steady_clock::now();
    for (long i = 0; i < count; i++) {
        fiber(boost::fibers::launch::post, std::allocator_arg, Stack(), [&, count] {
            if (++parked == count)
                all_parked.set_value();
            int element;
            gate.pop(element);
            if (++ended == count)
                all_ended.set_value();
        }).detach();
        // Else the fibers would be made before the first of them runs, and the count at the end would be 0.
        if (i % 64 == 0)
            boost::this_fiber::yield();
    }
    all_parked.get_future().wait();
    std::printf("parked %.0f\n", micros_since(before));
    std::fflush(stdout);
    wait_for_line();

    before = std::chrono::steady_clock::now();
    gate.close();
    all_ended.get_future().wait();
    std::printf("released %.0f\n", micros_since(before));
    std::fflush(stdout);
    std::_Exit(0);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        std::puts("default\nguarded");
        return 0;
    }
    std::signal(SIGABRT, say_reached);
    try {
        if (std::strcmp(argv[1], "guarded") == 0)
            park<boost::fibers::protected_fixedsize_stack>(std::atol(argv[2]));
        park<boost::fibers::fixedsize_stack>(std::atol(argv[2]));
    } catch (const std::exception &problem) {
        std::fprintf(stderr, "%s\n", problem.what());
        say_reached(0);
    }
}
