/* Tasks of a test that are to be shelved while they wait (sched/shelve.h). */
#ifndef KEEL_TESTS_SHELVED_H
#define KEEL_TESTS_SHELVED_H

#include "sched/shelve.h"
#include "tests/sched/meeting.h"

static const keel_task_options shelved_options = {.flags = KEEL_TASK_SHELVED};

static inline keel_task *create_shelved(void *(*fn)(void *), void *arg)
{
    return keel_task_create(fn, arg, &shelved_options);
}

static inline bool is_shelved(const keel_task *task)
{
    /* ACQUIRE: with the RELEASE of who spawned it, for the shelf; and with the sweep's. */
    const struct sched_shelf *shelf = atomic_load(&task->shelf, ACQUIRE);
    return shelf != NULL && atomic_load(&shelf->state, ACQUIRE) == SHELF_AWAY;
}

/* Sleeps, so that a worker finds nothing to do, until the tasks are shelved. */
static inline bool until_shelved(keel_task *const *tasks, unsigned count)
{
    int64_t end = keel_now() + meeting_patience;
    for (unsigned i = 0; i < count;) {
        if (is_shelved(tasks[i])) {
            i++;
            continue;
        }
        if (keel_now() > end)
            return false;
        keel_sleep(MILLISECOND);
    }
    return true;
}

/*
 * What a task leaves on its stack: more than a page, so that something of it can go where stacks
 * are no slots; with pointers into itself.
 */
enum { pattern_words = 1500 };

struct pattern {
    _Alignas(64) uint64_t words[pattern_words];
    struct pattern *self;
    double fraction;
};

static inline void pattern_fill(volatile struct pattern *pattern, uint64_t seed)
{
    for (unsigned i = 0; i < pattern_words; i++)
        pattern->words[i] = seed * 1000003 + i;
    pattern->self = (struct pattern *)(uintptr_t)pattern;
    pattern->fraction = (double)seed / 3;
}

static inline bool pattern_is_whole(const volatile struct pattern *pattern, uint64_t seed)
{
    bool whole = pattern->self == pattern && pattern->fraction == (double)seed / 3 &&
                 (uintptr_t)pattern % 64 == 0;
    for (unsigned i = 0; i < pattern_words; i++)
        whole = whole && pattern->words[i] == seed * 1000003 + i;
    return whole;
}

#endif
