/*
 * What all stress programs share: a seed, random numbers, and one line at the end.
 *
 * A program takes its seed from its first argument, else from the clock, and names it when an
 * invariant fails. The seed fixes what each task does; what the workers make of it is chance.
 * Loads change neither rule: nothing here asserts a time, and no task spins for another unless
 * there is a worker for each of them.
 */
#ifndef KEEL_TESTS_STRESS_H
#define KEEL_TESTS_STRESS_H

#include "base/atomic.h"
#include "base/line.h"
#include "base/process.h"
#include "keel.h"

enum { stress_microsecond = 1000, stress_millisecond = 1000 * 1000 };

static const char *stress_name;
static int stress_descriptor = 1; /* where the one line goes */
static uint64_t stress_seed;

/* A sequence of random numbers; each task has its own, so that no task disturbs another's. */
struct stress_random {
    uint64_t state;
};

/* splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). */
static inline uint64_t stress_next(struct stress_random *random)
{
    uint64_t value = random->state += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

/* A number from 0 to limit - 1. */
static inline uint64_t stress_below(struct stress_random *random, uint64_t limit)
{
    return stress_next(random) % limit;
}

/* The sequence of the task with this number. */
static inline struct stress_random stress_sequence(uint64_t number)
{
    struct stress_random random = {stress_seed ^ (number + 1) * 0xd1342543de82ef95u};
    (void)stress_next(&random);
    return random;
}

static inline void stress_begin(const char *name, int argc, char **argv)
{
    stress_name = name;
    if (argc < 2) {
        stress_seed = (uint64_t)keel_now();
        return;
    }
    for (const char *digit = argv[1]; *digit >= '0' && *digit <= '9'; digit++)
        stress_seed = stress_seed * 10 + (uint64_t)(*digit - '0');
}

static inline void stress_line_begin(struct line *line)
{
    line_begin(line);
    line_text(line, stress_name);
    line_text(line, ": ");
}

/* Ends the process: an invariant does not hold. From any task. */
static _Noreturn void stress_fail(const char *reason, int64_t got, int64_t wanted)
{
    struct line line;
    stress_line_begin(&line);
    line_text(&line, "failed: ");
    line_text(&line, reason);
    line_text(&line, ": got ");
    line_signed(&line, got);
    line_text(&line, ", wanted ");
    line_signed(&line, wanted);
    line_text(&line, " (seed ");
    line_number(&line, stress_seed);
    line_text(&line, ")");
    line_write(&line, stress_descriptor);
    process_end(1);
}

static inline void stress_equal(uint64_t got, uint64_t wanted, const char *reason)
{
    if (unlikely(got != wanted))
        stress_fail(reason, (int64_t)got, (int64_t)wanted);
}

/* What main returns at the end. */
static inline int stress_done(uint64_t count, const char *of_what)
{
    struct line line;
    stress_line_begin(&line);
    line_number(&line, count);
    line_text(&line, " ");
    line_text(&line, of_what);
    line_write(&line, stress_descriptor);
    return 0;
}

/* Keeps the worker busy: no longer than the time in which a neighbour can do one step of a
 * protocol. */
static inline void stress_spin(struct stress_random *random)
{
    for (uint64_t i = stress_below(random, 400); i > 0; i--)
        arch_pause();
}

/* What a task does between two steps: mostly nothing, else it spins, yields or sleeps. */
static inline void stress_pause(struct stress_random *random)
{
    switch (stress_below(random, 16)) {
    case 0:
    case 1:
    case 2:
        stress_spin(random);
        break;
    case 3:
    case 4:
        keel_yield();
        break;
    case 5:
        keel_sleep((int64_t)stress_below(random, 200 * stress_microsecond));
        break;
    default:
        break;
    }
}

static inline keel_task *stress_create(void *(*fn)(void *), void *arg)
{
    keel_task *task = keel_task_create(fn, arg, NULL);
    if (task == NULL)
        stress_fail("no memory for a task", 0, 1);
    return task;
}

/* Awaits a task and returns its result. */
static inline void *stress_await(keel_task *task)
{
    void *result = NULL;
    stress_equal((uint64_t)keel_task_await(task, &result), 0, "await's status");
    return result;
}

static inline keel_chan *stress_chan(size_t capacity, size_t element_size)
{
    keel_chan *chan = keel_chan_create(capacity, element_size);
    if (chan == NULL)
        stress_fail("no memory for a channel", 0, 1);
    return chan;
}

#endif
