/* Compiled with the stack protector in every function: nothing is hurt, and the canary is good. */
#include "base/thread_block.h"

#include "base/memory.h"
#include "tests/tap.h"

/* The protector checks this one's frame at its end. */
static __attribute__((noinline)) size_t fill(unsigned char byte, size_t len)
{
    unsigned char local[64];
    memset(local, byte, len);
    size_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += ((volatile unsigned char *)local)[i];
    return sum;
}

/* What both compilers define under -fstack-protector-all, which the Makefile must ask for. */
#ifdef __SSP_ALL__
enum { is_protected = 1 };
#else
enum { is_protected = 0 };
#endif

int main(void)
{
    check(is_protected, "this test is compiled with the protector");
    check_equal(fill(3, 64), 192, "a function that stays within its array");
    check(thread_block()->canary != 0, "the canary is not 0");
    check((thread_block()->canary & 0xff) == 0, "but its first byte is, which ends a string");
    check(thread_block()->canary >> 32 != 0, "its upper half is random too");
    return tap_done();
}
