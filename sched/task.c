/*
 * Descriptors. They come from slabs that are never given back, so that a report can list every task
 * without a lock and without a list that each spawn would have to keep: it walks the slabs.
 *
 * A worker takes from its own free list, then from its part of a slab, which was never used, then
 * from the shared list, then from a new slab. Descriptors travel (one worker spawns, another ends
 * the task), so a list that grows long gives a batch to the shared one. A worker that retires, and
 * a foreign thread that is detached, gives all that it has.
 */
#include "mem/pages.h"
#include "sched/float_control.h"
#include "sched/fork_hooks.h"
#include "sched/monitor.h"
#include "sched/sched.h"

enum {
    slab_bytes = 64 * 1024,
    batch = 64,
    ids_at_once = 1024,
};

struct task_slab {
    struct task_slab *older;
    size_t count; /* of tasks */
    _Alignas(arch_cache_line) struct keel_task tasks[];
};

enum { tasks_in_slab = (slab_bytes - sizeof(struct task_slab)) / sizeof(struct keel_task) };

/* The first slab, small, costs no mapping. */
enum { tasks_in_first_slab = 12 };
TOUCHED_AT_START static _Alignas(
    struct task_slab) unsigned char first_slab[sizeof(struct task_slab) +
                                               tasks_in_first_slab * sizeof(struct keel_task)];
TOUCHED_AT_START static bool first_taken;

TOUCHED_AT_START static struct {
    struct lock lock;         /* guards what follows */
    struct task_slab *newest; /* atomic, written under the lock */
    struct keel_task *free_tasks;
    struct keel_task *left; /* what threads left of their slabs: runs of tasks never used */
} shared;

/* main's number is 1. */
enum { id_first = 2 };
TOUCHED_AT_START static uint64_t ids_reserved; /* atomic */

TOUCHED_AT_START struct keel_task sched_main_task;

static bool take_batch(struct sched_worker *worker)
{
    lock_acquire(&shared.lock);
    for (unsigned i = 0; i < batch && shared.free_tasks != NULL; i++) {
        struct keel_task *task = shared.free_tasks;
        shared.free_tasks = task->next;
        task->next = worker->free_tasks;
        worker->free_tasks = task;
        worker->free_task_count++;
    }
    lock_release(&shared.lock);
    return worker->free_tasks != NULL;
}

static void give(struct sched_worker *worker, unsigned count)
{
    lock_acquire(&shared.lock);
    for (unsigned i = 0; i < count; i++) {
        struct keel_task *task = worker->free_tasks;
        worker->free_tasks = task->next;
        task->next = shared.free_tasks;
        shared.free_tasks = task;
    }
    worker->free_task_count -= count;
    lock_release(&shared.lock);
}

/* The first task of a run that was left says where the next run begins, and where it ends itself.
 */
static bool take_left_slab(struct sched_worker *worker)
{
    lock_acquire(&shared.lock);
    struct keel_task *first = shared.left;
    if (first != NULL) {
        shared.left = first->next;
        worker->slab_next = first;
        worker->slab_end = first->arg;
    }
    lock_release(&shared.lock);
    return first != NULL;
}

static void leave_slab(struct sched_worker *worker)
{
    struct keel_task *first = worker->slab_next;
    if (first == worker->slab_end)
        return;
    lock_acquire(&shared.lock);
    first->next = shared.left;
    first->arg = worker->slab_end;
    shared.left = first;
    lock_release(&shared.lock);
    worker->slab_next = worker->slab_end;
}

__attribute__((weak)) void sched_hook_first_task(void)
{
}

static void publish_slab(struct task_slab *slab)
{
    lock_acquire(&shared.lock);
    slab->older = shared.newest;
    /* RELEASE: with the ACQUIRE in sched_task_each. */
    atomic_store(&shared.newest, slab, RELEASE);
    lock_release(&shared.lock);
}

