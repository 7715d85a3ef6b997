/* The other file: what the program reaches through whatever the compiler thinks a far symbol needs.
 */
#include "everything.h"

_Thread_local int64_t other_number = 0x123456789abcdef;
_Thread_local _Alignas(256) unsigned char aligned_values[256] = {1, 2, 3, 4, 5, 6, 7, 8};

int64_t read_other_number(void)
{
    return other_number;
}

long twice(long number)
{
    return 2 * number;
}

long negated(long number)
{
    return -number;
}

static long add_thousand(long number)
{
    return number + 1000;
}

typedef long function(long number);

static int calls;
static function *volatile choice = add_thousand; /* relocated before the resolver runs */

/*
 * Has a local array: it may be compiled with the stack protector. (Its use is hidden from clang's
 * warnings: a name in an attribute.)
 */
__attribute__((used)) static function *choose(void)
{
    volatile char local[32];
    local[5] = 1;
    calls += local[5];
    return choice;
}

/* clang 14 crashes when it optimises an indirect function at link time. */
#ifdef WITHOUT_INDIRECT_FUNCTIONS
long chosen(long number)
{
    return choose()(number);
}
#else
long chosen(long number) __attribute__((ifunc("choose")));
#endif
long (*chosen_pointer)(long) = chosen;

int resolver_calls(void)
{
    return calls;
}

#define FOUR(n)    (n), (n) + 1, (n) + 2, (n) + 3
#define TWENTY(n)  FOUR(n), FOUR((n) + 4), FOUR((n) + 8), FOUR((n) + 12), FOUR((n) + 16)
#define HUNDRED(n) TWENTY(n), TWENTY((n) + 20), TWENTY((n) + 40), TWENTY((n) + 60), TWENTY((n) + 80)
static const int numbers[many_count] = {HUNDRED(0), HUNDRED(100)};

#define P4(n)   &numbers[n], &numbers[(n) + 1], &numbers[(n) + 2], &numbers[(n) + 3]
#define P20(n)  P4(n), P4((n) + 4), P4((n) + 8), P4((n) + 12), P4((n) + 16)
#define P100(n) P20(n), P20((n) + 20), P20((n) + 40), P20((n) + 60), P20((n) + 80)
const int *const many[many_count] = {P100(0), P100(100)};
