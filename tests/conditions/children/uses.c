/*
 * Programs that use one thing each, or all: what `tools/refuse` runs while the kernel refuses one
 * call after the other. Each prints the same bytes in every right run. Where the runtime reports an
 * error to the program, it says so in a line on standard error and ends with status 1.
 */
#include "base/memory.h"
#include "keel.h"
#include "runtime.h"
#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

static void print(const char *text)
{
    cs_print_str((cs_string_t){(char *)(uintptr_t)text, (int64_t)strlen(text)});
}

static void print_number(const char *what, int64_t number)
{
    struct line line;
    line_begin(&line);
    line_text(&line, what);
    line_text(&line, " ");
    line_signed(&line, number);
    line_text(&line, "\n");
    cs_print_str((cs_string_t){line.text, (int64_t)line.len});
}

/* What a program does with an error that a call reports. */
static _Noreturn void give_up(const char *what)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "uses: ");
    line_text(&line, what);
    line_write(&line, standard_error);
    keel_exit(1);
}

static void *wanted(void *ptr, const char *what)
{
    if (ptr == NULL)
        give_up(what);
    return ptr;
}

static int hello(void)
{
    print("Hello, world\n");
    return 0;
}

/* ---- tasks */

enum { task_count = 200 };

static void *add_up(void *arg)
{
    int64_t sum = 0;
    for (int64_t i = 1; i <= (int64_t)(uintptr_t)arg; i++) {
        sum += i;
        if (i % 16 == 0)
            keel_yield();
    }
    return (void *)(uintptr_t)sum;
}

static int tasks(void)
{
    static keel_task *handles[task_count];
    int64_t sum = 0;
    for (uintptr_t i = 0; i < task_count; i++)
        handles[i] = wanted(keel_task_create(add_up, (void *)i, NULL), "a task cannot be created");
    for (int i = 0; i < task_count; i++) {
        void *result = NULL;
        keel_task_await(handles[i], &result);
        sum += (int64_t)(uintptr_t)result;
    }
    print_number("sum", sum);
    return 0;
}

/* ---- channels: with more tasks parked than stacks are kept for later */

static keel_chan *requests, *answers;

static void *square(void *arg)
{
    int64_t number;
    while (keel_chan_receive(requests, &number) == 1) {
        number *= number;
        keel_chan_send(answers, &number);
    }
    return arg;
}

static void *send_all(void *arg)
{
    for (int64_t i = 1; i <= task_count; i++)
        keel_chan_send(requests, &i);
    keel_chan_close(requests);
    return arg;
}

static int chans(void)
{
    static keel_task *handles[task_count];
    int64_t sum = 0;
    requests = wanted(keel_chan_create(0, sizeof(int64_t)), "a channel cannot be created");
    answers = wanted(keel_chan_create(16, sizeof(int64_t)), "a channel cannot be created");
    for (int i = 0; i < task_count; i++)
        handles[i] = wanted(keel_task_create(square, NULL, NULL), "a task cannot be created");
    keel_task *sender = wanted(keel_task_create(send_all, NULL, NULL), "a task cannot be created");
    for (int i = 0; i < task_count; i++) {
        int64_t number = 0;
        keel_chan_receive(answers, &number);
        sum += number;
    }
    keel_task_await(sender, NULL);
    for (int i = 0; i < task_count; i++)
        keel_task_await(handles[i], NULL);
    keel_chan_release(requests, NULL);
    keel_chan_release(answers, NULL);
    print_number("squares", sum);
    return 0;
}

/* ---- sleep */

static void *sleep_for(void *arg)
{
    int64_t turn = (int64_t)(uintptr_t)arg;
    int64_t end = keel_now() + turn * 4 * MILLISECOND;
    keel_sleep(turn * 4 * MILLISECOND);
    return keel_now() >= end ? arg : NULL;
}

static int sleeps(void)
{
    keel_task *handles[4];
    for (uintptr_t i = 0; i < 4; i++)
        handles[i] =
            wanted(keel_task_create(sleep_for, (void *)(4 - i), NULL), "no task for a sleep");
    int64_t sum = 0;
    for (int i = 0; i < 4; i++) {
        void *turn = NULL;
        keel_task_await(handles[i], &turn);
        sum += (int64_t)(uintptr_t)turn;
    }
    print_number("slept", sum);
    return 0;
}

/* ---- memory */

static size_t sum_of(const unsigned char *bytes, size_t size)
{
    size_t sum = 0;
    for (size_t i = 0; i < size; i += 512)
        sum += bytes[i];
    return sum;
}

