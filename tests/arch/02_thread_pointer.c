/* The thread pointer: set by both ways that the machine may have, read back, used by variables. */
#include <linux/auxvec.h>

#include "base/memory.h"
#include "base/thread_block.h"
#include "boot/boot.h"
#include "tests/tap.h"

enum { by_system_call = 0, by_instruction = 1 };

static _Thread_local int variable = 41;
static _Thread_local int zero;
static _Alignas(arch_cache_line) unsigned char memory[1024];

static int *place_of_variable(void)
{
    return &variable;
}

static int *place_of_zero(void)
{
    return &zero;
}

/* Called by a pointer, so that the compiler cannot keep the address across a change of threads. */
static int *(*volatile variable_place)(void) = place_of_variable;
static int *(*volatile zero_place)(void) = place_of_zero;

static void test_setting(int way, const char *what)
{
    struct thread_block *before = thread_block();
    int *place_before = variable_place();
    memset(memory, 0xee, sizeof memory);
    struct thread_block *block = boot_tls_make(memory);
    check(block != before && block->self == block, "a block for another thread");

    long result = arch_thread_pointer_set(block, way);
    struct thread_block *set = thread_block();
    uintptr_t got = arch_thread_pointer_get();
    int *place = variable_place();
    int value = *place;
    int zero_value = *zero_place();
    *place = 7;
    long restored = arch_thread_pointer_set(before, way);

    check_equal(result, 0, what);
    check(set == block, "the block is found by it");
    check(got == (uintptr_t)block, "and the pointer is told");
    check(place != place_before && (unsigned char *)place >= memory &&
              (unsigned char *)place < (unsigned char *)block,
          "variables lie before the block");
    check_equal(value, 41, "and hold their initial values");
    check_equal(zero_value, 0, "zero where they have none");
    check_equal(restored, 0, "set back");
    check(thread_block() == before && variable_place() == place_before, "all is as before");
    check_equal(*variable_place(), 41, "the other's variable was another");
}

/* A pointer that leads nowhere is told too. */
static void test_broken_pointer(void)
{
    struct thread_block *before = thread_block();
    arch_thread_pointer_set((void *)arch_page_size, by_system_call);
    uintptr_t got = arch_thread_pointer_get();
    arch_thread_pointer_set(before, by_system_call);
    check_equal((int64_t)got, arch_page_size, "a pointer to nowhere is told");
}

int main(void)
{
    check(thread_block()->self == thread_block(), "the first word is the block's own address");
    check(boot_tls_size() <= sizeof memory, "there is memory for a block");
    test_setting(by_system_call, "set by system call");
    if ((process_auxiliary(AT_HWCAP2, 0) & 2) != 0)
        test_setting(by_instruction, "set by instruction");
    test_broken_pointer();
    return tap_done();
}
