/* strlen: right before a page that faults, at all alignments, whatever lies before the text. */
#include "base/memory.h"
#include "tests/base/guarded_area.h"
#include "tests/tap.h"

enum { most_small = 300, alignments = 64 };

typedef size_t length_function(const char *text);

/* By a pointer, so that the compiler does not compute the length itself. */
static length_function *volatile length = strlen;

static struct guarded_area area;

/* A text of `len` bytes, all different from 0, and its end; `before` fills the page before it. */
static bool measures(unsigned char *text, size_t len, unsigned char before)
{
    for (unsigned char *each = area.start; each < text; each++)
        *each = before;
    for (size_t i = 0; i < len; i++)
        text[i] = (unsigned char)(i % 2 == 0 ? 0x80 : 0x01);
    text[len] = 0;
    for (unsigned char *each = text + len + 1; each < area.end; each++)
        *each = (unsigned char)(each - text) & 1;
    size_t measured = length((const char *)text);
    if (measured == len)
        return true;
    tap_note("length", (int64_t)len);
    tap_note("  got", (int64_t)measured);
    return false;
}

int main(void)
{
    area = guarded_area_make(arch_page_size);
    bool passed = true;
    for (size_t len = 0; len <= most_small && passed; len++) {
        passed = measures(area.end - len - 1, len, 0) && measures(area.end - len - 1, len, 0xff);
        for (size_t i = 1; i < 4 && passed; i++)
            passed = measures(area.end - len - 1 - i, len, 0);
    }
    check(passed, "0 to 300 bytes, the end right before a page that faults");
    passed = true;
    for (size_t len = 0; len <= 140 && passed; len++) {
        for (size_t i = 0; i < alignments && passed; i++)
            passed = measures(area.start + i, len, 0);
    }
    check(passed, "0 to 140 bytes, all alignments, right behind a page that faults");
    check_equal(length("") + length("a") + length("keel"), 5, "texts of the program");
    return tap_done();
}
