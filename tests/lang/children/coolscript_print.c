/*
 * Prints as its first argument says. At its end it says "went on" on standard error: a print that
 * ended the process would have kept it from that.
 */
#include "runtime.h"

#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

enum { printer_count = 40, lines_each = 20, line_most = 9000, large_size = 3 << 20 };

static char large[large_size];

static int went_on(void)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "went on");
    line_write(&line, standard_error);
    return 0;
}

static void print(const char *text)
{
    cs_print_str((cs_string_t){(char *)(uintptr_t)text, (int64_t)strlen(text)});
}

static int hello(void)
{
    print("Hello, ");
    print("world\n");
    return went_on();
}

/* Every byte once, in order, newlines and zeros among them. */
static int bytes(void)
{
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    cs_print_str((cs_string_t){all, sizeof all});
    return went_on();
}

static int nothing(void)
{
    static char text[] = "never";
    cs_print_str((cs_string_t){text, 0});
    cs_print_str((cs_string_t){text, -1});
    cs_print_str((cs_string_t){text, INT64_MIN});
    cs_print_str((cs_string_t){NULL, 0});
    cs_print_str((cs_string_t){NULL, -5});
    return went_on();
}

/* More than a pipe holds. */
static int large_string(void)
{
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (char)('a' + i % 23);
    cs_print_str((cs_string_t){large, sizeof large});
    return went_on();
}

/* Lines of one letter each: "<printer>:<number>:aaaa...". */
static void *print_lines(void *arg)
{
    static char texts[printer_count][line_most + 16];
    unsigned printer = (unsigned)(uintptr_t)arg;
    char *text = texts[printer];
    for (unsigned number = 0; number < lines_each; number++) {
        struct line head;
        line_begin(&head);
        line_number(&head, printer);
        line_text(&head, ":");
        line_number(&head, number);
        line_text(&head, ":");
        memcpy(text, head.text, head.len);
        /* Some shorter than a pipe writes at once (4096), some longer. */
        size_t len = (printer * 977 + number * 613) % line_most;
        memset(text + head.len, (int)('a' + printer % 26), len);
        text[head.len + len] = '\n';
        cs_print_str((cs_string_t){text, (int64_t)(head.len + len + 1)});
        if (number % 8 == printer % 8)
            keel_yield();
    }
    return NULL;
}

static int many_printers(void)
{
    keel_task *tasks[printer_count];
    for (uintptr_t i = 0; i < printer_count; i++)
        tasks[i] = keel_task_create(print_lines, (void *)i, NULL);
    for (uintptr_t i = 0; i < printer_count; i++)
        keel_task_await(tasks[i], NULL);
    return went_on();
}

static const struct way ways[] = {
    {"hello", hello},        {"bytes", bytes},        {"nothing", nothing},
    {"large", large_string}, {"many", many_printers},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
