/*
 * Overflows main's stack by recursion through more functions than a walk keeps the table entries
 * of, in a program of so many functions that to read its unwind table takes a while.
 */
#include "keel/task.h"
#include "tests/sched/ways.h"

/* Functions of which nothing is wanted but their 10,000 entries in the table, before all others. */
#define ONE(name)                                                                                  \
    __attribute__((used)) static void name(void)                                                   \
    {                                                                                              \
    }
#define TEN(n)                                                                                     \
    ONE(n##0)                                                                                      \
    ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)
#define HUNDRED(n)                                                                                 \
    TEN(n##0)                                                                                      \
    TEN(n##1) TEN(n##2) TEN(n##3) TEN(n##4) TEN(n##5) TEN(n##6) TEN(n##7) TEN(n##8) TEN(n##9)
#define THOUSAND(n)                                                                                \
    HUNDRED(n##0)                                                                                  \
    HUNDRED(n##1)                                                                                  \
    HUNDRED(n##2)                                                                                  \
    HUNDRED(n##3)                                                                                  \
    HUNDRED(n##4) HUNDRED(n##5) HUNDRED(n##6) HUNDRED(n##7) HUNDRED(n##8) HUNDRED(n##9)
#define TEN_THOUSAND(n)                                                                            \
    THOUSAND(n##0)                                                                                 \
    THOUSAND(n##1)                                                                                 \
    THOUSAND(n##2)                                                                                 \
    THOUSAND(n##3)                                                                                 \
    THOUSAND(n##4) THOUSAND(n##5) THOUSAND(n##6) THOUSAND(n##7) THOUSAND(n##8) THOUSAND(n##9)
TEN_THOUSAND(unused)

static int round_again(int depth);

/* Volatile, and apart by a constant, so that each is a function and a frame of its own. */
#define STATION(name, next, number)                                                                \
    static __attribute__((noinline)) int name(int depth)                                           \
    {                                                                                              \
        volatile int here = depth + (number);                                                      \
        return next(depth + 1) + here;                                                             \
    }

STATION(eighth, round_again, 8)
STATION(seventh, eighth, 7)
STATION(sixth, seventh, 6)
STATION(fifth, sixth, 5)
STATION(fourth, fifth, 4)
STATION(third, fourth, 3)
STATION(second, third, 2)
STATION(first, second, 1)

static __attribute__((noinline)) int round_again(int depth)
{
    volatile int here = depth;
    return first(depth + 1) + here;
}

static int in_main(void)
{
    keel_yield();
    return round_again(0);
}

static const struct way ways[] = {
    {"many-functions", in_main},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
