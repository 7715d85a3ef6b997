/*
 * Every structure of abi/ and every member, against the kernel's own headers: size, place, and that
 * no byte of a structure is left unchecked.
 */
#include <asm/poll.h>
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/time_types.h>
#include <linux/uio.h>

#include "abi/signal.h"
#include "abi/system.h"
#include "abi/thread.h"
#include "abi/time.h"
#include "tests/tap.h"

enum { most_bytes = 1024 };

/* Which bytes of the structure at hand have been checked. */
static bool is_checked[most_bytes];
static bool is_same;
static size_t size_of_structure;

static void begin(size_t ours, size_t kernels)
{
    is_same = ours == kernels;
    size_of_structure = ours;
    for (size_t i = 0; i < ours; i++)
        is_checked[i] = false;
}

static void member(const char *name, size_t place, size_t size, size_t kernels_place,
                   size_t kernels_size)
{
    for (size_t i = place; i < place + size; i++)
        is_checked[i] = true;
    if (place == kernels_place && size == kernels_size)
        return;
    is_same = false;
    struct line line;
    line_begin(&line);
    line_text(&line, "# differs: ");
    line_text(&line, name);
    line_write(&line, tap_descriptor);
}

static void end(const char *name)
{
    bool is_whole = true;
    for (size_t i = 0; i < size_of_structure; i++)
        is_whole = is_whole && is_checked[i];
    check(is_same, name);
    check(is_whole, "  all of it");
}

#define BEGIN(ours, kernels) begin(sizeof(ours), sizeof(kernels))
#define SIZE(type, member)   sizeof(((type *)NULL)->member)
#define MEMBER(ours, our_member, kernels, kernel_member)                                           \
    member(#our_member, offsetof(ours, our_member), SIZE(ours, our_member),                        \
           offsetof(kernels, kernel_member), SIZE(kernels, kernel_member))
/* What the kernel's header leaves to the compiler, between two members. */
#define PADDING(ours, our_member)                                                                  \
    member(#our_member, offsetof(ours, our_member), SIZE(ours, our_member),                        \
           offsetof(ours, our_member), SIZE(ours, our_member))

static void test_sigaction(void)
{
    BEGIN(struct abi_sigaction, struct sigaction);
    MEMBER(struct abi_sigaction, handler, struct sigaction, sa_handler);
    MEMBER(struct abi_sigaction, flags, struct sigaction, sa_flags);
    MEMBER(struct abi_sigaction, restorer, struct sigaction, sa_restorer);
    MEMBER(struct abi_sigaction, mask, struct sigaction, sa_mask);
    end("sigaction");
    check_equal(sizeof(abi_sigset), sizeof(sigset_t), "sigset_t");
}

static void test_stack(void)
{
    BEGIN(struct abi_stack, stack_t);
    MEMBER(struct abi_stack, stack_pointer, stack_t, ss_sp);
    MEMBER(struct abi_stack, flags, stack_t, ss_flags);
    PADDING(struct abi_stack, padding);
    MEMBER(struct abi_stack, size, stack_t, ss_size);
    end("stack_t");
}

static void test_siginfo(void)
{
    BEGIN(struct abi_siginfo, siginfo_t);
    MEMBER(struct abi_siginfo, signal, siginfo_t, si_signo);
    MEMBER(struct abi_siginfo, error, siginfo_t, si_errno);
    MEMBER(struct abi_siginfo, code, siginfo_t, si_code);
    PADDING(struct abi_siginfo, padding);
    MEMBER(struct abi_siginfo, detail.fault.address, siginfo_t, si_addr);
    MEMBER(struct abi_siginfo, detail.fault.address_lsb, siginfo_t, si_addr_lsb);
    MEMBER(struct abi_siginfo, detail.sent.process, siginfo_t, si_pid);
    MEMBER(struct abi_siginfo, detail.sent.user, siginfo_t, si_uid);
    MEMBER(struct abi_siginfo, detail.sent.value, siginfo_t, si_value);
    check_equal(offsetof(struct abi_siginfo, detail), offsetof(siginfo_t, _sifields),
                "the union of siginfo_t");
    PADDING(struct abi_siginfo, detail);
    end("siginfo_t");
}

