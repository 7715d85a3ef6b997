/* Size classes against their definition, size by size. */
#include "mem/class.h"
#include "tests/tap.h"

static size_t smallest_class_for(size_t size)
{
    unsigned found = 0;
    while (mem_class_size(found) < size)
        found++;
    return found;
}

static bool sizes_increase(void)
{
    for (unsigned i = 1; i < mem_class_count; i++) {
        if (mem_class_size(i) <= mem_class_size(i - 1))
            return false;
    }
    return true;
}

static bool every_size_gets_the_smallest_class(void)
{
    for (size_t size = 1; size <= mem_class_largest; size++) {
        if (mem_class_of(size) != smallest_class_for(size))
            return false;
    }
    return true;
}

static bool powers_of_two_are_exact(void)
{
    for (size_t size = 16; size <= mem_class_largest; size *= 2) {
        if (mem_class_size(mem_class_of(size)) != size)
            return false;
    }
    return true;
}

static bool multiples_stay_multiples(void)
{
    for (size_t alignment = 16; alignment <= mem_class_largest; alignment *= 2) {
        for (size_t size = alignment; size <= mem_class_largest; size += alignment) {
            if (mem_class_size(mem_class_of(size)) % alignment != 0)
                return false;
        }
    }
    return true;
}

static bool waste_is_bounded(void)
{
    for (size_t size = 1; size <= mem_class_largest; size++) {
        size_t waste = mem_class_size(mem_class_of(size)) - size;
        if (waste > 15 && waste * 8 > mem_class_size(mem_class_of(size)))
            return false;
    }
    return true;
}

int main(void)
{
    check_equal(mem_class_size(0), 16, "the smallest class has 16 bytes");
    check_equal(mem_class_size(mem_class_count - 1), mem_class_largest, "the largest class");
    check(sizes_increase(), "the classes' sizes increase");
    check(every_size_gets_the_smallest_class(), "every size gets the smallest class that holds it");
    check(powers_of_two_are_exact(), "powers of two are classes");
    check(multiples_stay_multiples(), "a multiple of 2^k gets a class that is one");
    check(waste_is_bounded(), "less than an eighth of a block is wasted");
    return tap_done();
}
