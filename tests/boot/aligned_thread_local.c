/* One initialised byte, and an alignment of a page: offsets are as the linker counts them. */
#include "base/thread_block.h"
#include "tests/tap.h"

static _Thread_local char letter = 'k';
static _Thread_local _Alignas(4096) char page[1];

static char *volatile letter_place;
static char *volatile page_place;

int main(void)
{
    letter_place = &letter;
    page_place = page;
    check_equal(*letter_place, 'k', "a letter");
    check_equal((uintptr_t)page_place % 4096, 0, "one that is aligned to a page");
    check_equal(*page_place, 0, "and zero");
    check_equal((uintptr_t)thread_block() % 64, 0, "the block is aligned to a cache line");
    return tap_done();
}
