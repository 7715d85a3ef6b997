/*
 * What a fault report says, for every code that the kernel knows: from signals made by hand, of
 * which a machine of today would raise only some.
 */
#include "signal/report.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "base/memory.h"
#include "base/panic.h"
#include "base/thread_block.h"
#include "tests/tap.h"

enum { address = 0x7777000, pc = 0x401234, low = 0x5000000, stack_size = 0x30000, text_most = 512 };

static struct abi_siginfo info;
static struct abi_ucontext context;
static int ends[2];

/* Whether the report of this signal is `wanted`, the whole line. */
static bool says(int signal, int code, bool with_task, const char *wanted)
{
    struct signal_fault fault = {signal, &info, &context, thread_block()};
    char text[text_most];
    info.code = code;
    signal_report_cause(&fault, with_task);
    long len = arch_syscall3(__NR_read, ends[0], (long)text, sizeof text);
    bool same = len == (long)strlen(wanted) && memcmp(text, wanted, strlen(wanted)) == 0;
    if (!same)
        arch_syscall3(__NR_write, tap_descriptor, (long)text, len);
    return same;
}

#define check_says(signal, code, cause)                                                            \
    check(says(signal, code, false, "keel: " #signal ": " cause ", at 0x401234\n"),                \
          #signal " " #code)

static void test_arithmetic(void)
{
    check_says(SIGFPE, FPE_INTDIV, "integer division by zero, or its quotient overflows");
    check_says(SIGFPE, FPE_INTOVF, "integer overflow");
    check_says(SIGFPE, FPE_FLTDIV, "floating-point division by zero");
    check_says(SIGFPE, FPE_FLTOVF, "floating-point overflow");
    check_says(SIGFPE, FPE_FLTUND, "floating-point underflow");
    check_says(SIGFPE, FPE_FLTRES, "inexact floating-point result");
    check_says(SIGFPE, FPE_FLTINV, "invalid floating-point operation");
    check_says(SIGFPE, FPE_FLTSUB, "arithmetic fault");
}

static void test_addresses(void)
{
    info.detail.fault.address = address;
    check_says(SIGSEGV, SEGV_MAPERR, "invalid address 0x7777000 (nothing is mapped there)");
    check_says(SIGSEGV, SEGV_ACCERR, "invalid address 0x7777000 (mapped, but not for this access)");
    check_says(SIGSEGV, SEGV_PKUERR, "invalid address 0x7777000");
    check_says(SIGSEGV, SI_KERNEL, "an address that no program can have");
    check_says(SIGBUS, BUS_ADRALN, "misaligned address 0x7777000");
    check_says(SIGBUS, BUS_ADRERR, "no memory behind address 0x7777000");
    check_says(SIGILL, ILL_ILLOPN, "illegal instruction");
    info.detail.fault.address = pc;
    check_says(SIGSEGV, SEGV_MAPERR, "jump to invalid address 0x401234 (nothing is mapped there)");
    info.detail.fault.address = 0xff8;
    check_says(SIGSEGV, SEGV_MAPERR, "invalid address 0xff8 (null page)");
}

static void test_sent(void)
{
    info.detail.sent.process = 77;
    check_says(SIGSEGV, SI_USER, "sent by process 77");
    check_says(SIGBUS, SI_TKILL, "sent by process 77");
    check(says(SIGTERM, SI_USER, false, "keel: signal 15: sent by process 77, at 0x401234\n"),
          "any other signal by its number");
    check(
        says(SIGSEGV, SI_USER, true, "keel: SIGSEGV in no task: sent by process 77, at 0x401234\n"),
        "who is no task");
}

/* ---- guards of stacks */

static struct task_identity own = {.id = 5, .name = "own"}, other = {.id = 6};
static const struct task_identity *owner_task;

static struct address_owner guard_of(uintptr_t asked)
{
    return (struct address_owner){
        .is_stack_guard = asked == address,
        .task = owner_task,
        .stack_low = low,
        .stack_size = stack_size,
    };
}

#define GUARD "0x7777000 lies in the guard below "
#define SIZE  " of 196608 bytes"

static void test_guards(void)
{
    thread_block()->address_owner = guard_of;
    thread_block()->task = &own;
    info.detail.fault.address = address;
    owner_task = &own;
    context.machine.rsp = low + 100;
    check_says(SIGSEGV, SEGV_ACCERR, "stack overflow: " GUARD "its stack" SIZE);
    context.machine.rsp = low - 100;
    check_says(SIGSEGV, SEGV_ACCERR, "stack overflow: " GUARD "its stack" SIZE);
    context.machine.rsp = low + stack_size - 100;
    check_says(SIGSEGV, SEGV_ACCERR, GUARD "its stack" SIZE);
    context.machine.rsp = low - 10 * stack_size;
    owner_task = &other;
    check_says(SIGSEGV, SEGV_ACCERR, GUARD "the stack of task 6," SIZE);
    owner_task = NULL;
    check_says(SIGSEGV, SEGV_ACCERR, GUARD "a stack that no task has now," SIZE);
    info.detail.fault.address = address + 1;
    check(says(SIGSEGV, SEGV_PKUERR, true,
               "keel: SIGSEGV in task 5 \"own\": invalid address 0x7777001, at 0x401234\n"),
          "an address that is in no guard");
    thread_block()->task = NULL;
    thread_block()->address_owner = NULL;
}

int main(void)
{
    arch_syscall2(__NR_pipe2, (long)ends, 0);
    arch_syscall3(__NR_dup3, ends[1], standard_error, 0);
    context.machine.rip = pc;
    test_arithmetic();
    test_addresses();
    test_sent();
    test_guards();
    return tap_done();
}
