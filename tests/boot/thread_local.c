/* Thread-local variables of main: few, so that they fit the reserve; with all kinds of alignment.
 */
#include "base/memory.h"
#include "base/thread_block.h"
#include "tests/tap.h"

static _Thread_local char letter = 'k';
static _Thread_local uint64_t number = 0x123456789abcdef0;
static _Thread_local int zero;
static _Thread_local char text[] = "thread-local";
static _Thread_local _Alignas(64) unsigned char aligned[10];
static _Thread_local unsigned char odd[3];

/* By volatile pointers, so that the compiler knows nothing of what they hold. */
static char *volatile letter_place;
static uint64_t *volatile number_place;
static int *volatile zero_place;
static unsigned char *volatile aligned_place;

int main(void)
{
    letter_place = &letter;
    number_place = &number;
    zero_place = &zero;
    aligned_place = aligned;
    check_equal(*letter_place, 'k', "a letter");
    check(*number_place == 0x123456789abcdef0, "a number");
    check_equal(*zero_place, 0, "a zero");
    check(memcmp(text, "thread-local", sizeof text) == 0, "a text");
    check_equal((uintptr_t)aligned_place % 64, 0, "one that is aligned");
    check_equal((uintptr_t)number_place % 8, 0, "a number is aligned too");
    check_equal(odd[0] + odd[1] + odd[2] + aligned[0] + aligned[9], 0, "others are zero");
    check((uintptr_t)aligned < (uintptr_t)thread_block(), "they lie before the block");

    uint64_t canary = thread_block()->canary;
    *letter_place = 'x';
    *number_place = 1;
    *zero_place = 2;
    memset(odd, 0xff, sizeof odd);
    memset(aligned, 0xff, sizeof aligned);
    check(letter == 'x' && number == 1 && zero == 2, "they can be written");
    check(thread_block()->canary == canary && thread_block()->self == thread_block(),
          "which leaves the block alone");
    return tap_done();
}
