/* memset against what each byte must be, next to pages that fault. */
#include "base/memory.h"
#include "tests/base/guarded_area.h"
#include "tests/tap.h"

enum { most_small = 300, alignments = 16, margin = 80 };

typedef void *set_function(void *to, int byte, size_t len);

/* By a pointer, so that the compiler does not expand the call. */
static set_function *volatile set = memset;

static struct guarded_area area;

static bool sets(unsigned char *to, int byte, size_t len)
{
    unsigned char *start = to < area.start + margin ? area.start : to - margin;
    unsigned char *end = to + len + margin > area.end ? area.end : to + len + margin;
    for (unsigned char *each = start; each < end; each++)
        *each = pattern((size_t)(each - area.start));
    if (set(to, byte, len) != to)
        return false;
    for (unsigned char *each = start; each < end; each++) {
        bool is_inside = each >= to && each < to + len;
        if (*each != (is_inside ? (unsigned char)byte : pattern((size_t)(each - area.start)))) {
            tap_note("wrong at", each - to);
            tap_note("  length", (int64_t)len);
            return false;
        }
    }
    return true;
}

static void test_small(int byte, const char *what)
{
    bool passed = true;
    for (size_t len = 0; len <= most_small && passed; len++) {
        for (size_t i = 0; i < alignments && passed; i++)
            passed = sets(area.start + i, byte, len) && sets(area.end - len - i, byte, len);
    }
    check(passed, what);
}

static void test_large(void)
{
    static const size_t lengths[] = {511, 1024, 1025, 1535, 1536, 1537, 4096, 9999};
    bool passed = true;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t j = 0; j < alignments; j++)
            passed = passed && sets(area.start + j, 0x5a, lengths[i]) &&
                     sets(area.end - lengths[i] - j, 0x80, lengths[i]);
    }
    check(passed, "up to 9999 bytes, all alignments");
}

int main(void)
{
    area = guarded_area_make(4 * arch_page_size);
    test_small(0, "0 to 300 bytes of 0, all alignments");
    test_small(0xff, "0 to 300 bytes of 255, all alignments");
    test_small(0x15a, "only the lowest 8 bits of the value count");
    test_small(-3, "a negative value is a byte too");
    test_large();
    return tap_done();
}