static void *allocate(void *arg)
{
    static const size_t sizes[] = {16, 100, 1000, 10000, 100000, 1000000, 5000000, 20000000};
    enum { size_count = sizeof sizes / sizeof sizes[0], rounds = 3 };
    size_t sum = 0;
    for (int round = 0; round < rounds; round++) {
        void *blocks[size_count];
        for (int i = 0; i < size_count; i++)
            blocks[i] = memset(wanted(keel_alloc(sizes[i]), "no memory"), i + 1, sizes[i]);
        for (int i = 0; i < size_count; i++) {
            blocks[i] = wanted(keel_realloc(blocks[i], sizes[i] * 2), "no memory to grow");
            sum += sum_of(blocks[i], sizes[i]);
        }
        for (int i = 0; i < size_count; i++) {
            blocks[i] = wanted(keel_realloc(blocks[i], sizes[i] / 2), "no memory to shrink");
            sum += sum_of(blocks[i], sizes[i] / 2);
            keel_free(blocks[i]);
        }
        void *aligned = wanted(keel_alloc_aligned(100000, 1 << 23), "no memory, aligned");
        void *zeroed = wanted(keel_alloc_zeroed(1000, 3000), "no memory, zeroed");
        sum += sum_of(zeroed, 3000000) + ((uintptr_t)aligned & ((1 << 23) - 1));
        keel_free(aligned);
        keel_free(zeroed);
    }
    return (void *)(uintptr_t)(sum + (uintptr_t)arg);
}

static int memory(void)
{
    keel_task *task = wanted(keel_task_create(allocate, NULL, NULL), "no task for memory");
    size_t sum = (uintptr_t)allocate(NULL);
    void *other = NULL;
    keel_task_await(task, &other);
    print_number("main", (int64_t)sum);
    print_number("task", (int64_t)(uintptr_t)other);
    return 0;
}

/* ---- exit functions: more than have room without a mapping */

static int64_t exits;

static void count_exit(void)
{
    exits++;
}

static void print_exits(void)
{
    print_number("exit functions", exits);
}

static int exit_functions(void)
{
    if (keel_at_exit(print_exits) != 0)
        give_up("no exit function");
    for (int i = 0; i < 200; i++) {
        if (keel_at_exit(count_exit) != 0)
            give_up("no more exit functions");
    }
    print("main ends\n");
    return 0;
}

/* ---- a print that does not fit into the pipe, from tasks at once */

static void *print_much(void *arg)
{
    enum { size = 100000 };
    char *text = wanted(keel_alloc(size), "no memory for text");
    memset(text, 'x', size);
    text[size - 1] = '\n';
    cs_print_str((cs_string_t){text, size});
    keel_free(text);
    return arg;
}

static int prints(void)
{
    keel_task *handles[4];
    for (int i = 0; i < 4; i++)
        handles[i] = wanted(keel_task_create(print_much, NULL, NULL), "no task for a print");
    for (int i = 0; i < 4; i++)
        keel_task_await(handles[i], NULL);
    return 0;
}

/* ---- ends that are meant */

static void *read_null(void *arg)
{
    static volatile uintptr_t place;
    return (void *)(*(volatile uintptr_t *)place + (uintptr_t)arg);
}

static int fault(void)
{
    keel_task_await(wanted(keel_task_create(read_null, NULL, NULL), "no task for a fault"), NULL);
    return 0;
}

static void *wait_for_ever(void *arg)
{
    int64_t number;
    keel_chan_receive(arg, &number);
    return NULL;
}

static int deadlock(void)
{
    keel_chan *chan = wanted(keel_chan_create(0, sizeof(int64_t)), "a channel cannot be created");
    keel_task_await(wanted(keel_task_create(wait_for_ever, chan, NULL), "no task"), NULL);
    return 0;
}

static int everything(void)
{
    print_number("workers", keel_worker_count() > 0);
    return tasks() + chans() + sleeps() + memory() + exit_functions();
}

int main(int argc, char **argv)
{
    static const struct way ways[] = {
        {"hello", hello},           {"tasks", tasks},   {"chans", chans},
        {"sleeps", sleeps},         {"memory", memory}, {"exit-functions", exit_functions},
        {"prints", prints},         {"fault", fault},   {"deadlock", deadlock},
        {"everything", everything},
    };
    return GO_THE_WAY(ways, argc, argv);
}
