/* Signal handlers that return through arch_signal_return: where they run, and what they may change.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "abi/signal.h"
#include "tests/tap.h"

enum { stack_size = 65536, value_sent = 0x12345 };

static unsigned char *alternate;

static struct {
    unsigned count;
    int signal;
    int code;
    uint64_t address;
    uint64_t pc;
    uint64_t sp;
    abi_sigset mask;
    bool on_alternate;
} seen;

static void note(int signal, struct abi_siginfo *info, struct abi_ucontext *context)
{
    unsigned char *here = __builtin_frame_address(0);
    seen.count++;
    seen.signal = signal == info->signal ? signal : -1;
    seen.code = info->code;
    seen.address = info->detail.fault.address;
    seen.pc = machine_context_pc(&context->machine);
    seen.sp = machine_context_sp(&context->machine);
    seen.mask = context->mask;
    seen.on_alternate = here > alternate && here < alternate + stack_size;
}

static long install(int signal, void (*handler)(int, struct abi_siginfo *, struct abi_ucontext *))
{
    struct abi_sigaction action = {
        .handler = (uintptr_t)handler,
        .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
        .restorer = (uintptr_t)arch_signal_return,
    };
    return arch_syscall4(__NR_rt_sigaction, signal, (long)&action, 0, sizeof action.mask);
}

static void send(int signal)
{
    long process_id = arch_syscall0(__NR_getpid);
    arch_syscall3(__NR_tgkill, process_id, arch_syscall0(__NR_gettid), signal);
}

static void test_return(void)
{
    check_equal(install(SIGUSR1, note), 0, "a handler is installed");
    volatile uint64_t seed = 1;
    uint64_t a = seed, b = seed + 1, c = seed + 2, d = seed + 3, e = seed + 4, f = seed + 5;
    double number = (double)seed / 3;
    unsigned char *here = __builtin_frame_address(0);
    send(SIGUSR1);
    check_equal(seen.count, 1, "it ran, and returned");
    check_equal(seen.signal, SIGUSR1, "with its signal, twice");
    check_equal(seen.code, SI_TKILL, "and who sent it");
    check(seen.on_alternate, "on the alternate stack");
    check(seen.sp <= (uint64_t)here && seen.sp > (uint64_t)here - 4096,
          "the context knows the stack");
    check_equal(seen.mask, 0, "and the mask");
    check(a == 1 && b == 2 && c == 3 && d == 4 && e == 5 && f == 6 && number == 1.0 / 3,
          "registers are as before");
    for (int i = 0; i < 1000; i++)
        send(SIGUSR1);
    check_equal(seen.count, 1001, "a thousand times more");
    abi_sigset mask = ~(abi_sigset)0;
    arch_syscall4(__NR_rt_sigprocmask, SIG_BLOCK, 0, (long)&mask, sizeof mask);
    check_equal(mask, 0, "the mask is as before");
}

static void *main_context;
static unsigned char *guarded; /* a page that faults */

/* Where the handler below sends the thread: it is not called, so it must not return. */
static void land(void)
{
    void *dead;
    arch_context_switch(&dead, main_context);
    arch_trap();
}

static void leave(int signal, struct abi_siginfo *info, struct abi_ucontext *context)
{
    note(signal, info, context);
    context->machine.rip = (uintptr_t)land;
}

static void touch(void *arg)
{
    *(volatile unsigned char *)arg = 1;
    arch_trap();
}

/* A fault that a handler answers by sending the thread elsewhere. */
static void test_editing(void)
{
    long stack = arch_syscall6(__NR_mmap, 0, stack_size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    install(SIGSEGV, leave);
    arch_context_start(&main_context, (void *)(stack + stack_size), touch, guarded + 5);
    check_equal(seen.signal, SIGSEGV, "a fault is a signal");
    check_equal(seen.address, (uintptr_t)guarded + 5, "the fault's address");
    check(seen.pc - (uintptr_t)touch < 64, "the context knows the place");
    check(seen.sp > (uint64_t)stack && seen.sp < (uint64_t)stack + stack_size, "and the stack");
    check(seen.code > 0, "the kernel itself sent it");
    unsigned before = seen.count;
    arch_context_start(&main_context, (void *)(stack + stack_size), touch, guarded);
    check_equal(seen.count, before + 1, "the signal is not blocked after the return");
}

int main(void)
{
    long memory = arch_syscall6(__NR_mmap, 0, stack_size + arch_page_size, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    guarded = (unsigned char *)memory;
    alternate = guarded + arch_page_size;
    arch_syscall3(__NR_mprotect, memory, arch_page_size, PROT_NONE);
    struct abi_stack stack = {.stack_pointer = (uintptr_t)alternate, .size = stack_size};
    check_equal(arch_syscall2(__NR_sigaltstack, (long)&stack, 0), 0, "an alternate stack");
    test_return();
    test_editing();
    return tap_done();
}