/* The context is the last member but one and the mask the last: checked as wholes here. */
static void test_ucontext(void)
{
    BEGIN(struct abi_ucontext, struct ucontext);
    MEMBER(struct abi_ucontext, flags, struct ucontext, uc_flags);
    MEMBER(struct abi_ucontext, link, struct ucontext, uc_link);
    MEMBER(struct abi_ucontext, stack, struct ucontext, uc_stack);
    MEMBER(struct abi_ucontext, machine, struct ucontext, uc_mcontext);
    MEMBER(struct abi_ucontext, mask, struct ucontext, uc_sigmask);
    end("ucontext");
}

#define REGISTER(ours, kernels) MEMBER(struct abi_machine_context, ours, struct sigcontext, kernels)

static void test_machine_context(void)
{
    BEGIN(struct abi_machine_context, struct sigcontext);
    REGISTER(r8, r8);
    REGISTER(r9, r9);
    REGISTER(r10, r10);
    REGISTER(r11, r11);
    REGISTER(r12, r12);
    REGISTER(r13, r13);
    REGISTER(r14, r14);
    REGISTER(r15, r15);
    REGISTER(rdi, rdi);
    REGISTER(rsi, rsi);
    REGISTER(rbp, rbp);
    REGISTER(rbx, rbx);
    REGISTER(rdx, rdx);
    REGISTER(rax, rax);
    REGISTER(rcx, rcx);
    REGISTER(rsp, rsp);
    REGISTER(rip, rip);
    REGISTER(flags, eflags);
    REGISTER(cs, cs);
    REGISTER(gs, gs);
    REGISTER(fs, fs);
    REGISTER(ss, ss);
    REGISTER(error, err);
    REGISTER(trap, trapno);
    REGISTER(old_mask, oldmask);
    REGISTER(fault_address, cr2);
    REGISTER(floating_point, fpstate);
    REGISTER(reserved, reserved1);
    end("sigcontext");
}

static void test_clone_args(void)
{
    BEGIN(struct abi_clone_args, struct clone_args);
    MEMBER(struct abi_clone_args, flags, struct clone_args, flags);
    MEMBER(struct abi_clone_args, pidfd, struct clone_args, pidfd);
    MEMBER(struct abi_clone_args, child_tid, struct clone_args, child_tid);
    MEMBER(struct abi_clone_args, parent_tid, struct clone_args, parent_tid);
    MEMBER(struct abi_clone_args, exit_signal, struct clone_args, exit_signal);
    MEMBER(struct abi_clone_args, stack, struct clone_args, stack);
    MEMBER(struct abi_clone_args, stack_size, struct clone_args, stack_size);
    MEMBER(struct abi_clone_args, tls, struct clone_args, tls);
    MEMBER(struct abi_clone_args, set_tid, struct clone_args, set_tid);
    MEMBER(struct abi_clone_args, set_tid_size, struct clone_args, set_tid_size);
    MEMBER(struct abi_clone_args, cgroup, struct clone_args, cgroup);
    end("clone_args");
}

static void test_small_ones(void)
{
    BEGIN(struct abi_timespec, struct __kernel_timespec);
    MEMBER(struct abi_timespec, seconds, struct __kernel_timespec, tv_sec);
    MEMBER(struct abi_timespec, nanoseconds, struct __kernel_timespec, tv_nsec);
    end("timespec");

    BEGIN(struct abi_pollfd, struct pollfd);
    MEMBER(struct abi_pollfd, descriptor, struct pollfd, fd);
    MEMBER(struct abi_pollfd, events, struct pollfd, events);
    MEMBER(struct abi_pollfd, returned, struct pollfd, revents);
    end("pollfd");

    BEGIN(struct abi_rlimit, struct rlimit64);
    MEMBER(struct abi_rlimit, current, struct rlimit64, rlim_cur);
    MEMBER(struct abi_rlimit, maximum, struct rlimit64, rlim_max);
    end("rlimit64");

    BEGIN(struct abi_memory_range, struct iovec);
    MEMBER(struct abi_memory_range, start, struct iovec, iov_base);
    MEMBER(struct abi_memory_range, size, struct iovec, iov_len);
    end("iovec");
}

int main(void)
{
    test_sigaction();
    test_stack();
    test_siginfo();
    test_ucontext();
    test_machine_context();
    test_clone_args();
    test_small_ones();
    return tap_done();
}
