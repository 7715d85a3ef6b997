/* Tasks with packed stacks that use more than they have; the first argument says how. */
#include <asm/unistd.h>

#include "abi/time.h"
#include "keel/chan.h"
#include "mem/packed.h"
#include "sched/sched.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum { right = 0, wrong = 1, KiB = 1024 };

static keel_chan *chan;
static uint32_t arrived;

static keel_task *create(void *(*fn)(void *), void *arg, size_t size)
{
    return keel_task_create(fn, arg, &(keel_task_options){.stack_size = size, .name = "packed"});
}

static void *receive(void *arg)
{
    arrive(&arrived);
    keel_chan_receive(chan, NULL);
    return arg;
}

/* ---- found where it was done */

/* Writes below what there is: the canary, or only what lies `below` it. */
static __attribute__((noinline)) void *write_below(void *arg)
{
    volatile uint64_t *low = (volatile uint64_t *)sched_self()->stack->low;
    low[-(intptr_t)arg] = 1;
    return arg;
}

static void *overflow_and_park(void *arg)
{
    write_below(arg);
    keel_chan_receive(chan, NULL); /* for ever */
    return arg;
}

static void *overflow_and_yield(void *arg)
{
    write_below(arg);
    for (int i = 0; i < 100; i++)
        keel_yield();
    return arg;
}

static __attribute__((noinline)) void use_too_much(void)
{
    enum { just_too_much = 1024 };
    volatile uint64_t block[just_too_much / sizeof(uint64_t)];
    for (size_t i = 0; i < sizeof block / sizeof *block; i++)
        block[i] = i;
    keel_yield();
}

static void *overflow_by_a_frame(void *arg)
{
    use_too_much();
    return arg;
}

/* Others lie around it, which have begun. */
static int overflow(void *(*fn)(void *), intptr_t words)
{
    for (int i = 0; i < 8; i++)
        begun(create(receive, NULL, KiB));
    keel_task_await(create(fn, (void *)words, KiB), NULL);
    return right;
}

static int overflow_park(void)
{
    return overflow(overflow_and_park, 1);
}

static int overflow_yield(void)
{
    return overflow(overflow_and_yield, 1);
}

static int overflow_end(void)
{
    return overflow(write_below, 1);
}

static int overflow_past_the_canary(void)
{
    return overflow(write_below, 2);
}

static int overflow_frame(void)
{
    return overflow(overflow_by_a_frame, 0);
}

/* The frames of the park itself go lower than all before, or stand below the stack altogether. */
static __attribute__((noinline)) void park_with(intptr_t left)
{
    intptr_t room = (intptr_t)((uintptr_t)__builtin_frame_address(0) - sched_self()->stack->low);
    intptr_t size = room > left ? room - left : 1;
    volatile char *block = __builtin_alloca((size_t)size);
    block[size - 1] = 1;
    keel_chan_receive(chan, NULL);
    block[size - 1] = 2;
}

static void *park_low(void *left)
{
    park_with((intptr_t)left);
    return NULL;
}

static int overflow_jump(void)
{
    return overflow(park_low, -400);
}

static void *sleep_for_ever(void *arg)
{
    keel_sleep(KEEL_FOREVER);
    return arg;
}

/* Each with less room than the one before: the first that has too little is found, where it is. */
static int overflow_float(void)
{
    keel_task_options options = {
        .stack_size = KiB, .name = "packed", .flags = KEEL_TASK_FP_CONTROL};
    keel_task_detach(begun(create(sleep_for_ever, NULL, KiB)));
    for (intptr_t left = 504; left > 0; left -= 8) {
        keel_task *task = begun(keel_task_create(park_low, (void *)left, &options));
        while (atomic_load(&task->state, RELAXED) != SCHED_TASK_PARKED) /* RELAXED: only looks */
            keel_yield();
        if (!mem_packed_is_whole(task->stack)) {
            keel_sleep(meeting_patience); /* it counts as parked before that is looked at */
            return wrong;
        }
        keel_chan_send(chan, NULL);
        keel_task_await(task, NULL);
    }
    return wrong;
}

/* ---- who was written over, and by whom */

/* Not over, while the others go on: who is there has not come to park or end. */
static void rest_in_the_kernel(int64_t milliseconds)
{
    struct abi_timespec time = {milliseconds / 1000, milliseconds % 1000 * MILLISECOND};
    arch_syscall4(__NR_clock_nanosleep, 0, 0, (long)&time, 0);
}

static uint32_t may_write, has_written;

