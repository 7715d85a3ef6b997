/*
 * Tasks that are parked on one channel, to be looked at from outside. `park KIND COUNT` prints
 *
 *     ready              nothing has been made yet
 *     parked MICROS      COUNT tasks wait; how long it took from the first spawn
 *     released MICROS    the channel was closed and all have ended; how long that took
 *
 * and waits for a line of input before each of the steps between. `park kinds` prints the kinds of
 * tasks that this Keel has. The other folders here are the same program for the peers;
 * tools/bench-stacks builds them, runs them, and reads in /proc what they have become.
 */
#include <asm/unistd.h>

#include "arch/arch.h"
#include "keel.h"
#include "runtime.h"

struct kind {
    const char *name;
    keel_task_options options;
};

static const struct kind kinds[] = {
    {"default", {.flags = 0}},
#ifdef KEEL_TASK_SHELVED
    {"shelved", {.flags = KEEL_TASK_SHELVED}},
#endif
    {"packed", {.stack_size = 1024}},
};

static keel_chan *gate;
static keel_wait_group unparked, unended;

static void print(const char *text)
{
    int64_t len = 0;
    while (text[len] != 0)
        len++;
    /* Only read. */
    cs_print_str((cs_string_t){(char *)(uintptr_t)text, len});
}

static void print_number(const char *name, uint64_t number)
{
    char text[32];
    char *first = text + sizeof text;
    *--first = 0;
    *--first = '\n';
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    print(name);
    print(" ");
    print(first);
}

_Noreturn static void give_up(const char *reason)
{
    print("park: ");
    print(reason);
    print("\n");
    keel_exit(2);
}

/* A call that blocks: it keeps the worker, as everything else waits too. */
static void wait_for_line(void)
{
    char byte = 0;
    while (byte != '\n') {
        if (arch_syscall3(__NR_read, 0, (long)&byte, 1) != 1)
            keel_exit(0);
    }
}

static void *wait_at_gate(void *arg)
{
    keel_wait_group_done(&unparked);
    keel_chan_receive(gate, arg);
    keel_wait_group_done(&unended);
    return NULL;
}

static void park(const struct kind *kind, int count)
{
    print("ready\n");
    wait_for_line();
    int64_t before = keel_now();
    keel_wait_group_add(&unparked, count);
    keel_wait_group_add(&unended, count);
    for (int i = 0; i < count; i++) {
        keel_task *task = keel_task_create(wait_at_gate, NULL, &kind->options);
        if (task == NULL)
            give_up("no memory for a task");
        keel_task_detach(task);
    }
    keel_wait_group_wait(&unparked);
    print_number("parked", (uint64_t)(keel_now() - before) / 1000);
    wait_for_line();
    before = keel_now();
    keel_chan_close(gate);
    keel_wait_group_wait(&unended);
    print_number("released", (uint64_t)(keel_now() - before) / 1000);
}

static bool is_same(const char *left, const char *right)
{
    while (*left != 0 && *left == *right) {
        left++;
        right++;
    }
    return *left == *right;
}

static int number_of(const char *text)
{
    int number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (*text - '0');
    return number;
}

int main(int argc, char **argv)
{
    gate = keel_chan_create(0, 0);
    if (gate == NULL)
        give_up("no memory for a channel");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (argc == 2 && is_same(argv[1], "kinds")) {
            print(kinds[i].name);
            print("\n");
        } else if (argc == 3 && is_same(argv[1], kinds[i].name)) {
            park(&kinds[i], number_of(argv[2]));
            return 0;
        }
    }
    if (argc == 2)
        return 0;
    give_up("which kind, and how many?");
}
