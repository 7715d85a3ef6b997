/*
 * Last words into a pipe that nobody reads any more: SIGPIPE ended the process before it could end
 * as it should, by its status or by the signal of its fault.
 */
#include <linux/fcntl.h>

#include "base/panic.h"
#include "keel/chan.h"
#include "keel/task.h"
#include "tests/forked.h"
#include "tests/tap.h"

static void say_panic(void)
{
    panic("on purpose");
}

static void say_deadlock(void)
{
    keel_chan_receive(keel_chan_create(0, 0), NULL);
}

static void say_fault(void)
{
    static volatile int *volatile nowhere;
    *nowhere = 1;
}

/* The end for writing of a pipe whose other end is closed. */
static int closed_pipe(void)
{
    int ends[2];
    if (arch_syscall2(__NR_pipe2, (long)ends, 0) != 0)
        return -1;
    arch_syscall1(__NR_close, ends[0]);
    return ends[1];
}

int main(void)
{
    int pipe = closed_pipe();
    check(pipe >= 0, "there is a pipe");
    check_equal(status_of_forked(say_panic, pipe), 2 << 8, "a panic ends with status 2");
    check_equal(status_of_forked(say_deadlock, pipe), 2 << 8, "a deadlock too");
    check_equal(status_of_forked(say_fault, pipe) & 0x7f, SIGSEGV, "a fault ends by its signal");
    return tap_done();
}
