/*
 * keel/sync.h: what tasks wait for each other by, beside channels.
 *
 * Every object here may lie anywhere, on a task's stack too. All-zero is its initial state; there
 * is nothing to destroy. Whoever has learnt from a call's effect that the object is done with (that
 * a wait group is at zero) may release or reuse its memory at once, even while the call that
 * brought it there has not yet returned: after its last visible step no call touches it again.
 *
 * Unless a line says otherwise a function may be called from a task, may not be called from a
 * signal handler, and does not park.
 */
#ifndef KEEL_SYNC_H
#define KEEL_SYNC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A count of things that are still to be done, for tasks that wait until there are none. Reusable
 * when every wait has returned: until then nobody may add to a group that is at zero.
 */
typedef struct {
    uint32_t word; /* the runtime's */
} keel_wait_group;

/*
 * Adds `count`, which may be negative, to the group's count, from 0 to INT32_MAX; at 0 all who wait
 * go on. Add before the task is spawned that will be done, not in it. A count that would fall below
 * 0 or grow above INT32_MAX is a panic; so is an addition to a group at 0 for which tasks wait.
 * Everything before the call happens before the wait that it ends returns.
 */
void keel_wait_group_add(keel_wait_group *group, int count);

/* keel_wait_group_add(group, -1). */
void keel_wait_group_done(keel_wait_group *group);

/*
 * Returns when the group's count is 0; at once if it is. May park. No cancellation point. Who was
 * waiting does not touch the group any more, so another who waited may have released it.
 */
void keel_wait_group_wait(keel_wait_group *group);

#ifdef __cplusplus
}
#endif

#endif
