/*
 * A line of text under construction: the one place that formats numbers. It lies on the caller's
 * stack, needs no lock and no allocator, and leaves by one write, so that lines of several threads
 * do not mix. What does not fit is cut, and the cut is shown by "...".
 */
#ifndef KEEL_BASE_LINE_H
#define KEEL_BASE_LINE_H

#include "base/base.h"

enum { line_capacity = 512, standard_error = 2 };

struct line {
    size_t len;
    bool cut;
    char text[line_capacity];
};

/* An empty line. (Not by initialiser: that would clear the whole text.) */
void line_begin(struct line *line);

void line_text(struct line *line, const char *text);
void line_bytes(struct line *line, const char *bytes, size_t len);
void line_number(struct line *line, uint64_t number);
void line_signed(struct line *line, int64_t number);
void line_hex(struct line *line, uint64_t number); /* with 0x */

/* Ends the line with a newline, writes it to `descriptor` and empties it. */
void line_write(struct line *line, int descriptor);

#endif
