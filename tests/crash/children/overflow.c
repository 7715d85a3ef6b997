/*
 * Overflows a stack in the way that the first argument names: by many small frames, or by one frame
 * of 51 KB that touches only its far end, as code without stack probes does.
 */
#include <linux/auxvec.h>
#include <linux/resource.h>

#include "abi/system.h"
#include "base/process.h"
#include "keel/task.h"
#include "tests/sched/begun.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum { large_frame = 51000, wanted_left = 1000 };

static volatile int stop_at = -1; /* never */

/* A frame of 48 bytes or so, kept alive by what is done after the call. */
static __attribute__((noinline)) int recurse(int depth)
{
    volatile int here = depth;
    if (depth == stop_at)
        return 0;
    return recurse(depth + 1) + here;
}

/*
 * Goes down by small frames until less than a large one is left, then writes to the far end of a
 * large frame without touching what lies between. `low`: the lowest byte of the stack, about.
 */
static __attribute__((noinline)) int jump(uintptr_t low, int depth)
{
    volatile char here[256];
    here[0] = (char)depth;
    uintptr_t frame = (uintptr_t)here;
    if (frame - low > large_frame - wanted_left)
        return jump(low, depth + 1) + here[0];
    *(volatile char *)(frame - large_frame) = 1;
    return here[0];
}

static void *recurse_in_task(void *arg)
{
    recurse(0);
    return arg;
}

/* Where the task's stack ends: the promised part, and what the slot has beyond it. */
static void *jump_in_task(void *arg)
{
    enum { usable = 192 * 1024 };
    volatile char here = 0;
    jump((uintptr_t)&here - usable + 200, here);
    return arg;
}

static void *wait_for_ever(void *arg)
{
    keel_sleep(1000000 * MILLISECOND);
    return arg;
}

static int in_task(void *(*overflow)(void *))
{
    /* Neighbours, whose stacks lie around it. */
    for (int i = 0; i < 20; i++)
        keel_task_detach(keel_task_create(wait_for_ever, NULL, NULL));
    keel_yield();
    keel_task_options options = {.name = "deep"};
    keel_task_await(begun(keel_task_create(overflow, NULL, &options)), NULL);
    return 0;
}

static int small_frames_in_task(void)
{
    return in_task(recurse_in_task);
}

static int large_frame_in_task(void)
{
    return in_task(jump_in_task);
}

/* main keeps its worker, so the task overflows on another thread. */
static int small_frames_on_other_worker(void)
{
    keel_task_options options = {.name = "deep"};
    keel_task_detach(keel_task_create(recurse_in_task, NULL, &options));
    uint32_t never = 0;
    spin_until(&never, 1);
    return 0;
}

static int small_frames_in_main(void)
{
    return recurse(0);
}

/* The process's own stack ends a limit below where the kernel put the program's file name. */
static int large_frame_in_main(void)
{
    struct abi_rlimit limit;
    arch_syscall4(__NR_prlimit64, 0, RLIMIT_STACK, 0, (long)&limit);
    return jump(process_auxiliary(AT_EXECFN, 0) - limit.current, 0);
}

/* The same after main has parked. */
static int small_frames_in_parked_main(void)
{
    keel_sleep(MILLISECOND);
    return recurse(0);
}

static const struct way ways[] = {
    {"small-frames-in-task", small_frames_in_task},
    {"large-frame-in-task", large_frame_in_task},
    {"small-frames-on-other-worker", small_frames_on_other_worker},
    {"small-frames-in-main", small_frames_in_main},
    {"large-frame-in-main", large_frame_in_main},
    {"small-frames-in-parked-main", small_frames_in_parked_main},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
