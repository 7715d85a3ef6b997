/* Stacks: what a task may use, what survives a park, and how few of them are needed. */
#include "mem/stack.h"

#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { promised = 128 * 1024 };

static uint8_t pattern(uintptr_t seed, size_t i)
{
    return (uint8_t)(seed * 131 + i / 64);
}

/* Fills all that a task is promised, lets others do so too, and finds it as it was. */
static __attribute__((noinline)) void *use_all_of_it(void *arg)
{
    enum { own_frames = 1024 };
    volatile uint8_t block[promised - own_frames];
    uintptr_t seed = (uintptr_t)arg;
    for (size_t i = 0; i < sizeof block; i += 64)
        block[i] = pattern(seed, i);
    for (int i = 0; i < 3; i++)
        keel_yield();
    uintptr_t wrong = 0;
    for (size_t i = 0; i < sizeof block; i += 64)
        wrong += block[i] != pattern(seed, i);
    return (void *)wrong;
}

static void size(void)
{
    enum { count = 100 };
    keel_task *tasks[count];
    for (uintptr_t i = 0; i < count; i++)
        tasks[i] = keel_task_create(use_all_of_it, (void *)i, NULL);
    uintptr_t wrong = 0;
    for (uintptr_t i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        wrong += (uintptr_t)result;
    }
    check_equal(wrong, 0,
                "100 tasks at once use 128 KiB of stack each, and find it as they left it");
}

static uintptr_t step(uintptr_t value)
{
    return value * 6364136223846793005u + 1442695040888963407u;
}

/* Volatile, so that the compiler cannot know a value again and must keep it. */
static uintptr_t (*volatile next)(uintptr_t) = step;
static volatile uintptr_t one = 1;
static volatile double half = 0.5;

/* More values than there are registers that a call keeps; all live across the parks. */
static void *keep_values(void *arg)
{
    uintptr_t a = next((uintptr_t)arg), b = next(a), c = next(b), d = next(c), e = next(d);
    uintptr_t f = next(e), g = next(f), h = next(g);
    double x = (double)(uintptr_t)arg * half;
    for (int i = 0; i < 50; i++) {
        if (i % 16 == 0)
            keel_sleep(MILLISECOND / 20);
        else
            keel_yield();
        a += one, b += one, c += one, d += one, e += one, f += one, g += one, h += one;
        x += half;
    }
    uintptr_t sums[8];
    uintptr_t value = (uintptr_t)arg;
    for (int i = 0; i < 8; i++)
        sums[i] = (value = next(value)) + 50;
    bool whole = a == sums[0] && b == sums[1] && c == sums[2] && d == sums[3] && e == sums[4] &&
                 f == sums[5] && g == sums[6] && h == sums[7];
    return (void *)(uintptr_t)(whole && x == ((double)(uintptr_t)arg + 50) * 0.5);
}

static void values(void)
{
    enum { count = 200 };
    keel_task *tasks[count];
    for (uintptr_t i = 0; i < count; i++)
        tasks[i] = keel_task_create(keep_values, (void *)i, NULL);
    uintptr_t whole = 0;
    for (uintptr_t i = 0; i < count; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        whole += (uintptr_t)result;
    }
    check_equal(whole, count, "local values survive parks");
}

static void *tell_stack_alignment(void *arg)
{
    (void)arg;
    /* The compiler relies on the ABI's 16 bytes to align this. */
    _Alignas(16) volatile char aligned[16];
    aligned[0] = 0;
    volatile char *volatile place = aligned; /* of which the compiler knows nothing */
    return (void *)((uintptr_t)place % 16);
}

static void alignment(void)
{
    void *result = NULL;
    keel_task_await(keel_task_create(tell_stack_alignment, NULL, NULL), &result);
    check_equal((uintptr_t)result, 0, "a task begins with an aligned stack");
}

static uint32_t ended;

static void end_at_once(void *arg)
{
    (void)arg;
    arrive(&ended);
}

/* The most that workers keep for themselves, and the shared pool beside. */
enum { kept_by_worker = 24, kept_by_all = 300 };

static void few_for_many(void)
{
    enum { count = 100000 };
    size_t most = 0;
    for (uint32_t i = 0; i < count; i++) {
        keel_spawn(end_at_once, NULL);
        if (i % 256 == 0) {
            keel_yield();
            size_t now = mem_stack_count();
            most = now > most ? now : most;
        }
    }
    check(yield_until(&ended, count), "100,000 tasks that never park end");
    tap_note("stacks", (int64_t)most);
    check(most <= kept_by_worker * keel_worker_count(), "with a handful of stacks");
}

static uint32_t parked, gate;

static void *park_at_gate(void *arg)
{
    arrive(&parked);
    yield_until(&gate, 1);
    return arg;
}

static void given_back(void)
{
    enum { count = 2000, rounds = 3 };
    static keel_task *tasks[count];
    size_t most = 0;
    for (int round = 0; round < rounds; round++) {
        parked = 0;
        gate = 0;
        for (size_t i = 0; i < count; i++)
            tasks[i] = keel_task_create(park_at_gate, NULL, NULL);
        yield_until(&parked, count);
        size_t now = mem_stack_count();
        most = now > most ? now : most;
        arrive(&gate);
        for (size_t i = 0; i < count; i++)
            keel_task_await(tasks[i], NULL);
    }
    tap_note("stacks while 2,000 tasks wait", (int64_t)most);
    check(most >= count - keel_worker_count(), "each of 2,000 waiting tasks has a stack");
    check(most <= count + kept_by_all + kept_by_worker * keel_worker_count(),
          "and no more are mapped");
    size_t left = mem_stack_count();
    tap_note("stacks afterwards", (int64_t)left);
    check(left <= kept_by_all + kept_by_worker * keel_worker_count(), "most go back when they end");
}

int main(void)
{
    few_for_many(); /* first: the count is not yet raised by others */
    size();
    values();
    alignment();
    given_back();
    return tap_done();
}
