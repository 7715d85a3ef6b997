/*
 * The queues that all workers share, under one lock: the global one, for what found no room
 * elsewhere, and those of the starved, fresh tasks that could not begin for want of a stack.
 */
#include "sched/queue.h"

#include "sched/packed.h"

static struct queue starved[sched_stack_numbers]; /* under sched.queue_lock */

void queue_push(struct queue *queue, struct keel_task *task)
{
    task->next = NULL;
    if (queue->last != NULL)
        queue->last->next = task;
    else
        atomic_store(&queue->first, task, RELAXED); /* RELAXED: read by others as a hint */
    queue->last = task;
    atomic_store(&queue->length, queue->length + 1, RELAXED); /* RELAXED: as above */
}

struct keel_task *queue_pop(struct queue *queue)
{
    struct keel_task *task = queue->first;
    if (task == NULL)
        return NULL;
    atomic_store(&queue->first, task->next, RELAXED); /* RELAXED: read by others as a hint */
    if (task->next == NULL)
        queue->last = NULL;
    atomic_store(&queue->length, queue->length - 1, RELAXED); /* RELAXED: as above */
    return task;
}

static void push(struct queue *queue, struct keel_task *task)
{
    lock_acquire(&sched.queue_lock);
    queue_push(queue, task);
    lock_release(&sched.queue_lock);
}

void sched_global_push(struct keel_task *task)
{
    push(&sched.global, task);
}

void sched_global_push_all(const struct queue *tasks)
{
    lock_acquire(&sched.queue_lock);
    if (sched.global.last != NULL)
        sched.global.last->next = tasks->first;
    else
        atomic_store(&sched.global.first, tasks->first, RELAXED); /* RELAXED: a hint to others */
    sched.global.last = tasks->last;
    /* RELAXED: as above. */
    atomic_store(&sched.global.length, sched.global.length + tasks->length, RELAXED);
    lock_release(&sched.queue_lock);
}

enum {
    taken_most = 32,
    /* Of a stack, from its context up: what a task reads when it goes on. */
    lines_ahead = 6,
};

static void prefetch_context(const struct keel_task *task)
{
    const char *context = task->context;
    for (unsigned line = 0; line < lines_ahead && context != NULL; line++)
        __builtin_prefetch(context + line * arch_cache_line);
}

/* How many to take: half, others have the rest. Caller holds the lock. */
static size_t share(struct sched_worker *worker)
{
    size_t half = (sched.global.length + 1) / 2;
    if (!ring_looks_empty(&worker->ready))
        return half != 0;
    return half < taken_most ? half : taken_most;
}

/*
 * They are put into the ring before they leave the queue. There others may take and run them at
 * once, and link them elsewhere: so a link is read before that, and not touched after. (Who wants
 * to push one of them here again waits for the lock.)
 */
struct keel_task *sched_global_take(struct sched_worker *worker)
{
    if (likely(queue_looks_empty(&sched.global)))
        return NULL;
    lock_acquire(&sched.queue_lock);
    struct keel_task *first = sched.global.first;
    struct keel_task *rest = first;
    size_t count = share(worker);
    for (size_t i = 0; i < count; i++) {
        struct keel_task *task = rest;
        prefetch_context(task);
        rest = task->next;
        if (i > 0)
            ring_push(&worker->ready, task); /* it was empty, and is ours */
    }
    if (rest == NULL)
        sched.global.last = NULL;
    /* RELAXED: read by others as a hint. */
    atomic_store(&sched.global.length, sched.global.length - count, RELAXED);
    /* RELEASE: with the ACQUIRE in sched_any_work (idle.c): who misses them here finds them there.
     */
    atomic_store(&sched.global.first, rest, RELEASE);
    lock_release(&sched.queue_lock);
    return first;
}

/* Caller holds the lock. RELAXED: read by others as a hint. */
static void add_starved(uint32_t change)
{
    atomic_store(&sched.starved_count, sched.starved_count + change, RELAXED);
}

void sched_starved_push(struct keel_task *task, unsigned number)
{
    lock_acquire(&sched.queue_lock);
    queue_push(&starved[number], task);
    add_starved(1);
    lock_release(&sched.queue_lock);
}

bool sched_starved_wait(unsigned number)
{
    return !queue_looks_empty(&starved[number]);
}

struct keel_task *sched_starved_pop(unsigned number)
{
    lock_acquire(&sched.queue_lock);
    struct keel_task *task = queue_pop(&starved[number]);
    if (task != NULL)
        add_starved((uint32_t)-1);
    lock_release(&sched.queue_lock);
    return task;
}
