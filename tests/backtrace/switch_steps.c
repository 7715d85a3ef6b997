/*
 * The switch, instruction by instruction: a trap after each one walks the stack that the stack
 * pointer is on at that moment, and each walk must name that stack's frames to its end. First the
 * switch by itself, between main and two stacks; then all that lies between tasks which yield to
 * each other, park and end.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "backtrace/backtrace.h"
#include "base/memory.h"
#include "keel/chan.h"
#include "keel/task.h"
#include "machine/context.h"
#include "sched/sched.h"
#include "tests/arch/single_step.h"
#include "tests/handler.h"
#include "tests/tap.h"

#define FRAME __attribute__((noinline))

enum { stack_size = 65536, frames_most = 24, names_most = 4096, stacks_most = 3 };

/* ---- names, looked up once an address */

struct known_name {
    uintptr_t pc;
    const char *function;
};

static struct known_name names[names_most];

static const char *name_at(uintptr_t pc)
{
    struct known_name *known = &names[pc * 2654435761u % names_most];
    if (known->pc != pc) {
        struct backtrace_symbol symbol = {0};
        known->pc = pc;
        known->function = backtrace_symbolize(pc, &symbol) ? symbol.function : NULL;
    }
    return known->function != NULL ? known->function : "?";
}

static bool is_same(const char *left, const char *right)
{
    size_t len = strlen(left);
    return len == strlen(right) && memcmp(left, right, len) == 0;
}

/* ---- one walk */

struct walk {
    size_t count;
    const char *function[frames_most];
    bool is_in_order;
    uintptr_t caller_sp;
};

static bool note_frame(const struct backtrace_frame *frame, void *data)
{
    struct walk *walk = data;
    if (walk->count > 0 && frame->sp != walk->caller_sp)
        walk->is_in_order = false;
    walk->caller_sp = frame->cfa;
    walk->function[walk->count++] = name_at(frame->interrupted ? frame->pc : frame->pc - 1);
    return walk->count < frames_most;
}

static bool ends_in(const struct walk *walk, const char *const *functions, size_t count)
{
    if (walk->count < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_same(walk->function[walk->count - count + i], functions[i]))
            return false;
    }
    return true;
}

static bool passes_by(const struct walk *walk, const char *function)
{
    for (size_t i = 0; i < walk->count; i++) {
        if (is_same(walk->function[i], function))
            return true;
    }
    return false;
}

/* ---- what is wanted of each step */

struct stack {
    uintptr_t low, high;
    const char *frames[4]; /* below the switch, to the end of the walk */
};

static struct {
    struct stack stacks[stacks_most]; /* the last one is main's: everywhere else */
    bool (*is_right)(const struct walk *walk, const struct stack *stack);
    unsigned steps, looked, wrong;
    unsigned looked_on[stacks_most];
    volatile bool end;
} run;

static const struct stack *stack_at(uintptr_t sp)
{
    size_t i = 0;
    while (i + 1 < stacks_most && (sp < run.stacks[i].low || sp > run.stacks[i].high))
        i++;
    return &run.stacks[i];
}

static void tell(const struct walk *walk)
{
    struct line line;
    line_begin(&line);
    line_text(&line, walk->is_in_order ? "# wrong:" : "# not in order:");
    for (size_t i = 0; i < walk->count; i++) {
        line_text(&line, " ");
        line_text(&line, walk->function[i]);
    }
    line_write(&line, tap_descriptor);
}

static bool is_switch(const char *function)
{
    return is_same(function, "arch_context_switch") || is_same(function, "arch_context_start");
}

/* The switch by itself: its own frame, and then exactly those of the stack. */
static bool is_switch_right(const struct walk *walk, const struct stack *stack)
{
    size_t count = 0;
    while (count < 4 && stack->frames[count] != NULL)
        count++;
    if (walk->count == 1) /* a fresh stack, on which nothing has been called yet */
        return stack != &run.stacks[stacks_most - 1] &&
               is_same(walk->function[0], "arch_context_start");
    if (stack == &run.stacks[stacks_most - 1])
        return passes_by(walk, "main_inner") && passes_by(walk, "main_outer") &&
               is_same(walk->function[1], "main_inner") && ends_in(walk, stack->frames, count);
    return walk->count == count + 1 && ends_in(walk, stack->frames, count);
}

