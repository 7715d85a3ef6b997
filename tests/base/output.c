/* Output without a scheduler: all bytes arrive, in one piece, and SIGPIPE is the program's. */
#include "base/output.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "abi/signal.h"
#include "base/memory.h"
#include "tests/cases.h"

static struct abi_sigaction action_for_closed_pipes(void)
{
    struct abi_sigaction action = {0};
    arch_syscall4(__NR_rt_sigaction, SIGPIPE, 0, (long)&action, sizeof action.mask);
    return action;
}

static void make_pipe(int ends[2])
{
    arch_syscall2(__NR_pipe2, (long)ends, 0);
}

static bool arrives(int descriptor, const char *text)
{
    char read[64] = {0};
    long len = arch_syscall3(__NR_read, descriptor, (long)read, sizeof read);
    return len == (long)strlen(text) && memcmp(read, text, strlen(text)) == 0;
}

static int prints_and_ignores(void)
{
    int ends[2];
    make_pipe(ends);
    output_print(ends[1], "once", 4);
    bool is_ignored = action_for_closed_pipes().handler == (uintptr_t)SIG_IGN;
    output_print(ends[1], "", 0);
    bool all_there = arrives(ends[0], "once");
    arch_syscall1(__NR_close, ends[0]);
    output_print(ends[1], "lost", 4);
    return is_ignored && all_there ? 0 : 1;
}

static void handler(int signal)
{
    (void)signal;
}

/* What the program has chosen is left as it is. */
static int prints_with_own_action(void)
{
    struct abi_sigaction own = {.handler = (uintptr_t)handler,
                                .flags = SA_RESTORER | SA_RESTART,
                                .restorer = (uintptr_t)arch_signal_return};
    arch_syscall4(__NR_rt_sigaction, SIGPIPE, (long)&own, 0, sizeof own.mask);
    int ends[2];
    make_pipe(ends);
    output_print(ends[1], "text", 4);
    struct abi_sigaction after = action_for_closed_pipes();
    return after.handler == own.handler && after.flags == own.flags && arrives(ends[0], "text") ? 0
                                                                                                : 1;
}

static int prints_into_nothing(void)
{
    output_print(-1, "lost", 4);
    return 0;
}

/* A full pipe that does not block, and a reader that comes late. */
static int prints_more_than_fits(void)
{
    enum { size = 300000 };
    static char bytes[size], back[size];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 31 >> 3);
    int ends[2];
    make_pipe(ends);
    arch_syscall3(__NR_fcntl, ends[1], F_SETFL, O_NONBLOCK);
    if (arch_syscall0(__NR_fork) == 0) {
        output_print(ends[1], bytes, size);
        process_end(0);
    }
    arch_syscall1(__NR_close, ends[1]);
    size_t done = 0;
    long len;
    while ((len = arch_syscall3(__NR_read, ends[0], (long)back + (long)done, 10000)) > 0)
        done += (size_t)len;
    return done == size && memcmp(bytes, back, size) == 0 ? 0 : 1;
}

static int refused_write(void)
{
    refuse_syscall(__NR_write, EIO);
    output_print(1, "lost", 4);
    return 0;
}

int main(void)
{
    check_case(prints_and_ignores, 0, "the first print ignores SIGPIPE");
    check_case(prints_with_own_action, 0, "unless the program has an action");
    check_case(prints_more_than_fits, 0, "all of it, through a full pipe");
    check_case(prints_into_nothing, 0, "a descriptor that is closed: lost");
    cases_need_refusals();
    check_case(refused_write, 0, "a write that is refused: lost");
    return tap_done();
}