static void rest_until(const uint32_t *count)
{
    for (int64_t i = 0; i < 5000 && !have_arrived(count, 1); i++)
        rest_in_the_kernel(1);
}

/* All of the header of the stack below. */
static void *write_over(void *arg)
{
    keel_task_set_name(NULL, "culprit");
    keel_blocking_begin();
    arrive(&arrived);
    rest_until(&may_write);
    for (uintptr_t i = 1; i <= 1 + sizeof(struct mem_stack) / sizeof(uint64_t); i++)
        write_below((void *)i);
    arrive(&has_written);
    rest_in_the_kernel(5000);
    return arg;
}

/* The second has the stack above the first. */
static keel_task *begin_culprit_above(keel_task *victim)
{
    begun(victim);
    keel_task *culprit = create(write_over, NULL, KiB);
    yield_until(&arrived, 2);
    return culprit;
}

static int write_and_go_on(keel_task *victim)
{
    arrive(&may_write);
    yield_until(&has_written, 1);
    keel_chan_close(chan);
    keel_task_await(victim, NULL);
    return right;
}

static int overflow_victim_parked(void)
{
    keel_task *victim = create(receive, NULL, KiB);
    keel_task_detach(begin_culprit_above(victim));
    return write_and_go_on(victim);
}

static void *block_until_written(void *arg)
{
    keel_blocking_begin();
    arrive(&arrived);
    rest_until(&has_written);
    keel_blocking_end();
    return arg;
}

static int overflow_victim_runs(void)
{
    keel_task *victim = create(block_until_written, NULL, KiB);
    keel_task_detach(begin_culprit_above(victim));
    return write_and_go_on(victim);
}

static int overflow_free(void)
{
    keel_task *before = create(receive, NULL, KiB);
    keel_task_detach(begin_culprit_above(before));
    keel_chan_send(chan, NULL);
    keel_task_await(before, NULL);
    arrive(&may_write);
    yield_until(&has_written, 1);
    keel_task_await(create(receive, NULL, KiB), NULL);
    return right;
}

/* By nobody who has the stack above. */
static volatile uint64_t *victims_mark;

static void *offer_mark(void *arg)
{
    victims_mark = &sched_self()->stack->mark;
    arrive(&arrived);
    keel_chan_receive(chan, NULL);
    return arg;
}

static int overflow_by_nobody(void)
{
    keel_task *victim = create(offer_mark, NULL, KiB);
    if (!yield_until(&arrived, 1))
        return wrong;
    *victims_mark = 0;
    keel_chan_close(chan);
    keel_task_await(victim, NULL);
    return right;
}

/* The lowest stack of a chunk has a guard. */
static void *fault_in_guard(void *arg)
{
    volatile unsigned char *low = (volatile unsigned char *)sched_self()->stack->low;
    for (size_t i = 16; i < 16 * KiB; i += KiB)
        low[-(intptr_t)i] = 1;
    return arg;
}

static int overflow_guard(void)
{
    keel_task_await(create(fault_in_guard, NULL, KiB), NULL);
    return right;
}

/* ---- overflows on a held thread, and in a blocking call */

static void *overflow_holding(void *arg)
{
    keel_thread_hold();
    write_below(arg);
    keel_sleep(MILLISECOND / 10);
    return arg;
}

static int overflow_held(void)
{
    return overflow(overflow_holding, 1);
}

/* It comes back while all compute: it leaves its stack without a park of its own. */
static void *overflow_blocking(void *arg)
{
    keel_blocking_begin();
    rest_in_the_kernel(5);
    write_below(arg);
    keel_blocking_end();
    keel_yield();
    return arg;
}

static int overflow_in_blocking(void)
{
    return overflow(overflow_blocking, 1);
}

static const struct way ways[] = {
    {"overflow-park", overflow_park},
    {"overflow-yield", overflow_yield},
    {"overflow-end", overflow_end},
    {"overflow-past-the-canary", overflow_past_the_canary},
    {"overflow-frame", overflow_frame},
    {"overflow-jump", overflow_jump},
    {"overflow-float", overflow_float},
    {"overflow-victim", overflow_victim_parked},
    {"overflow-victim-runs", overflow_victim_runs},
    {"overflow-free", overflow_free},
    {"overflow-by-nobody", overflow_by_nobody},
    {"overflow-guard", overflow_guard},
    {"overflow-held", overflow_held},
    {"overflow-blocking", overflow_in_blocking},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, 0);
    return GO_THE_WAY(ways, argc, argv);
}
