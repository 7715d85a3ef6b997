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

static struct keel_task *pop(struct queue *queue)
{
    if (likely(queue_looks_empty(queue)))
        return NULL;
    lock_acquire(&sched.queue_lock);
    struct keel_task *task = queue_pop(queue);
    lock_release(&sched.queue_lock);
    return task;
}

void sched_global_push(struct keel_task *task)
{
    push(&sched.global, task);
}

struct keel_task *sched_global_pop(void)
{
    return pop(&sched.global);
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
