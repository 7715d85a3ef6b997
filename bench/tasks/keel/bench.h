/*
 * What the rows of the task benchmark share: how a row is described, how it is measured and
 * checked, how tasks and channels are made. This is a program as users write it: it includes the
 * public headers alone.
 */
#ifndef BENCH_H
#define BENCH_H

#include "keel.h"
#include "runtime.h"

struct row {
    const char *name; /* NULL ends a table of rows */
    void (*run)(uint64_t count);
    uint64_t first; /* operations of the first run; each further run has twice as many */
    uint64_t fixed; /* not 0: this many, run twice, the second time counts */
    bool once;      /* run once only, and prints its figures itself */
    bool
        is_shared; /* an operation's time is that of one worker: the workers do them side by side */
};

extern const struct row task_rows[], channel_rows[], sleeper_rows[], fork_rows[], fan_out_rows[];

/* How many workers the program was told that it has. */
extern unsigned bench_workers;

void print(const char *text);

/* "NAME NUMBER", with three digits behind the point. */
void print_figure(const char *name, uint64_t thousandths);

/* Ends the process when a check has failed or memory is out. */
_Noreturn void give_up(const char *reason);

keel_task *start(void *(*fn)(void *), void *arg);
void *result_of(keel_task *task);
keel_chan *make_chan(size_t capacity); /* of uint64_t */

#endif
