/*
 * Work stealing: uneven trees of spawns over a range of numbers. Each number is counted exactly
 * once, however often its task was stolen; with more than one worker, something is stolen.
 *
 * A tree splits its range at random into children, some of one number, some of nearly all of them,
 * so that the deques stay short and owner and thieves meet at the last task.
 */
#include "sched/sched.h"
#include "tests/stress/stress.h"

enum { numbers = 3000, children_most = 6, trees = 3, seconds_most = 5 };

static uint8_t visited[numbers]; /* atomic */
static uint64_t leaves;          /* atomic: numbers counted by tasks that nobody awaits */
static uint64_t tasks_made;      /* atomic */

struct range {
    struct stress_random random;
    uint32_t first, end;
    struct range *next; /* a detached child's memory is freed by itself */
};

static void count_leaf(struct range *range)
{
    stress_spin(&range->random);
    /* RELAXED: each by itself; read after the tasks have ended. */
    if (atomic_exchange(&visited[range->first], 1, RELAXED) != 0)
        stress_fail("a number counted twice", range->first, 0);
}

/* Where the child that begins at `first` ends: often at once, sometimes only at the range's end. */
static uint32_t end_of_child(struct range *range, uint32_t first)
{
    uint32_t left = range->end - first;
    /* The whole range in one child would be the same again. */
    uint32_t most = first == range->first ? left - 1 : left;
    return stress_below(&range->random, 2) == 0
               ? first + 1
               : first + 1 + (uint32_t)stress_below(&range->random, most);
}

static void *count_awaited(void *arg);
static void count_detached(void *arg);

/* Counts all of the range's numbers in tasks; returns how many. */
static uint64_t split(struct range *range)
{
    struct range parts[children_most];
    keel_task *tasks[children_most];
    unsigned count = 0;
    uint32_t first = range->first;
    while (first < range->end && count < children_most) {
        uint32_t end = count + 1 == children_most ? range->end : end_of_child(range, first);
        if (first == range->first && end == range->end)
            end--;
        parts[count] = (struct range){{stress_next(&range->random)}, first, end, NULL};
        tasks[count] = stress_create(count_awaited, &parts[count]);
        count++;
        first = end;
    }
    atomic_fetch_add(&tasks_made, count, RELAXED); /* RELAXED: a number to print */
    uint64_t sum = 0;
    while (count > 0)
        sum += (uintptr_t)stress_await(tasks[--count]);
    return sum;
}

static void *count_awaited(void *arg)
{
    struct range *range = arg;
    if (range->end - range->first > 1)
        return (void *)split(range);
    count_leaf(range);
    return (void *)1;
}

/* ---- the same without awaits: halves that are uneven, each task frees its range */

static void spawn_part(struct range *range, uint32_t first, uint32_t end)
{
    struct range *part = keel_alloc(sizeof *part);
    if (part == NULL)
        stress_fail("no memory for a range", 0, 1);
    *part = (struct range){{stress_next(&range->random)}, first, end, NULL};
    stress_equal((uint64_t)keel_spawn(count_detached, part), 0, "status of a spawn");
}

static void count_detached(void *arg)
{
    struct range *range = arg;
    atomic_fetch_add(&tasks_made, 1u, RELAXED); /* RELAXED: a number to print */
    if (range->end - range->first == 1) {
        count_leaf(range);
        keel_free(range);
        /* RELEASE: with the ACQUIRE in wait_for_leaves. */
        atomic_fetch_add(&leaves, 1u, RELEASE);
        return;
    }
    uint32_t middle =
        range->first + 1 + (uint32_t)stress_below(&range->random, range->end - range->first - 1);
    spawn_part(range, middle, range->end);
    spawn_part(range, range->first, middle);
    keel_free(range);
}

static void wait_for_leaves(void)
{
    /* ACQUIRE: with the RELEASE in count_detached. */
    while (atomic_load(&leaves, ACQUIRE) < numbers)
        keel_yield();
}

/* ---- */

static void check_visits(void)
{
    for (unsigned i = 0; i < numbers; i++) {
        if (visited[i] != 1)
            stress_fail("a number that nobody counted", i, 0);
        visited[i] = 0;
    }
}

static void count_all(struct stress_random *random)
{
    struct range root = {{stress_next(random)}, 0, numbers, NULL};
    stress_equal((uintptr_t)stress_await(stress_create(count_awaited, &root)), numbers,
                 "numbers counted by awaited tasks");
    check_visits();
    leaves = 0;
    struct range other = {{stress_next(random)}, 0, numbers, NULL};
    spawn_part(&other, 0, numbers);
    wait_for_leaves();
    stress_equal(leaves, numbers, "numbers counted by detached tasks");
    check_visits();
}

static uint64_t steals(void)
{
    uint64_t sum = 0;
    /* ACQUIRE: with the RELEASE in worker_begin. */
    uint32_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        sum += atomic_load(&sched.workers[i]->counts.steals, RELAXED); /* RELAXED: a number */
    return sum;
}

int main(int argc, char **argv)
{
    stress_begin("stealing", argc, argv);
    struct stress_random random = stress_sequence(0);
    for (unsigned i = 0; i < trees; i++)
        count_all(&random);
    /* RELAXED: 1 when no second worker ever came. (One that retired may have stolen.) */
    if (atomic_load(&sched.worker_count, RELAXED) == 1) {
        stress_equal(steals(), 0, "steals on one worker");
    } else if (keel_worker_count() > 1) {
        /* A second worker's thread may be late to get a CPU: it is given time. */
        int64_t end = keel_now() + (int64_t)seconds_most * 1000 * stress_millisecond;
        while (steals() == 0 && keel_now() < end)
            count_all(&random);
        if (steals() == 0)
            stress_fail("steals", 0, 1);
    }
    return stress_done(tasks_made, "tasks");
}
