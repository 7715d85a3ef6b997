/* What a worker takes out of others' queues (steal.c), for who picks its work (pick.c). */
#ifndef KEEL_SCHED_STEAL_H
#define KEEL_SCHED_STEAL_H

#include "sched/sched.h"

/*
 * Which lone tasks a thief takes: of an owner that has not moved only, a ring's too, all. Who may
 * hold a lock takes what is queued: for a forked child it would need a descriptor, and that takes a
 * system call now and then.
 */
enum steal_greed { STEAL_LEAVE_LONE, STEAL_LONE_READY, STEAL_ALL_QUEUED, STEAL_ALL };

/* What a searcher saw of one who has a lone task. All zero: it has not looked yet. */
struct steal_look {
    struct sched_worker *lone; /* NULL: nobody had one */
    uint64_t progress;         /* of that one, then */
    uint64_t mark;             /* of the task: lone_mark */
    unsigned looks;            /* that saw it there, in a row */
    uint64_t all;              /* progress of all together */
};

/* One round over all other workers; `look` is the round's before, and becomes this one's. */
struct keel_task *sched_steal(struct sched_worker *worker, struct steal_look *look,
                              enum steal_greed greed);

/* Other workers' tasks, whoever has them: once in a while, or for who has nothing else. */
struct keel_task *sched_steal_any(struct sched_worker *worker, enum steal_greed greed);

/* Whether any other worker's queues hold a task. A hint. */
bool sched_others_have_any(const struct sched_worker *worker);

/* Whether the victim kept a task that others could have run. It is taken for granted again later.
 */
void sched_note_keeps(struct sched_worker *victim, bool keeps);

/* Takes what is in the worker's slot, or NULL. */
static inline struct keel_task *sched_take_next(struct sched_worker *worker)
{
    /* RELAXED: looked at again; alone, all there is to it. */
    struct keel_task *task = atomic_load(&worker->next, RELAXED);
    if (task == NULL)
        return NULL;
    if (!process_is_alone())
        /* ACQUIRE: with the exchange in ready_next_shared; a thief may have been faster. */
        return atomic_exchange(&worker->next, NULL, ACQUIRE);
    atomic_store(&worker->next, NULL, RELAXED);
    return task;
}

#endif
