/* Tasks that wait until no others are left, as stuck.c sees them. wait_all.c has the protocol. */
#ifndef KEEL_SCHED_WAIT_ALL_H
#define KEEL_SCHED_WAIT_ALL_H

#include "base/base.h"

/*
 * Grows by one whenever waiting tasks are let go, before the first of them is readied. So a task
 * whose reason to wait was SCHED_WAIT_ALL between two looks at the same number has not been readied
 * by anything that is seen before the second.
 */
uint32_t sched_wait_all_rounds(void);

#endif
