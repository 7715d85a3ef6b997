/* Apart from tls.c: only a program that makes threads needs it. */
#include "boot/boot.h"

struct thread_block *boot_tls_make(void *memory)
{
    struct thread_block *block = boot_tls_place(memory);
    boot_tls_fill(block);
    return block;
}

bool boot_tls_is_own(const struct thread_block *block)
{
    return block->self == block && block->canary == boot_tls_canary();
}
