/* Tasks that wait until no others are left, as stuck.c sees them. wait_all.c has the protocol. */
#ifndef KEEL_SCHED_WAIT_ALL_H
#define KEEL_SCHED_WAIT_ALL_H

#include "base/base.h"

/*
 * Grows by one when waiting tasks begin to be let go, and when all are. So a task whose reason to
 * wait was SCHED_WAIT_ALL between two looks at the same even number was not let go before the
 * second.
 */
uint32_t sched_wait_all_rounds(void);

#endif
