/* memcpy and memmove against what each byte must be, next to pages that fault. */
#include "base/memory.h"
#include "tests/base/guarded_area.h"
#include "tests/tap.h"

enum { most_small = 300, alignments = 16, margin = 80, untouched = 0xee };

static struct guarded_area source_area;
static struct guarded_area target_area;

static void note_case(const char *what, size_t len, int64_t place)
{
    tap_note(what, place);
    tap_note("  length", (int64_t)len);
}

/* The target's bytes and `margin` bytes on both sides, as far as the area goes. */
struct window {
    unsigned char *start;
    unsigned char *end;
};

static struct window window_around(struct guarded_area area, unsigned char *start, size_t len)
{
    struct window window = {start - margin, start + len + margin};
    if (start < area.start + margin)
        window.start = area.start;
    if (start + len + margin > area.end)
        window.end = area.end;
    return window;
}

typedef void *copy_function(void *to, const void *from, size_t len);

/* By a pointer, so that the compiler does not expand the call. */
static copy_function *volatile copy;

static bool copies(unsigned char *to, const unsigned char *from, size_t len)
{
    struct window window = window_around(target_area, to, len);
    for (unsigned char *each = window.start; each < window.end; each++)
        *each = untouched;
    if (copy(to, from, len) != to)
        return false;
    size_t offset = (size_t)(from - source_area.start);
    for (unsigned char *each = window.start; each < window.end; each++) {
        bool is_inside = each >= to && each < to + len;
        unsigned char wanted = is_inside ? pattern(offset + (size_t)(each - to)) : untouched;
        if (*each != wanted)
            return false;
    }
    return true;
}

/* Source and target `back` bytes before the end of their areas, or `ahead` bytes after the start.
 */
static bool copies_all_alignments(size_t len)
{
    for (size_t i = 0; i < alignments; i++) {
        for (size_t j = 0; j < alignments; j++) {
            if (!copies(target_area.end - len - i, source_area.end - len - j, len) ||
                !copies(target_area.start + i, source_area.start + j, len)) {
                note_case("alignments", len, (int64_t)(i * alignments + j));
                return false;
            }
        }
    }
    return true;
}

static void test_small_copies(void)
{
    bool passed = true;
    for (size_t len = 0; len <= most_small && passed; len++)
        passed = copies_all_alignments(len);
    check(passed, "0 to 300 bytes, all alignments of both sides");
}

/* Distances modulo a page decide on the method; so does the length. */
static void test_large_copies(void)
{
    static const size_t lengths[] = {511, 1023, 1024, 1025, 1536, 2048, 4095, 4097, 9999};
    static const size_t shifts[] = {0, 1, 2, 15, 16, 62, 63, 64, 65, 2048, 4031, 4032, 4033, 4095};
    bool passed = true;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t j = 0; j < sizeof shifts / sizeof shifts[0]; j++) {
            for (size_t start = 0; start < 3; start++) {
                if (!copies(target_area.start + start + shifts[j], source_area.start + start,
                            lengths[i])) {
                    note_case("shift", lengths[i], (int64_t)shifts[j]);
                    passed = false;
                }
            }
        }
    }
    check(passed, "up to 9999 bytes, distances around multiples of a page");
}

/* Moves inside the source area, checks all of the window, and puts the pattern back. */
static bool moves(unsigned char *to, const unsigned char *from, size_t len)
{
    if (copy(to, from, len) != to)
        return false;
    struct window window = window_around(source_area, to, len);
    bool passed = true;
    size_t from_offset = (size_t)(from - source_area.start);
    for (unsigned char *each = window.start; each < window.end; each++) {
        size_t offset = (size_t)(each - source_area.start);
        if (each >= to && each < to + len)
            offset = from_offset + (size_t)(each - to);
        passed = passed && *each == pattern(offset);
    }
    for (unsigned char *each = window.start; each < window.end; each++)
        *each = pattern((size_t)(each - source_area.start));
    return passed;
}

static bool moves_both_ways(size_t len, size_t distance, size_t alignment)
{
    unsigned char *low = source_area.start + alignment;
    unsigned char *high = source_area.end - len - alignment;
    if (moves(low, low + distance, len) && moves(low + distance, low, len) &&
        moves(high, high - distance, len) && moves(high - distance, high, len))
        return true;
    note_case("distance", len, (int64_t)distance);
    return false;
}

static void test_small_overlaps(void)
{
    bool passed = true;
    for (size_t len = 0; len <= most_small && passed; len++) {
        for (size_t distance = 0; distance <= len && passed; distance += 1 + distance / 20)
            passed = moves_both_ways(len, distance, distance % alignments);
    }
    check(passed, "0 to 300 bytes, overlapping");
}

static void test_large_overlaps(void)
{
    static const size_t lengths[] = {1023, 1025, 1600, 4096, 6001};
    static const size_t distances[] = {0,  1,  7,  8,   15,   16,   17,   48,   62,
                                       63, 64, 65, 100, 1000, 4095, 4096, 4097, 5000};
    bool passed = true;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t j = 0; j < sizeof distances / sizeof distances[0]; j++) {
            for (size_t alignment = 0; alignment < 3; alignment++)
                passed = passed && moves_both_ways(lengths[i], distances[j], alignment);
        }
    }
    check(passed, "up to 6001 bytes, overlapping");
}

/* The prototype of memcpy promises no overlap, memmove's does not; else they are the same. */
static void *call_memcpy(void *to, const void *from, size_t len)
{
    return memcpy(to, from, len);
}

int main(void)
{
    source_area = guarded_area_make(4 * arch_page_size);
    target_area = guarded_area_make(4 * arch_page_size);
    fill_with_pattern(source_area);
    copy = call_memcpy;
    test_small_copies();
    test_large_copies();
    copy = memmove;
    test_small_copies();
    test_large_copies();
    test_small_overlaps();
    test_large_overlaps();
    return tap_done();
}