/* Between tasks: a walk that ends as a stack must end, by the frames of who stands on it. */
static bool is_task_right(const struct walk *walk, const struct stack *stack)
{
    static const char *const task_end[] = {"arch_context_start"};
    if (stack == &run.stacks[stacks_most - 1]) {
        static const char *const main_end[] = {"main", "boot_start", "_start"};
        return ends_in(walk, main_end, 3) || ends_in(walk, task_end, 1);
    }
    return ends_in(walk, task_end, 1) && passes_by(walk, stack->frames[0]);
}

static void look(const struct abi_ucontext *context)
{
    struct arch_registers registers;
    struct walk walk = {.is_in_order = true};
    arch_registers_from_signal(&registers, &context->machine);
    backtrace_walk(&registers, true, note_frame, &walk);
    const struct stack *stack = stack_at(machine_context_sp(&context->machine));
    run.looked++;
    run.looked_on[stack - run.stacks]++;
    if (!walk.is_in_order || !run.is_right(&walk, stack)) {
        if (run.wrong++ < 5)
            tell(&walk);
    }
}

static ARCH_SIGNAL_HANDLER void begin(int signal, struct abi_siginfo *info,
                                      struct abi_ucontext *context)
{
    (void)signal;
    (void)info;
    single_step_begin(context);
}

static ARCH_SIGNAL_HANDLER void step(int signal, struct abi_siginfo *info,
                                     struct abi_ucontext *context)
{
    (void)signal;
    (void)info;
    run.steps++;
    if (run.end)
        single_step_end(context);
    else if (run.is_right != is_switch_right ||
             is_switch(name_at(machine_context_pc(&context->machine))))
        look(context);
}

static void steps_begin(bool (*is_right)(const struct walk *, const struct stack *))
{
    run.is_right = is_right;
    run.steps = run.looked = run.wrong = 0;
    memset(run.looked_on, 0, sizeof run.looked_on);
    run.end = false;
    arch_syscall3(__NR_tgkill, arch_syscall0(__NR_getpid), arch_syscall0(__NR_gettid), SIGUSR1);
}

static void steps_end(void)
{
    run.end = true;
    (void)*(volatile bool *)&run.end;
}

/* ---- the switch by itself */

/* Above each stack stand addresses of code: a walk that does not end there goes on into them. */
struct memory {
    _Alignas(16) unsigned char stack[stack_size];
    uintptr_t above[16];
};

static struct memory first_memory, second_memory;
static void *main_context, *first_context, *second_context;
static volatile bool goes_back;
static volatile unsigned sink; /* what is done after a call keeps its frame there */

static FRAME void first_inner(void)
{
    arch_context_switch(&first_context, goes_back ? main_context : second_context);
    sink++;
}

static FRAME void first_outer(void)
{
    first_inner();
    sink++;
}

static FRAME void first_entry(void *arg)
{
    (void)arg;
    for (;;) {
        first_outer();
        sink++;
    }
}

static FRAME void second_inner(void)
{
    arch_context_switch(&second_context, main_context);
    sink++;
}

static FRAME void second_outer(void)
{
    second_inner();
    sink++;
}

static FRAME void second_entry(void *arg)
{
    (void)arg;
    for (;;) {
        second_outer();
        sink++;
    }
}

/* main -> first -> second -> main, where second begins in the first round. */
static FRAME void main_inner(bool is_first)
{
    if (is_first)
        arch_context_start(&main_context, second_memory.above, second_entry, NULL);
    else
        arch_context_switch(&main_context, first_context);
    sink++;
}

static FRAME void main_outer(bool is_first)
{
    steps_begin(is_switch_right);
    main_inner(is_first);
    steps_end();
}

static void set_stack(size_t i, uintptr_t low, uintptr_t high, const char *const *frames)
{
    run.stacks[i] = (struct stack){.low = low, .high = high};
    for (size_t j = 0; j < 4; j++)
        run.stacks[i].frames[j] = frames[j];
}

