#include "base/line.h"

#include "base/memory.h"
#include "base/output.h"

/* Kept free at the end, for the mark of a cut and the newline. */
static const char cut_mark[] = "...";
enum { line_room = line_capacity - (int)sizeof cut_mark };

void line_begin(struct line *line)
{
    line->len = 0;
    line->cut = false;
}

void line_bytes(struct line *line, const char *bytes, size_t len)
{
    size_t room = line_room - line->len;
    if (len > room) {
        len = room;
        line->cut = true;
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
}

void line_text(struct line *line, const char *text)
{
    line_bytes(line, text, strlen(text));
}

static void number_in_base(struct line *line, uint64_t number, unsigned base)
{
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    line_bytes(line, digits + first, sizeof digits - first);
}

void line_number(struct line *line, uint64_t number)
{
    number_in_base(line, number, 10);
}

void line_signed(struct line *line, int64_t number)
{
    uint64_t magnitude = (uint64_t)number;
    if (number < 0) {
        line_bytes(line, "-", 1);
        magnitude = 0 - magnitude;
    }
    number_in_base(line, magnitude, 10);
}

void line_hex(struct line *line, uint64_t number)
{
    line_bytes(line, "0x", 2);
    number_in_base(line, number, 16);
}

void line_write(struct line *line, int descriptor)
{
    if (line->cut) {
        memcpy(line->text + line->len, cut_mark, sizeof cut_mark - 1);
        line->len += sizeof cut_mark - 1;
    }
    line->text[line->len++] = '\n';
    output_write_all(descriptor, line->text, line->len);
    line_begin(line);
}
