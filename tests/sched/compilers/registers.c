/*
 * A user's program of which everything is alive across every wait: integers, floating-point
 * numbers, pointers into the frame, arrays whose size is known late. tests/sched/compilers.t
 * compiles it in many ways; which of the values a compiler keeps in registers, and in which, is its
 * own choice each time. Prints "kept" when all were.
 */
#include "keel.h"
#include "runtime.h"

enum { tasks = 12, rounds = 4, depth_most = 6, numbers = 16 };

static keel_chan *chan;
static volatile bool wrong; /* only ever set */

static void note_wrong(void)
{
    wrong = true;
}

static void *echo(void *arg)
{
    keel_yield();
    return arg;
}

/* Waits in one of four ways. */
static void wait_somehow(uint64_t way)
{
    uint64_t element = way;
    void *result = NULL;
    switch (way % 4) {
    case 0:
        keel_yield();
        break;
    case 1:
        keel_sleep(1000);
        break;
    case 2:
        keel_task_await(keel_task_create(echo, &element, NULL), &result);
        if (result != &element)
            note_wrong();
        break;
    default:
        if (keel_chan_send(chan, &element) != 0 || keel_chan_receive(chan, &element) != 1)
            note_wrong();
    }
}

/* A step of a generator: so that no value can be computed again from another. */
static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 16;
}

/* Ten integers, alive in one function across a wait in the middle of a loop. */
static uint64_t integers(uint64_t seed)
{
    uint64_t state = seed;
    uint64_t a = next(&state), b = next(&state), c = next(&state), d = next(&state);
    uint64_t e = next(&state), f = next(&state), g = next(&state), h = next(&state);
    uint64_t i = next(&state), j = next(&state);
    for (unsigned round = 0; round < 4; round++) {
        wait_somehow(seed + round);
        a += b ^ round, b += c, c ^= d, d += e, e ^= f;
        f += g, g ^= h, h += i, i ^= j, j += a;
    }
    return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j;
}

static double floating(uint64_t seed)
{
    uint64_t state = seed;
    double a = (double)next(&state), b = (double)next(&state), c = (double)next(&state);
    float d = (float)(next(&state) & 0xffff);
    long double e = (long double)next(&state);
    for (unsigned round = 0; round < 4; round++) {
        wait_somehow(seed + round);
        a = a / 3 + b, b = b / 5 + c, c = c / 7 + d, d = d / 2 + 1, e = e / 3 + d;
    }
    return a + b + c + d + (double)e;
}

/* The frame's size is known late, so the compiler needs a register for the frame itself. */
static uint64_t arrays(uint64_t seed, unsigned count)
{
    uint64_t state = seed, sum = 0;
    uint64_t values[count];
    for (unsigned i = 0; i < count; i++)
        values[i] = next(&state);
    for (unsigned i = 0; i < count; i += 4) {
        wait_somehow(seed + i / 4);
        sum = sum * 31 + values[i] + values[count - 1 - i];
    }
    return sum;
}

struct large {
    uint64_t words[6];
};

/* A structure by value, in and out. */
static struct large structures(struct large large, uint64_t seed)
{
    for (unsigned i = 0; i < 6; i++) {
        wait_somehow(seed + i);
        large.words[i] ^= seed + large.words[(i + 1) % 6];
    }
    return large;
}

static uint64_t variable(uint64_t seed, ...)
{
    __builtin_va_list list;
    uint64_t sum = 0;
    __builtin_va_start(list, seed);
    for (unsigned i = 0; i < 4; i++) {
        sum = sum * 7 + __builtin_va_arg(list, uint64_t);
        wait_somehow(seed + i);
        sum = sum * 7 + (uint64_t) __builtin_va_arg(list, double);
    }
    __builtin_va_end(list);
    return sum;
}

static uint64_t all(uint64_t seed)
{
    struct large large = {{seed, 1, 2, 3, 4, 5}};
    double number = floating(seed);
    uint64_t sum = integers(seed) * 3 + arrays(seed, numbers + (unsigned)(seed % 5) * 4);
    large = structures(large, seed);
    sum += variable(seed, seed, 1.0, seed + 1, 2.0, seed + 2, 3.0, seed + 3, 4.0);
    for (unsigned i = 0; i < 6; i++)
        sum = sum * 5 + large.words[i];
    return sum + (number > 0 ? (uint64_t)number : 0);
}

/* At every depth something is alive that only the frames above it know. */
static uint64_t deep(uint64_t seed, unsigned depth)
{
    uint64_t before = all(seed + depth);
    uint64_t below = depth == 0 ? 0 : deep(seed * 3, depth - 1);
    wait_somehow(seed + depth);
    return before * 17 + below;
}

/* The same seeds give the same numbers, whoever runs between: a task's rounds are all alike. */
static void *torture(void *arg)
{
    uint64_t seed = (uint64_t)(uintptr_t)arg;
    uint64_t first = deep(seed, depth_most);
    for (unsigned round = 0; round < rounds; round++) {
        if (deep(seed, depth_most) != first)
            note_wrong();
    }
    return (void *)(uintptr_t)first;
}

int main(void)
{
    static keel_task *handles[tasks];
    uint64_t sums[2] = {0, 0};
    chan = keel_chan_create(tasks, sizeof(uint64_t));
    /* Two of each seed, which take turns differently and must get the same numbers. */
    for (uintptr_t i = 0; i < tasks; i++)
        handles[i] = keel_task_create(torture, (void *)(i % (tasks / 2) + 1), NULL);
    for (uintptr_t i = 0; i < tasks; i++) {
        void *result;
        keel_task_await(handles[i], &result);
        sums[i / (tasks / 2)] = sums[i / (tasks / 2)] * 3 + (uint64_t)(uintptr_t)result;
    }
    bool kept = !wrong && sums[0] == sums[1] && sums[0] != 0;
    cs_print_str(kept ? (cs_string_t){"kept\n", 5} : (cs_string_t){"lost\n", 5});
    return kept ? 0 : 1;
}
