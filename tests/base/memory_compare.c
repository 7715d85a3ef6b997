/* memcmp and bcmp: the first difference decides, as unsigned bytes, and nothing else is read. */
#include "base/memory.h"
#include "tests/base/guarded_area.h"
#include "tests/tap.h"

enum { most_small = 300, alignments = 16 };

typedef int compare_function(const void *left, const void *right, size_t len);

/* By pointers, so that the compiler does not expand the calls. */
static compare_function *volatile compare = memcmp;
static compare_function *volatile is_different = bcmp;

static struct guarded_area left_area;
static struct guarded_area right_area;

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static bool compares(const unsigned char *left, const unsigned char *right, size_t len, int wanted)
{
    if (sign(compare(left, right, len)) == wanted && sign(compare(right, left, len)) == -wanted &&
        (is_different(left, right, len) != 0) == (wanted != 0))
        return true;
    tap_note("length", (int64_t)len);
    return false;
}

static void fill_equal(unsigned char *left, unsigned char *right, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        left[i] = pattern(i);
        right[i] = pattern(i);
    }
}

static void test_equal(void)
{
    bool passed = true;
    for (size_t len = 0; len <= most_small && passed; len++) {
        for (size_t i = 0; i < alignments && passed; i++) {
            unsigned char *left = left_area.end - len - i;
            unsigned char *right = right_area.end - len - (i * 7) % alignments;
            fill_equal(left, right, len);
            passed = compares(left, right, len, 0);
            left = left_area.start + i;
            right = right_area.start + (i * 5) % alignments;
            fill_equal(left, right, len);
            passed = passed && compares(left, right, len, 0);
        }
    }
    check(passed, "0 to 300 equal bytes, between pages that fault");
}

/* What lies before and behind differs; it must not count. */
static void test_surroundings(void)
{
    bool passed = true;
    for (size_t len = 0; len <= most_small && passed; len++) {
        unsigned char *left = left_area.start + 64 + len % alignments;
        unsigned char *right = right_area.start + 64 + len % 7;
        fill_equal(left, right, len);
        left[-1] = left[len] = 1;
        right[-1] = right[len] = 2;
        passed = compares(left, right, len, 0);
    }
    check(passed, "what lies around does not count");
}

/* At `place` left is smaller; from there on, where it could mislead, it is larger. */
static bool finds(unsigned char *left, unsigned char *right, size_t len, size_t place)
{
    fill_equal(left, right, len);
    left[place] = 0x7f;
    right[place] = 0x80;
    bool passed = compares(left, right, len, -1);
    for (size_t i = place + 1; i < len; i++) {
        left[i] = 0xff;
        right[i] = 0;
    }
    return passed && compares(left, right, len, -1);
}

static void test_first_difference(void)
{
    bool passed = true;
    for (size_t len = 1; len <= most_small && passed; len++) {
        for (size_t place = 0; place < len && passed; place += 1 + (len > 100 ? place % 5 : 0)) {
            passed = finds(left_area.end - len, right_area.end - len - place % 16, len, place) &&
                     finds(left_area.start + place % 16, right_area.start, len, place);
        }
    }
    check(passed, "the first difference decides, wherever it is");
}

static void test_unsigned(void)
{
    unsigned char *left = left_area.start;
    unsigned char *right = right_area.start;
    bool passed = true;
    for (size_t len = 1; len <= 40; len++) {
        fill_equal(left, right, len);
        left[len - 1] = 0x01;
        right[len - 1] = 0xff;
        passed = passed && compares(left, right, len, -1);
    }
    check(passed, "bytes are unsigned");
    check(compares(left, left, 40, 0), "a block equals itself");
}

int main(void)
{
    left_area = guarded_area_make(arch_page_size);
    right_area = guarded_area_make(arch_page_size);
    test_equal();
    test_surroundings();
    test_first_difference();
    test_unsigned();
    return tap_done();
}
