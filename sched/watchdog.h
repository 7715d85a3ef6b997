/*
 * The watchdog (KEEL_WATCHDOG=1): who holds a worker for long. watchdog.c says how it is found out.
 * It is in programs that call keel_blocking_begin or keel_sched_stats_read, and in those that are
 * linked with -Wl,-u,keel_watchdog.
 */
#ifndef KEEL_SCHED_WATCHDOG_H
#define KEEL_SCHED_WATCHDOG_H

#include "base/base.h"

/* Whoever refers to it has the watchdog. */
extern const char keel_watchdog;

/* KEEL_WATCHDOG; 1: it watches. (worker.c has the options.) */
extern int64_t sched_option_watchdog;

/* Called at the start, with the options read. Empty where there is no watchdog. */
void sched_hook_watchdog_start(void);

/*
 * A worker goes on that the watchdog may not have expected to: who made that so was none itself, a
 * call that had lost its own, or a foreign thread. The hook is called for each worker that is woken
 * by another thread, and empty where there is no watchdog.
 */
void sched_watchdog_wake(void);
void sched_hook_wakes(void);

#endif