static void switch_alone(void)
{
    enum { words = sizeof(struct machine_saved_context) / 8, rounds = 3 };
    static const char *const frames[stacks_most][4] = {
        {"first_inner", "first_outer", "first_entry", "arch_context_start"},
        {"second_inner", "second_outer", "second_entry", "arch_context_start"},
        {"main", "boot_start", "_start"},
    };
    set_stack(0, (uintptr_t)first_memory.stack, (uintptr_t)first_memory.above, frames[0]);
    set_stack(1, (uintptr_t)second_memory.stack, (uintptr_t)second_memory.above, frames[1]);
    set_stack(2, 0, 0, frames[2]);
    for (size_t i = 0; i < 16; i++)
        first_memory.above[i] = second_memory.above[i] = (uintptr_t)switch_alone + 16;
    main_outer(true);
    if (run.steps == 0) {
        skip("the switch can be walked at every instruction", "no single steps here");
        return;
    }
    check_equal(run.wrong, 0, "a first switch can be walked at every instruction");
    check(run.looked_on[2] >= words && run.looked_on[1] >= words, "  on both stacks");
    goes_back = true;
    arch_context_start(&main_context, first_memory.above, first_entry, NULL);
    goes_back = false;
    unsigned wrong = 0, looked = 0;
    for (int round = 0; round < rounds; round++) {
        main_outer(false);
        wrong += run.wrong;
        looked += run.looked;
    }
    check_equal(wrong, 0, "a switch can be walked at every instruction");
    /* main's, the first's and the second's, each left by as many as it is continued by. */
    check(looked >= rounds * 3 * 2 * (words - 1), "  each of them was looked at");
}

/* ---- between tasks */

static volatile bool stop;
static keel_chan *chan;

static void note_task_stack(size_t i, const char *function)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    const char *const frames[4] = {function};
    set_stack(i, here - stack_size / 2, here, frames);
}

static FRAME void *first_task(void *arg)
{
    note_task_stack(0, "first_task");
    while (!stop)
        keel_yield();
    sink++;
    return arg;
}

static FRAME void *second_task(void *arg)
{
    note_task_stack(1, "second_task");
    while (!stop) {
        keel_chan_receive(chan, NULL);
        keel_yield();
    }
    sink++;
    return arg;
}

static void between_tasks(void)
{
    enum { rounds = 5, steps_least = 500 };
    static const char *const none[4] = {NULL};
    set_stack(0, 0, 0, none);
    set_stack(1, 0, 0, none);
    chan = keel_chan_create(0, 0);
    keel_task *first = keel_task_create(first_task, NULL, NULL);
    keel_task *second = keel_task_create(second_task, NULL, NULL);
    while (run.stacks[0].high == 0 || run.stacks[1].high == 0)
        keel_yield();
    steps_begin(is_task_right);
    for (int i = 0; i < rounds; i++) {
        keel_chan_send(chan, NULL);
        keel_yield();
    }
    steps_end();
    if (run.steps == 0) {
        skip("tasks can be walked at every instruction between them", "no single steps here");
    } else {
        check_equal(run.wrong, 0, "tasks can be walked at every instruction between them");
        check(run.looked_on[0] >= steps_least && run.looked_on[1] >= steps_least &&
                  run.looked_on[2] >= steps_least,
              "  on every stack");
        tap_note("steps", run.steps);
    }
    stop = true;
    keel_chan_close(chan);
    keel_task_await(first, NULL);
    keel_task_await(second, NULL);
    keel_chan_release(chan, NULL);
}

int main(void)
{
    static unsigned char alternate[stack_size];
    struct abi_stack stack = {.stack_pointer = (uintptr_t)alternate, .size = sizeof alternate};
    /* Only this thread is stepped. RELAXED: it is the only one. */
    atomic_store(&sched.worker_limit, 1, RELAXED);
    arch_syscall2(__NR_sigaltstack, (long)&stack, 0);
    handler_install(SIGUSR1, (uintptr_t)begin, SA_SIGINFO | SA_ONSTACK);
    handler_install(SIGTRAP, (uintptr_t)step, SA_SIGINFO | SA_ONSTACK);
    switch_alone();
    between_tasks();
    return tap_done();
}
