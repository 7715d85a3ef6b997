/*
 * How much stack a trace needs, which is what a fault handler's stack must have: all calls run on a
 * stack that was painted before.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>

#include "backtrace/backtrace.h"
#include "keel/fault.h"
#include "tests/base/guarded_area.h"
#include "tests/tap.h"

#define CALLED __attribute__((noinline))

enum { area_size = 4 * arch_page_size, promised = 4096 };

static struct guarded_area area;
static void *main_context;
static struct arch_registers deep;
static volatile int sink;

typedef void measured_fn(void);

static _Noreturn void on_painted_stack(void *arg)
{
    measured_fn *measured = *(measured_fn **)arg;
    measured();
    void *ended;
    arch_context_switch(&ended, main_context);
    arch_trap();
}

static size_t measure(measured_fn *measured)
{
    fill_with_pattern(area);
    arch_context_start(&main_context, area.end, on_painted_stack, &measured);
    size_t untouched = 0;
    while (area.start[untouched] == pattern(untouched))
        untouched++;
    return area_size - untouched;
}

static void write_trace(void)
{
    backtrace_write(&deep, false);
}

static void collect(void)
{
    void *frames[4];
    keel_backtrace(frames, 4);
}

static void symbolize(void)
{
    keel_symbol symbol;
    keel_symbolize((void *)deep.value[arch_register_pc], &symbol);
    keel_symbolize((void *)&deep, &symbol);
}

static void check_use(measured_fn *measured, const char *what)
{
    size_t bytes = measure(measured);
    tap_note("bytes of stack", (int64_t)bytes);
    check(bytes <= promised, what);
}

static CALLED void measure_all(void)
{
    arch_registers_capture(&deep);
    check_use(collect, "keel_backtrace");
    check_use(symbolize, "keel_symbolize, which maps the file");
    check_use(write_trace, "backtrace_write");
    check_use(write_trace, "once more");
    sink++;
}

/* A frame whose table entry has an expression, and one with a remembered state. */
static CALLED void realigned(size_t size)
{
    _Alignas(256) volatile char aligned[256];
    volatile char *room = __builtin_alloca(size);
    aligned[0] = room[0] = 1;
    if (size > 5) {
        measure_all();
        sink += aligned[0] + room[0];
    }
}

static CALLED void recurse(int depth)
{
    if (depth > 0)
        recurse(depth - 1);
    else
        realigned((size_t)sink + 100);
    sink++;
}

int main(void)
{
    area = guarded_area_make(area_size);
    /* The trace itself is nobody's. */
    long nowhere = arch_syscall3(__NR_openat, AT_FDCWD, (long)"/dev/null", O_WRONLY);
    arch_syscall2(__NR_dup2, nowhere, standard_error);
    recurse(100);
    return tap_done();
}
