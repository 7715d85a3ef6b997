/*
 * What public calls need of a packed stack: each is called there, on a painted one of 4 KiB, which
 * shows how deep it went, and on one of 1 KiB, which it must leave whole. KEEL_STACK_NEED says what
 * it may be. (tools/stack-need asks the compiler; here is what happens.)
 */
#include <asm/unistd.h>

#include "abi/time.h"
#include "keel.h"
#include "runtime.h"
#include "sched/packed.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"

enum { paint = 0xa5, own_frames = 160 };

static keel_chan *chan;
static keel_wait_group group;

/* ---- the calls */

static void nothing(void *arg)
{
    (void)arg;
}

static void *give_back(void *arg)
{
    return arg;
}

static void *sleep_a_little(void *arg)
{
    keel_sleep(MILLISECOND / 10);
    return arg;
}

static void spawn(void)
{
    keel_spawn(nothing, NULL);
}

static void await_child(void)
{
    keel_task_await(keel_task_create(give_back, NULL, NULL), NULL);
}

static void await_sleeper(void)
{
    keel_task_await(keel_task_create(sleep_a_little, NULL, NULL), NULL);
}

static void await_packed_child(void)
{
    keel_task_options options = {.stack_size = mem_packed_least};
    keel_task_await(keel_task_create(sleep_a_little, NULL, &options), NULL);
}

static void await_until(void)
{
    keel_task *task = keel_task_create(sleep_a_little, NULL, NULL);
    if (keel_task_await_until(task, NULL, keel_now() + MILLISECOND / 100) != 0)
        keel_task_await_until(task, NULL, KEEL_FOREVER);
}

static void detach(void)
{
    keel_task_detach(keel_task_create(sleep_a_little, NULL, NULL));
}

static void yield(void)
{
    for (int i = 0; i < 200; i++)
        keel_yield();
}

static void sleep(void)
{
    keel_sleep(MILLISECOND);
    keel_sleep_until(keel_now());
}

static void *receive_later(void *arg)
{
    keel_yield();
    keel_chan_receive(chan, NULL);
    return arg;
}

static void *send_later(void *arg)
{
    keel_yield();
    keel_chan_send(chan, NULL);
    return arg;
}

static void send(void)
{
    keel_task *task = keel_task_create(receive_later, NULL, NULL);
    keel_chan_send(chan, NULL);
    keel_task_await(task, NULL);
}

static void receive(void)
{
    keel_task *task = keel_task_create(send_later, NULL, NULL);
    keel_chan_receive(chan, NULL);
    keel_task_await(task, NULL);
}

static void channel_deadlines(void)
{
    keel_chan_send_until(chan, NULL, keel_now() + MILLISECOND / 10);
    keel_chan_receive_until(chan, NULL, keel_now() - 1);
    keel_chan_receive_until(chan, NULL, keel_now() + MILLISECOND / 10);
    keel_chan_try_send(chan, NULL);
    keel_chan_try_receive(chan, NULL);
}

static void channel_life(void)
{
    keel_chan *own = keel_chan_create(4, 64);
    char element[64] = {0};
    keel_chan_send(own, element);
    keel_chan_release(keel_chan_retain(own), NULL);
    keel_chan_drop_sender(keel_chan_clone_sender(own));
    keel_chan_close(own);
    keel_chan_release(own, NULL);
}

static void *wait_for_close(void *own)
{
    keel_chan_receive(own, NULL);
    return NULL;
}

static void close_on_many(void)
{
    enum { count = 4 };
    keel_task *tasks[count];
    keel_chan *own = keel_chan_create(0, 0);
    for (int i = 0; i < count; i++)
        tasks[i] = begun(keel_task_create(wait_for_close, own, NULL));
    keel_chan_close(own);
    for (int i = 0; i < count; i++)
        keel_task_await(tasks[i], NULL);
    keel_chan_release(own, NULL);
}

/* A new chunk, a mapping of its own, one that moves. */
static void allocate(void)
{
    void *large = keel_alloc((size_t)3 << 20);
    void *mapped = keel_alloc((size_t)64 << 20);
    keel_free(keel_alloc(24));
    keel_free(keel_realloc(mapped, (size_t)80 << 20));
    keel_free(large);
    keel_free(keel_alloc_aligned(5000, 4096));
    keel_free(keel_alloc_zeroed(100, 100));
}

static void done_later(void *arg)
{
    (void)arg;
    keel_sleep(MILLISECOND / 10);
    keel_wait_group_done(&group);
}

static void wait_group(void)
{
    keel_wait_group_add(&group, 1);
    keel_spawn(done_later, NULL);
    keel_wait_group_wait(&group);
}

static void fork_and_join(void)
{
    keel_fork_frame frame;
    keel_fork(&frame, give_back, NULL);
    keel_yield();
    keel_join(&frame);
}

static void note_part(int64_t begin, int64_t end, void *data)
{
    (void)begin;
    (void)end;
    (void)data;
}

static void loop(void)
{
    keel_parallel_for(0, 1 << 20, 1, note_part, NULL);
}

static void trace(void)
{
    void *frames[4];
    keel_symbol symbol;
    if (keel_backtrace(frames, 4) > 0)
        keel_symbolize(frames[0], &symbol);
}

static void print(void)
{
    static char text[] = "# printed from a packed stack\n";
    cs_print_str((cs_string_t){text, sizeof text - 1});
}