static bool take_slab(struct sched_worker *worker)
{
    if (take_left_slab(worker))
        return true;
    struct task_slab *slab = (struct task_slab *)(void *)first_slab;
    slab->count = tasks_in_first_slab;
    /* RELAXED: claims; nothing else is published by it. */
    if (atomic_exchange(&first_taken, true, RELAXED)) {
        slab = page_map(slab_bytes);
        if (slab == NULL)
            return false;
        slab->count = tasks_in_slab;
    } else {
        sched_float_control_note(); /* here, because it is done once and off the path of a spawn */
        sched_hook_first_task();
    }
    publish_slab(slab);
    worker->slab_next = slab->tasks;
    worker->slab_end = slab->tasks + slab->count;
    return true;
}

static struct keel_task *take_descriptor(struct sched_worker *worker)
{
    if (worker->free_tasks != NULL ||
        (worker->slab_next == worker->slab_end && take_batch(worker))) {
        struct keel_task *task = worker->free_tasks;
        worker->free_tasks = task->next;
        worker->free_task_count--;
        return task;
    }
    if (worker->slab_next == worker->slab_end && !take_slab(worker))
        return NULL;
    return worker->slab_next++;
}

static uint64_t next_id(struct sched_worker *worker)
{
    if (worker->id_next == worker->id_end) {
        /* RELAXED: unique */
        uint64_t first = id_first + atomic_fetch_add(&ids_reserved, ids_at_once, RELAXED);
        atomic_store(&worker->id_next, first, RELAXED); /* RELAXED: as below */
        worker->id_end = first + ids_at_once;
    }
    uint64_t id = worker->id_next;
    atomic_store(&worker->id_next, id + 1, RELAXED); /* RELAXED: read as a sign of progress */
    return id;
}

void sched_task_init(struct keel_task *task, const void *spawn_site)
{
    *task = (struct keel_task){
        .join = SCHED_JOIN_NONE,
        .spawn_site = spawn_site,
        .state = SCHED_TASK_NEW,
        .unusual = sched.unusual,
    };
    /* RELEASE: with the ACQUIRE in id_of (stuck.c): who sees it sees nothing of who was before. */
    atomic_store(&task->identity.id, next_id(sched_worker()), RELEASE);
}

struct keel_task *sched_task_prepare(const void *spawn_site)
{
    struct keel_task *task = take_descriptor(sched_worker());
    if (task != NULL)
        sched_task_init(task, spawn_site);
    return task;
}

struct keel_task *sched_task_make(const void *spawn_site)
{
    struct keel_task *task = sched_task_prepare(spawn_site);
    if (task != NULL)
        sched_count(&sched_worker()->counts.spawned);
    return task;
}

struct keel_task *sched_tasks_reserve(size_t count)
{
    struct task_slab *slab =
        page_map(round_up(sizeof *slab + count * sizeof(struct keel_task), arch_page_size));
    if (slab == NULL)
        return NULL;
    slab->count = count;
    publish_slab(slab);
    return slab->tasks;
}

void sched_task_recycle(struct keel_task *task)
{
    struct sched_worker *worker = sched_worker();
    /* RELAXED: who lists tasks passes it over, or sees a number that nobody has any more. */
    atomic_store(&task->state, SCHED_TASK_FREE, RELAXED);
    task->next = worker->free_tasks;
    worker->free_tasks = task;
    if (++worker->free_task_count >= 2 * batch)
        give(worker, batch);
}

void sched_tasks_hand_on(struct sched_worker *worker)
{
    give(worker, worker->free_task_count);
    leave_slab(worker);
}

void sched_task_each(void (*each)(struct keel_task *task, void *data), void *data)
{
    each(&sched_main_task, data);
    /* ACQUIRE: with the RELEASE in publish_slab. */
    struct task_slab *slab = atomic_load(&shared.newest, ACQUIRE);
    for (; slab != NULL; slab = slab->older) {
        for (size_t i = 0; i < slab->count; i++) {
            struct keel_task *task = &slab->tasks[i];
            /* RELAXED: a snapshot. */
            if (atomic_load(&task->state, RELAXED) != SCHED_TASK_FREE)
                each(task, data);
        }
    }
}
