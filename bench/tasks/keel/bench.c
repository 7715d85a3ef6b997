/*
 * What Keel's tasks cost. `bench ROW WORKERS` prints "time NUMBER", the nanoseconds that one
 * operation of the row takes; `bench rows` prints the rows that there are, a line each, and a line
 * that begins with "without" for what this Keel does not have. The other folders here are the same
 * programs for the peers, operation by operation; tools/bench-tasks builds and runs them all.
 *
 * A row is run with ever more operations until it takes long enough to be measured; only the last
 * run counts, so what it measures is warm.
 */
#include "bench.h"

static const int64_t long_enough = 100 * 1000 * 1000; /* ns */

unsigned bench_workers = 1;

static const struct row *const tables[] = {task_rows, channel_rows, sleeper_rows, fork_rows,
                                           fan_out_rows};

void print(const char *text)
{
    int64_t len = 0;
    while (text[len] != 0)
        len++;
    /* Only read. */
    cs_print_str((cs_string_t){(char *)(uintptr_t)text, len});
}

_Noreturn void give_up(const char *reason)
{
    print("bench: ");
    print(reason);
    print("\n");
    keel_exit(2);
}

void print_figure(const char *name, uint64_t thousandths)
{
    char text[32];
    char *first = text + sizeof text;
    *--first = 0;
    *--first = '\n';
    for (int digits = 0; digits < 4 || thousandths > 0; digits++) {
        if (digits == 3)
            *--first = '.';
        *--first = (char)('0' + thousandths % 10);
        thousandths /= 10;
    }
    print(name);
    print(" ");
    print(first);
}

keel_task *start(void *(*fn)(void *), void *arg)
{
    keel_task *task = keel_task_create(fn, arg, NULL);
    if (task == NULL)
        give_up("no memory for a task");
    return task;
}

void *result_of(keel_task *task)
{
    void *result;
    keel_task_await(task, &result);
    return result;
}

keel_chan *make_chan(size_t capacity)
{
    keel_chan *chan = keel_chan_create(capacity, sizeof(uint64_t));
    if (chan == NULL)
        give_up("no memory for a channel");
    return chan;
}

static int64_t time_of(const struct row *row, uint64_t count)
{
    int64_t before = keel_now();
    row->run(count);
    return keel_now() - before;
}

static void measure(const struct row *row)
{
    uint64_t count = row->fixed != 0 ? row->fixed : row->first;
    int64_t took = time_of(row, count);
    if (row->once)
        return;
    if (row->fixed != 0)
        took = time_of(row, count);
    while (row->fixed == 0 && took < long_enough) {
        count *= 2;
        took = time_of(row, count);
    }
    print_figure("time", (uint64_t)took * 1000 / count * (row->is_shared ? bench_workers : 1));
}

static bool is_same(const char *left, const char *right)
{
    while (*left != 0 && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

static void list_rows(void)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct row *row = tables[i]; row->name != NULL; row++) {
            print(row->name);
            print("\n");
        }
    }
#if !__has_include("keel/sync.h")
    print("without spawn-million: there is no keel/sync.h\n");
#endif
#if !__has_include("keel/fork.h")
    print("without fork-fib, loops, saxpy: there is no keel/fork.h\n");
#endif
}

int main(int argc, char **argv)
{
    if (argc == 2 && is_same(argv[1], "rows")) {
        list_rows();
        return 0;
    }
    if (argc == 3)
        bench_workers = (unsigned)(argv[2][0] - '0');
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (const struct row *row = tables[i]; row->name != NULL; row++) {
            if (argc == 3 && is_same(argv[1], row->name)) {
                measure(row);
                return 0;
            }
        }
    }
    give_up("which row, and how many workers?");
}
