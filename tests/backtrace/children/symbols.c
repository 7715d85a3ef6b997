/*
 * Prints what is known of the addresses that its arguments are, a line each: hexadecimal digits
 * without 0x, as nm prints them; the answer is "function+0x1 directory file:2", with "-" for what
 * is not known.
 */
#include "base/line.h"
#include "keel/fault.h"

static void line_known(struct line *line, const char *text)
{
    line_text(line, text != NULL ? text : "-");
}

static void answer(uintptr_t address)
{
    keel_symbol symbol;
    struct line line;
    int result = keel_symbolize((void *)address, &symbol);
    line_begin(&line);
    line_known(&line, symbol.function);
    line_text(&line, "+");
    line_hex(&line, symbol.offset);
    line_text(&line, " ");
    line_known(&line, symbol.directory);
    line_text(&line, " ");
    line_known(&line, symbol.file);
    line_text(&line, ":");
    line_number(&line, symbol.line);
    if (result != 0)
        line_text(&line, " unknown");
    line_write(&line, 1);
}

static uintptr_t address_of(const char *text)
{
    uintptr_t address = 0;
    for (; *text != '\0'; text++)
        address = address * 16 + (uintptr_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    return address;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        answer(address_of(argv[i]));
    return 0;
}
