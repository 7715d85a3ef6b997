#include "base/options.h"

#include "base/line.h"
#include "base/memory.h"
#include "base/process.h"

static const char prefix[] = "KEEL_";
static const char help_name[] = "KEEL_HELP";

enum { usage_status = 2, standard_output = 1 };

/* Decimal digits, at most 18 of them. */
static bool parse_number(const char *text, int64_t *number)
{
    size_t len = strlen(text);
    if (len == 0 || len > 18)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *number = value;
    return true;
}

static _Noreturn void print_help(const struct option *table, size_t count)
{
    struct line line;
    line_begin(&line);
    for (size_t i = 0; i < count; i++) {
        line_text(&line, table[i].name);
        line_text(&line, "=");
        line_signed(&line, table[i].least);
        line_text(&line, "..");
        line_signed(&line, table[i].most);
        line_text(&line, "  ");
        line_text(&line, table[i].help);
        line_write(&line, standard_output);
    }
    line_text(&line, "KEEL_HELP=1  prints these lines and ends");
    line_write(&line, standard_output);
    process_end(0);
}

static _Noreturn void refuse(const char *entry, const struct option *option)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "keel: ");
    line_text(&line, entry);
    line_text(&line, ": a whole number from ");
    line_signed(&line, option->least);
    line_text(&line, " to ");
    line_signed(&line, option->most);
    line_text(&line, " is wanted");
    line_write(&line, standard_error);
    process_end(usage_status);
}

static void warn_unknown(const char *entry, size_t name_len)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "keel: ");
    line_bytes(&line, entry, name_len);
    line_text(&line, " is no variable of this program (KEEL_HELP=1 lists them)");
    line_write(&line, standard_error);
}

/* The row of the table that the entry's name (its first name_len bytes) names, or NULL. */
static const struct option *find(const struct option *table, size_t count, const char *entry,
                                 size_t name_len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(table[i].name) == name_len && memcmp(table[i].name, entry, name_len) == 0)
            return &table[i];
    }
    return NULL;
}

void options_read(const struct option *table, size_t count)
{
    if (process_is_secure())
        return;
    for (char **entry = process.environment; *entry != NULL; entry++) {
        size_t len = strlen(*entry);
        if (len < sizeof prefix - 1 || memcmp(*entry, prefix, sizeof prefix - 1) != 0)
            continue;
        size_t name_len = 0;
        while (name_len < len && (*entry)[name_len] != '=')
            name_len++;
        if (name_len == len)
            continue;
        const char *text = *entry + name_len + 1;
        if (name_len == sizeof help_name - 1 && memcmp(*entry, help_name, name_len) == 0) {
            if (memcmp(text, "1", 2) == 0)
                print_help(table, count);
            continue;
        }
        const struct option *option = find(table, count, *entry, name_len);
        if (option == NULL) {
            warn_unknown(*entry, name_len);
            continue;
        }
        int64_t number;
        if (!parse_number(text, &number) || number < option->least || number > option->most)
            refuse(*entry, option);
        *option->value = number;
    }
}
