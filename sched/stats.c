/*
 * keel_sched_stats_read. Counts are words that their workers add to; they are read as they are.
 *
 * Times. A worker notes when it begins to run tasks, to search, to sleep (sched_hook_activity,
 * which this object defines; in programs without it the notes are empty calls). What it does now is
 * not in `spent` yet: the reader adds the time since. For that it must see a note as a whole, and
 * know that it still held when the reader looked at the clock; so a note is written between two
 * changes of `sequence` (Boehm, "Can seqlocks get along with programming language memory models?",
 * MSPC 2012): the reader looks again when the number was odd, or differs afterwards. Notes are
 * rare, so it seldom does.
 */
#include "base/clock.h"
#include "base/deep.h"
#include "base/memory.h"
#include "sched/sched.h"
#include "sched/watchdog.h"

void sched_hook_activity(struct sched_worker *worker, enum sched_activity activity)
{
    struct sched_times *times = &worker->times;
    uint32_t before = times->activity;
    if (before == activity && times->since != 0)
        return;
    int64_t now = clock_now();
    uint32_t sequence = times->sequence;
    atomic_store(&times->sequence, sequence + 1, RELAXED); /* RELAXED: the fence orders it */
    atomic_fence(RELEASE); /* RELEASE: with the fence ACQUIRE in read_times */
    if (times->since != 0)
        /* RELAXED, as the next two: between the two changes of `sequence`. */
        atomic_store(&times->spent[before], times->spent[before] + now - times->since, RELAXED);
    atomic_store(&times->since, now, RELAXED);
    atomic_store(&times->activity, activity, RELAXED);
    /* RELEASE: with the ACQUIRE in read_times. */
    atomic_store(&times->sequence, sequence + 2, RELEASE);
}

static void read_times(struct sched_times *times, int64_t *spent)
{
    for (;;) {
        /* ACQUIRE: with the RELEASE in sched_hook_activity. */
        uint32_t sequence = atomic_load(&times->sequence, ACQUIRE);
        /* RELAXED: the fence orders them before the second look. */
        uint32_t activity = atomic_load(&times->activity, RELAXED);
        int64_t since = atomic_load(&times->since, RELAXED);
        for (unsigned i = 0; i < SCHED_ACTIVITIES; i++)
            spent[i] = atomic_load(&times->spent[i], RELAXED);
        /* Not after the second look: the worker may do something else then. */
        int64_t now = clock_now();
        atomic_fence(ACQUIRE); /* ACQUIRE: with the fence RELEASE in sched_hook_activity */
        if (sequence % 2 != 0 || atomic_load(&times->sequence, RELAXED) != sequence) {
            arch_pause();
            continue;
        }
        if (activity < SCHED_ACTIVITIES)
            spent[activity] += now - since;
        return;
    }
}

static uint64_t number(const uint64_t *count)
{
    return atomic_load(count, RELAXED); /* RELAXED: a number by itself */
}

static uint64_t length(int64_t hint)
{
    return hint < 0 ? 0 : (uint64_t)hint;
}

static keel_worker_stats read_worker(struct sched_worker *worker)
{
    struct sched_counts *counts = &worker->counts;
    int64_t spent[SCHED_ACTIVITIES];
    read_times(&worker->times, spent);
    /* RELAXED: a hint, as the lengths are. */
    uint64_t next = atomic_load(&worker->next, RELAXED) != NULL;
    return (keel_worker_stats){
        .spawned = number(&counts->spawned),
        .ended = number(&counts->ended),
        .parks = number(&counts->parks[0]),
        .yields = number(&counts->parks[1]),
        .wakes = number(&counts->wakes),
        .steals = number(&counts->steals),
        .sleeps = number(&counts->sleeps),
        .queued_fresh = length(deque_length(&worker->fresh)),
        .queued_ready = length(ring_length(&worker->ready)) + next,
        .running = (uint64_t)spent[SCHED_ACTIVITY_RUNNING],
        .searching = (uint64_t)spent[SCHED_ACTIVITY_SEARCHING],
        .idle = (uint64_t)spent[SCHED_ACTIVITY_IDLE],
        .held_long = number(&counts->held_long),
    };
}

/* All fields are numbers of one kind. */
enum { fields = sizeof(keel_worker_stats) / sizeof(uint64_t) };

static void add(keel_worker_stats *total, const keel_worker_stats *worker)
{
    uint64_t sums[fields], numbers[fields];
    memcpy(sums, total, sizeof sums);
    memcpy(numbers, worker, sizeof numbers);
    for (unsigned i = 0; i < fields; i++)
        sums[i] += numbers[i];
    memcpy(total, sums, sizeof sums);
}

/* As much of a worker's numbers as the caller knows, and 0 for what it knows beyond them. */
static void give(void *to, size_t size, const keel_worker_stats *from)
{
    size_t known = size < sizeof *from ? size : sizeof *from;
    memset(to, 0, size);
    memcpy(to, from, known);
}

/* What threads have counted that are no workers (foreign.c). */
static void add_foreign(keel_worker_stats *total)
{
    struct sched_counts counts = {0};
    /* RELAXED: as in ready_foreign (run.c). */
    const struct foreign_hooks *foreign = atomic_load(&sched.foreign, RELAXED);
    if (foreign == NULL)
        return;
    foreign->add_counts(&counts);
    total->spawned += counts.spawned;
    total->parks += counts.parks[0];
    total->wakes += counts.wakes;
}

static void read_all(void *data)
{
    keel_sched_stats *out = data;
    if (out->size < offsetof(keel_sched_stats, total))
        return;
    (void)*(const volatile char *)&keel_watchdog; /* who reads its counts has it */
    /* What the caller knows of a worker is as long as what it knows of all. */
    size_t stride = out->size - offsetof(keel_sched_stats, total);
    size_t room = out->workers == NULL ? 0 : out->worker_room;
    keel_worker_stats total = {0};
    /* ACQUIRE: with the RELEASE in worker_begin (worker.c). */
    size_t count = atomic_load(&sched.worker_count, ACQUIRE);
    for (size_t i = 0; i < count; i++) {
        keel_worker_stats worker = read_worker(sched.workers[i]);
        add(&total, &worker);
        if (i < room)
            give((unsigned char *)out->workers + i * stride, stride, &worker);
    }
    add_foreign(&total);
    out->worker_count = count;
    /* RELAXED: hints. */
    out->queued_shared =
        atomic_load(&sched.global.length, RELAXED) + atomic_load(&sched.starved_count, RELAXED);
    memset(out->reserved, 0, sizeof out->reserved);
    give((unsigned char *)out + offsetof(keel_sched_stats, total), stride, &total);
}

void keel_sched_stats_read(keel_sched_stats *out)
{
    deep_hook_call(read_all, out);
}
