/*
 * What a linker can get wrong, in one program by public calls: thread-local variables (large,
 * aligned, initialised and not, in another file too), relocated pointers in every kind of data,
 * indirect functions, constructors and destructors in their order, a section of the program's own,
 * tasks and channels. Prints one line that says "not ok" for each thing that is wrong, and at last
 * "done" and the destructors' names.
 */
#include <keel.h>
#include <runtime.h>

#include "everything.h"

static void say(const char *text)
{
    int64_t len = 0;
    while (text[len] != '\0')
        len++;
    cs_print_str((cs_string_t){(char *)text, len});
}

static void check(int is_right, const char *what)
{
    if (is_right)
        return;
    say("not ok: ");
    say(what);
    say("\n");
}

/* ---- constructors and destructors */

static int order;
static int preinit_place, early_place, late_place, plain_place;
static int constructor_argument_count;
static char **constructor_arguments, **constructor_environment;

static void before_all(void)
{
    preinit_place = ++order;
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = before_all;

__attribute__((constructor(300))) static void late(void)
{
    late_place = ++order;
}

__attribute__((constructor(101))) static void early(void)
{
    early_place = ++order;
}

__attribute__((constructor)) static void plain(int argc, char **argv, char **environment)
{
    plain_place = ++order;
    constructor_argument_count = argc;
    constructor_arguments = argv;
    constructor_environment = environment;
}

__attribute__((destructor(101))) static void destroy_last(void)
{
    say("destructor 101\n");
}

__attribute__((destructor(300))) static void destroy_later(void)
{
    say("destructor 300\n");
}

__attribute__((destructor)) static void destroy_first(void)
{
    say("destructor\n");
}

static void at_exit(void)
{
    say("exit function\n");
}

static void check_constructors(int argc, char **argv, char **environment)
{
    check(preinit_place == 1 && early_place == 2 && late_place == 3 && plain_place == 4,
          "constructors in order");
    check(constructor_argument_count == argc && constructor_arguments == argv &&
              constructor_environment == environment,
          "constructors get what main gets");
    check(argc == 2 && argv[1][0] == 'x' && argv[1][1] == '\0' && argv[2] == 0, "arguments");
    check(environment == argv + argc + 1 && keel_environment("LINKING") != 0, "environment");
}

/* ---- thread-local variables */

enum { large = 100 * 1024 };

static _Thread_local _Alignas(256) unsigned char aligned_zero[256];
static _Thread_local unsigned char zeros[large];
static _Thread_local char letter = 'k';
static _Thread_local const char *name = "thread-local";
static _Thread_local long (*function)(long) = twice;

static int is_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != 0)
            return 0;
    }
    return 1;
}

/* By volatile pointers: a compiler takes its own promise of an alignment for granted. */
static void check_thread_local(void)
{
    unsigned char *volatile zero_place = zeros;
    unsigned char *volatile aligned_place = aligned_zero;
    unsigned char *volatile values_place = aligned_values;
    check(is_zero(zero_place, large), "100 KiB that are zero");
    check((uintptr_t)aligned_place % 256 == 0 && is_zero(aligned_place, 256), "256-aligned, zero");
    check((uintptr_t)values_place % 256 == 0, "256-aligned, initialised");
    for (int i = 0; i < 8; i++)
        check(values_place[i] == i + 1, "initial value of an aligned variable");
    check(letter == 'k', "initial value of a letter");
    check(name[0] == 't' && name[11] == 'l', "a thread-local pointer");
    check(function(4) == 8, "a thread-local pointer to a function");
    check(other_number == 0x123456789abcdef, "a variable of another file");
    other_number = 5;
    check(read_other_number() == 5, "both files mean the same");
}

/* ---- relocated pointers */

static const char *const texts[] = {"zero", "one", "two", "three"};
static const char *changing_texts[] = {"a", "b", "c"};
static long (*const functions[])(long) = {twice, chosen, negated};
static const struct {
    int number;
    const void *self;
} self_reference = {7, &self_reference};

extern int nowhere(void) __attribute__((weak));

static void check_pointers(void)
{
    const char *const *volatile text = texts;
    check(text[0][0] == 'z' && text[3][4] == 'e', "constant pointers");
    check(changing_texts[2][0] == 'c', "pointers in data");
    check(functions[0](3) == 6 && functions[2](3) == -3, "pointers to functions");
    check(self_reference.self == &self_reference, "a pointer to itself");
    for (int i = 0; i < many_count; i++)
        check(*many[i] == i, "a long table of pointers");
    int (*volatile weak)(void) = nowhere;
    check(weak == 0, "a weak function that there is not");
}

/* ---- indirect functions */

static void check_indirect(void)
{
    check(chosen(1) == 1001, "an indirect function");
    check(functions[1](2) == 1002, "its address in a constant");
    check(chosen_pointer(3) == 1003, "its address in another file's data");
    check(resolver_calls() >= 1, "the resolver ran");
}

/* ---- a section of the program's own: linkers define its two ends */

#define IN_LIST __attribute__((section("program_list"), used))
IN_LIST static const int first_entry = 40;
IN_LIST static const int second_entry = 2;
extern const int __start_program_list[], __stop_program_list[];

static void check_section(void)
{
    int sum = 0;
    for (const int *each = __start_program_list; each < __stop_program_list; each++)
        sum += *each;
    check(sum == 42, "a section of the program's own");
}

/* ---- what compilers call by themselves, at link time still */

struct page {
    unsigned char bytes[4000];
};
static struct page first_page, second_page;

static void check_library_calls(void)
{
    struct page *volatile from = &first_page, *volatile to = &second_page;
    volatile size_t last = sizeof first_page - 1;
    from->bytes[last] = 9;
    *to = *from; /* memcpy */
    check(to->bytes[last] == 9, "a structure is copied");
    *to = (struct page){0}; /* memset */
    check(to->bytes[last] == 0, "a structure is zeroed");
    check(__builtin_memcmp(to, from, last) == 0, "memory is compared");
    volatile unsigned __int128 dividend = (unsigned __int128)1 << 100;
    volatile unsigned __int128 divisor = 1000;
    check((uint64_t)(dividend / divisor >> 64) == (1ull << 36) / 1000, "128-bit division");
}

/* ---- tasks and channels */

enum { tasks = 20, rounds = 50 };

static void send_numbers(void *data)
{
    for (long i = 0; i < rounds; i++) {
        check(letter == 'k' && zeros[large - 1] == 0, "each thread's own variables");
        keel_chan_send(data, &i);
    }
    keel_chan_drop_sender(data);
}

static void check_tasks(void)
{
    keel_chan *chan = keel_chan_create(2, sizeof(long));
    for (int i = 0; i < tasks; i++)
        keel_spawn(send_numbers, keel_chan_clone_sender(chan));
    keel_chan_drop_sender(chan);
    long sum = 0, value;
    while (keel_chan_receive(chan, &value) == 1)
        sum += value;
    check(sum == tasks * (rounds * (rounds - 1) / 2), "the sum of what the tasks sent");
    keel_chan_release(chan, 0);
    char *block = keel_alloc(100000);
    check(block != 0, "memory");
    keel_free(block);
}

int main(int argc, char **argv, char **environment)
{
    keel_at_exit(at_exit);
    check_constructors(argc, argv, environment);
    check_thread_local();
    check_pointers();
    check_indirect();
    check_section();
    check_library_calls();
    check_tasks();
    say("done\n");
    return 7;
}
