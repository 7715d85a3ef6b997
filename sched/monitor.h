/*
 * Where making tasks and yielding meet the monitor (monitor.c). In programs without it the hooks do
 * next to nothing.
 */
#ifndef KEEL_SCHED_MONITOR_H
#define KEEL_SCHED_MONITOR_H

#include "base/base.h"

/* The first descriptor of the process is about to be taken. */
void sched_hook_first_task(void);

/*
 * Who yields had been told to, or could not be told. Returns whether something may wait, even in
 * other workers' queues.
 */
bool sched_hook_yield_asked(void);

#endif