static void numbers(void)
{
    static keel_sched_stats counts = {.size = sizeof counts};
    keel_sched_stats_read(&counts);
    keel_worker_count();
    keel_environment("KEEL_WORKERS");
    keel_task_id();
    keel_should_yield();
}

static void rest_in_the_kernel(int64_t nanoseconds)
{
    struct abi_timespec time = {.nanoseconds = nanoseconds};
    arch_syscall4(__NR_clock_nanosleep, 0, 0, (long)&time, 0);
}

static void block(void)
{
    keel_blocking_begin();
    keel_blocking_begin();
    keel_blocking_end();
    keel_blocking_end();
}

static void compute_a_while(void *arg)
{
    int64_t end = keel_now() + 8 * MILLISECOND;
    (void)arg;
    while (keel_now() < end)
        arch_pause();
}

/* So long that the worker is lent on; others sleep, or all compute. */
static void block_long(void)
{
    keel_blocking_begin();
    rest_in_the_kernel(5 * MILLISECOND);
    keel_blocking_end();
}

static void block_while_all_compute(void)
{
    for (unsigned i = 0; i <= keel_worker_count(); i++)
        keel_spawn(compute_a_while, NULL);
    block_long();
}

static void hold(void)
{
    if (keel_thread_hold() != 0)
        return; /* no thread can be made */
    keel_thread_hold();
    keel_sleep(MILLISECOND / 10);
    send();
    receive();
    channel_deadlines();
    wait_group();
    await_child();
    await_until();
    fork_and_join();
    block();
    yield();
    loop();
    spawn();
    close_on_many();
    keel_thread_let();
    keel_thread_let();
}

static void done(void *arg)
{
    (void)arg;
    keel_wait_group_done(&group);
}

static void start_thread(void)
{
    keel_wait_group_add(&group, 1);
    if (keel_thread_start(done, NULL, 0) != 0)
        keel_wait_group_done(&group);
    keel_wait_group_wait(&group);
}

static void announce(void)
{
    keel_threads_announce();
}

static void look_for_stuck(void)
{
    static uint64_t ids[8];
    keel_stuck_tasks(ids, 8);
}

static void coolscript(void)
{
    cs_channel_t *own = cs_chan_create(1, 8);
    uint64_t element = 1;
    cs_spawn(nothing, NULL);
    cs_chan_send(own, &element);
    cs_chan_receive(own, &element);
    cs_chan_close(own);
    cs_chan_release(own);
    own = cs_chan_create_ptr(1);
    cs_chan_send_ptr(own, cs_alloc(8));
    cs_free(cs_chan_receive_ptr(own));
    cs_chan_release(own);
}

static const struct named_call {
    const char *name;
    void (*call)(void);
} calls[] = {
    {"the first spawn, which makes the first worker", spawn},
    {"await of an unstarted child", await_child},
    {"await of a child that sleeps", await_sleeper},
    {"await of a packed child", await_packed_child},
    {"await with a deadline", await_until},
    {"detach", detach},
    {"yield", yield},
    {"sleep", sleep},
    {"send", send},
    {"receive", receive},
    {"channels with deadlines", channel_deadlines},
    {"a channel made, used and released", channel_life},
    {"close while tasks wait", close_on_many},
    {"allocations that map memory", allocate},
    {"wait groups", wait_group},
    {"fork and join, with a park between", fork_and_join},
    {"a parallel loop", loop},
    {"a backtrace, with names", trace},
    {"print", print},
    {"numbers", numbers},
    {"Coolscript's calls", coolscript},
    {"a short blocking call", block},
    {"one that loses its worker", block_long},
    {"one that finds no worker", block_while_all_compute},
    {"what a task does that holds its thread", hold},
    {"a thread started", start_thread},
    {"threads announced", announce},
    {"a look for stuck tasks", look_for_stuck},
};

/* ---- the measurement */

static __attribute__((noinline)) void *measure(void *arg)
{
    const struct named_call *call = arg;
    volatile unsigned char *low = (volatile unsigned char *)sched_self()->stack->low;
    unsigned char *frame = __builtin_frame_address(0);
    for (volatile unsigned char *at = low; at < frame - own_frames; at++)
        *at = paint;
    call->call();
    while (*low == paint)
        low++;
    return (void *)((uintptr_t)(sched_self()->stack + 1) - (uintptr_t)low);
}

static void *call_only(void *arg)
{
    const struct named_call *call = arg;
    call->call();
    return NULL;
}

/* The frames of the functions above are in it, too. */
static uintptr_t use_of(const struct named_call *call, uint32_t flags)
{
    void *used = NULL;
    keel_task_options small = {.stack_size = mem_packed_least, .flags = flags};
    keel_task_options large = {.stack_size = mem_packed_most, .flags = flags};
    keel_task_await(keel_task_create(call_only, (void *)(uintptr_t)call, &small), NULL);
    keel_task_await(keel_task_create(measure, (void *)(uintptr_t)call, &large), &used);
    tap_note(call->name, (int64_t)used);
    return (uintptr_t)used;
}

int main(void)
{
    chan = keel_chan_create(0, 0);
    uintptr_t deepest = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        uintptr_t plain = use_of(&calls[i], 0);
        uintptr_t floating = use_of(&calls[i], KEEL_TASK_FP_CONTROL);
        uintptr_t used = plain > floating ? plain : floating;
        deepest = used > deepest ? used : deepest;
        check(used <= KEEL_STACK_NEED, calls[i].name);
    }
    tap_note("bytes at most, with the frames of the test", (int64_t)deepest);
    return tap_done();
}
