/* Lines: numbers in their extremes, and what does not fit. */
#include "base/line.h"

#include <asm/unistd.h>
#include <linux/fcntl.h>

#include "base/memory.h"
#include "tests/tap.h"

static struct line line;

static bool holds(const char *text)
{
    bool is_same = line.len == strlen(text) && memcmp(line.text, text, line.len) == 0;
    line_begin(&line);
    return is_same;
}

static void test_numbers(void)
{
    line_begin(&line);
    check(holds(""), "a new line is empty");
    line_number(&line, 0);
    check(holds("0"), "0");
    line_number(&line, 9);
    line_number(&line, 10);
    line_number(&line, 1234567890);
    check(holds("9101234567890"), "numbers follow each other");
    line_number(&line, UINT64_MAX);
    check(holds("18446744073709551615"), "the largest number");
    line_signed(&line, INT64_MIN);
    check(holds("-9223372036854775808"), "the smallest signed number");
    line_signed(&line, INT64_MAX);
    check(holds("9223372036854775807"), "the largest signed number");
    line_signed(&line, -1);
    line_signed(&line, 0);
    check(holds("-10"), "minus one, and zero");
    line_hex(&line, 0);
    line_hex(&line, 0xdeadbeef);
    check(holds("0x00xdeadbeef"), "hexadecimal");
    line_hex(&line, UINT64_MAX);
    check(holds("0xffffffffffffffff"), "the largest hexadecimal");
    line_bytes(&line, "a\0bc", 3);
    check(line.len == 3 && memcmp(line.text, "a\0b", 3) == 0, "bytes may be 0");
    line_begin(&line);
}

static int pipe_ends[2];
static char received[2 * line_capacity];

/* Writes the line into the pipe, and returns how many bytes came out at the other end. */
static size_t write_and_read(void)
{
    line_write(&line, pipe_ends[1]);
    long result = arch_syscall3(__NR_read, pipe_ends[0], (long)received, sizeof received);
    return result < 0 ? 0 : (size_t)result;
}

static bool ends_with(size_t len, const char *end)
{
    size_t end_len = strlen(end);
    return len >= end_len && memcmp(received + len - end_len, end, end_len) == 0;
}

static void test_writing(void)
{
    line_text(&line, "keel");
    check_equal(write_and_read(), 5, "a line has a newline behind it");
    check(ends_with(5, "keel\n"), "and its text before");
    check(line.len == 0 && !line.cut, "a line that was written is empty");
}

/* How many bytes fit, as the line itself says. */
static size_t fill(size_t bytes)
{
    line_begin(&line);
    for (size_t i = 0; i < bytes; i++)
        line_bytes(&line, "x", 1);
    return line.len;
}

static void test_cutting(void)
{
    size_t room = fill(2 * line_capacity);
    check(room >= line_capacity - 8 && room < line_capacity, "most of the capacity is for text");
    check(line.cut, "what does not fit is cut");
    line_number(&line, 12345);
    check_equal(line.len, room, "nothing fits behind a cut");
    size_t len = write_and_read();
    check(len <= line_capacity && len == room + 4, "a cut line fits its capacity");
    check(ends_with(len, "x...\n"), "a cut shows");
    check(!line.cut, "the next line is whole");

    fill(room);
    check(!line.cut, "a line that fits exactly is not cut");
    check(write_and_read() == room + 1 && ends_with(room + 1, "xx\n"), "and does not look so");

    fill(room - 3);
    line_number(&line, 12345);
    check(line.cut && line.len == room, "a number that fits in part is cut");
    check(ends_with(write_and_read(), "x123...\n"), "its first digits stay");

    fill(room);
    line_bytes(&line, "", 0);
    check(!line.cut, "nothing more is not too much");
    line_begin(&line);
}

int main(void)
{
    if (arch_syscall2(__NR_pipe2, (long)pipe_ends, O_CLOEXEC) != 0)
        process_end(3);
    test_numbers();
    test_writing();
    test_cutting();
    return tap_done();
}
