/*
 * Threads that are no workers: ends of the process, in the way that the first argument names. What
 * hangs is ended by the test.
 */
#include "keel.h"
#include "tests/sched/blocked.h"
#include "tests/sched/cloned.h"
#include "tests/sched/ways.h"

enum { standard_output = 1, right = 0, wrong = 1, exit_status = 9, crowd = 20 };

static keel_chan *chan, *silent;

static _Noreturn void rest_for_ever(void)
{
    for (;;)
        rest_in_kernel(900 * MILLISECOND);
}

static int receive(void)
{
    uint64_t element = 0;
    return keel_chan_receive(chan, &element) == 1 ? right : wrong;
}

static int start(void (*fn)(void *))
{
    return keel_thread_start(fn, NULL, 0);
}

static int clone(void (*fn)(void *))
{
    static struct cloned thread;
    return cloned_start(&thread, fn, NULL) ? 0 : -1;
}

/* ---- deadlock, or not */

static void send_later(void *arg)
{
    uint64_t element = 1;
    (void)arg;
    rest_in_kernel(150 * MILLISECOND);
    keel_chan_send(chan, &element);
}

static int outside(void)
{
    return start(send_later) == 0 ? receive() : wrong;
}

static void sleep_and_send(void *arg)
{
    keel_sleep(100 * MILLISECOND);
    send_later(arg);
}

static int sleeps(void)
{
    return start(sleep_and_send) == 0 ? receive() : wrong;
}

static void wait_inside(void *arg)
{
    uint64_t element;
    (void)arg;
    rest_in_kernel(30 * MILLISECOND);
    keel_chan_receive(silent, &element);
}

static int inside(void)
{
    return start(wait_inside) == 0 ? receive() : wrong;
}

static void wait_first(void *arg)
{
    uint64_t element;
    (void)arg;
    keel_chan_receive(silent, &element);
}

/* The thread is asleep before main. */
static int inside_first(void)
{
    if (start(wait_first) != 0)
        return wrong;
    rest_in_kernel(30 * MILLISECOND);
    return receive();
}

static void leave(void *arg)
{
    (void)arg;
    rest_in_kernel(30 * MILLISECOND);
}

static int ends(void)
{
    return start(leave) == 0 ? receive() : wrong;
}

static void detach_and_rest(void *arg)
{
    (void)arg;
    keel_thread_attach();
    rest_in_kernel(30 * MILLISECOND);
    keel_thread_detach();
    rest_in_kernel(30 * MILLISECOND);
}

static int detaches(void)
{
    keel_threads_announce();
    return clone(detach_and_rest) == 0 ? (rest_in_kernel(10 * MILLISECOND), receive()) : wrong;
}

/* Main waits while the runtime does not know of the thread. */
static void attach_later(void *arg)
{
    rest_in_kernel(300 * MILLISECOND);
    keel_thread_attach();
    send_later(arg);
    keel_thread_detach();
}

static int attaches_later(void)
{
    keel_threads_announce();
    return clone(attach_later) == 0 ? receive() : wrong;
}

static void *hold_and_wait(void *arg)
{
    uint64_t element;
    keel_thread_hold();
    keel_chan_receive(silent, &element);
    return arg;
}

static int held(void)
{
    keel_task_await(keel_task_create(hold_and_wait, NULL, NULL), NULL);
    return wrong;
}

/* ---- misuse */

static void attach(void *arg)
{
    (void)arg;
    keel_thread_attach();
    keel_thread_attach();
}

static int unannounced(void)
{
    if (clone(attach) == 0)
        rest_for_ever();
    return wrong;
}

static int twice(void)
{
    keel_threads_announce();
    return unannounced();
}

static int attach_by_a_task(void)
{
    keel_threads_announce();
    return keel_thread_attach();
}

static int detach_by_a_task(void)
{
    keel_thread_detach();
    return wrong;
}

static void detach(void *arg)
{
    (void)arg;
    keel_thread_detach();
}

static int detach_of_a_started_one(void)
{
    return start(detach) == 0 ? receive() : wrong;
}

static int let(void)
{
    keel_thread_let();
    return wrong;
}

static void *hold(void *arg)
{
    keel_thread_hold();
    return arg;
}

static int ends_holding(void)
{
    keel_task_await(keel_task_create(hold, NULL, NULL), NULL);
    return wrong;
}

static void hold_only(void *arg)
{
    hold(arg);
}

static int ends_holding_alone(void)
{
    keel_spawn(hold_only, NULL);
    return receive();
}

/* ---- the end */

static void last(void)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "last");
    line_write(&line, standard_output);
}

static void leave_process(void *arg)
{
    (void)arg;
    keel_exit(exit_status);
}

static int exits(void)
{
    keel_at_exit(last);
    return start(leave_process) == 0 ? receive() : wrong;
}

/* An exit function that waits. */
static void wait_a_while(void)
{
    keel_sleep(5 * MILLISECOND);
    last();
}

static int many_exit(void)
{
    keel_at_exit(wait_a_while);
    for (int i = 0; i < crowd; i++) {
        if (start(leave_process) != 0)
            return wrong;
        keel_spawn(leave_process, NULL);
    }
    return receive();
}

static int exits_while_held(void)
{
    keel_at_exit(last);
    return keel_thread_hold() == 0 ? exit_status : wrong;
}

static void panic_there(void *arg)
{
    (void)arg;
    keel_task_set_name(NULL, "visitor");
    keel_panic("enough");
}

static int panics(void)
{
    return start(panic_there) == 0 ? receive() : wrong;
}

static volatile int stop_at = -1; /* never */

static __attribute__((noinline)) int deeper(int depth)
{
    volatile unsigned char local[2000];
    local[0] = 1;
    return depth == stop_at ? 0 : deeper(depth + 1) + local[0];
}

static void overflow(void *arg)
{
    (void)arg;
    deeper(0);
}

static int overflows(void)
{
    return start(overflow) == 0 ? receive() : wrong;
}

static const struct way ways[] = {
    {"outside", outside},
    {"sleeps", sleeps},
    {"inside", inside},
    {"inside-first", inside_first},
    {"ends", ends},
    {"detaches", detaches},
    {"attaches-later", attaches_later},
    {"held", held},
    {"unannounced", unannounced},
    {"twice", twice},
    {"attach-by-a-task", attach_by_a_task},
    {"detach-by-a-task", detach_by_a_task},
    {"detach-of-a-started-one", detach_of_a_started_one},
    {"let", let},
    {"ends-holding", ends_holding},
    {"ends-holding-alone", ends_holding_alone},
    {"exits", exits},
    {"many-exit", many_exit},
    {"exits-while-held", exits_while_held},
    {"panics", panics},
    {"overflows", overflows},
};

int main(int argc, char **argv)
{
    chan = keel_chan_create(0, sizeof(uint64_t));
    silent = keel_chan_create(0, sizeof(uint64_t));
    return GO_THE_WAY(ways, argc, argv);
}
