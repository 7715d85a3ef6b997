/*
 * Exit functions in all their ways; the first argument says which: "order", "late" (one registers
 * another), "again" (one calls keel_exit), "many" (more than one block holds), "destructor" (one
 * registers another), "exit" (a destructor calls keel_exit), "begin" (a constructor does).
 */
#include "base/line.h"
#include "keel/task.h"

enum { standard_output = 1, main_status = 5, other_status = 7, many = 200 };

static void print(const char *text)
{
    struct line line;
    line_begin(&line);
    line_text(&line, text);
    line_write(&line, standard_output);
}

static void first(void)
{
    print("first");
}

static char mode(void)
{
    char *const *arguments = keel_arguments(NULL);
    return arguments[1] != NULL ? arguments[1][0] : 'o';
}

__attribute__((destructor)) static void destructor(void)
{
    print("destructor");
}

/* Destructors run in the opposite order. */
__attribute__((destructor)) static void destructor_before(void)
{
    if (mode() == 'd') {
        print("registers another");
        keel_at_exit(first);
    }
    if (mode() == 'e') {
        print("exits again");
        keel_exit(other_status);
    }
}

__attribute__((constructor)) static void constructor(void)
{
    if (mode() == 'b') {
        keel_at_exit(first);
        keel_exit(other_status);
    }
}

static void second(void)
{
    print("second");
}

static void third(void)
{
    print("third");
}

static void registers_another(void)
{
    print("registers another");
    keel_at_exit(third);
}

static void exits_again(void)
{
    print("exits again");
    keel_exit(other_status);
}

static int calls;

static void counts(void)
{
    calls++;
}

static void prints_count(void)
{
    struct line line;
    line_begin(&line);
    line_number(&line, (uint64_t)calls);
    line_write(&line, standard_output);
}

int main(void)
{
    keel_at_exit(first);
    if (mode() == 'm') {
        keel_at_exit(prints_count);
        for (int i = 0; i < many; i++)
            keel_at_exit(counts);
    }
    if (mode() == 'l')
        keel_at_exit(registers_another);
    if (mode() == 'a')
        keel_at_exit(exits_again);
    keel_at_exit(second);
    return main_status;
}
