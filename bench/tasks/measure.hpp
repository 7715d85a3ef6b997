// How the peers in C++ are measured and checked, the same way as bench/tasks/keel/bench.c does it.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct row {
    const char *name;
    void (*run)(uint64_t count);
    uint64_t first;         // operations of the first run; each further run has twice as many
    uint64_t fixed = 0;     // not 0: this many, run twice, the second time counts
    bool once = false;      // run once only, and prints its figures itself
    bool is_shared = false; // an operation's time is that of one worker
};

inline void give_up(const char *reason)
{
    std::fprintf(stderr, "bench: %s\n", reason);
    std::exit(2);
}

inline double nanoseconds_of(const row &row, uint64_t count)
{
    auto before = std::chrono::steady_clock::now();
    row.run(count);
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - before).count();
}

inline void measure(const row &row, unsigned workers)
{
    const double long_enough = 100e6;
    uint64_t count = row.fixed != 0 ? row.fixed : row.first;
    double took = nanoseconds_of(row, count);
    if (row.once)
        return;
    if (row.fixed != 0)
        took = nanoseconds_of(row, count);
    while (row.fixed == 0 && took < long_enough) {
        count *= 2;
        took = nanoseconds_of(row, count);
    }
    std::printf("time %.3f\n", took / static_cast<double>(count) * (row.is_shared ? workers : 1));
}

// Calls run(row, workers), in which a peer sets up what it needs, for the row that the arguments name.
template <size_t Count, typename Run>
int choose(int argc, char **argv, const row (&rows)[Count], Run run)
{
    for (const row &row : rows) {
        if (argc == 2 && std::strcmp(argv[1], "rows") == 0) {
            std::printf("%s\n", row.name);
        } else if (argc == 3 && std::strcmp(argv[1], row.name) == 0) {
            run(row, static_cast<unsigned>(std::atoi(argv[2])));
            return 0;
        }
    }
    return argc == 2 ? 0 : 2;
}
