/*
 * The layout of thread-local storage, of images made by hand: where the variables of each lie, what
 * they hold, and the canary.
 */
#include <linux/auxvec.h>
#include <linux/elf.h>

#include "base/memory.h"
#include "boot/boot.h"
#include "tests/tap.h"

enum { linked_at = 0x10000, initial_size = 5 };

static const char initial[initial_size] = "keel";

static Elf64_Phdr headers[2];
static const unsigned char random_bytes[16] = "0123456789abcdef";

static struct auxiliary_entry auxiliary[] = {
    {AT_PHDR, 0},
    {AT_PHNUM, 2},
    {AT_RANDOM, 0},
    {AT_NULL, 0},
};

static _Alignas(4096) unsigned char memory[16384];

/* An image whose headers lie at `headers`, as the kernel would tell of it. */
static void make_image(uint64_t size, uint64_t alignment)
{
    uint64_t bias = (uintptr_t)headers - linked_at;
    headers[0] = (Elf64_Phdr){.p_type = PT_PHDR, .p_vaddr = linked_at};
    headers[1] = (Elf64_Phdr){.p_type = PT_TLS,
                              .p_vaddr = (uintptr_t)initial - bias,
                              .p_filesz = initial_size,
                              .p_memsz = size,
                              .p_align = alignment};
    auxiliary[0].value = (uintptr_t)headers;
    auxiliary[2].value = (uintptr_t)random_bytes;
    process.auxiliary = auxiliary;
    process.load_bias = bias;
}

static struct thread_block *make_block(void)
{
    memset(memory, 0xa5, sizeof memory);
    boot_tls_size(); /* which reads the headers */
    return boot_tls_make(memory);
}

/* The variables: their initial values, then zeros, up to the block. */
static bool is_filled(const struct thread_block *block, size_t size)
{
    const unsigned char *variables = (const unsigned char *)block - size;
    for (size_t i = initial_size; i < size; i++) {
        if (variables[i] != 0)
            return false;
    }
    return memcmp(variables, initial, initial_size) == 0;
}

/* Variables of `size` bytes at this alignment: the block lies at it, and all of it within bounds.
 */
static void test_layout(uint64_t size, uint64_t alignment, const char *what)
{
    make_image(size, alignment);
    size_t place = alignment > 1 ? headers[1].p_vaddr % alignment : 0;
    size_t whole = alignment > 1 ? round_up(place + size, alignment) - place : size;
    struct thread_block *block = make_block();
    size_t end = (size_t)((unsigned char *)(block + 1) - memory);
    check(is_filled(block, whole) && end <= boot_tls_size() && block->self == block &&
              (uintptr_t)block % (alignment < arch_cache_line ? arch_cache_line : alignment) == 0,
          what);
}

static void test_canary(void)
{
    make_image(initial_size, 1);
    uint64_t random;
    memcpy(&random, random_bytes, sizeof random);
    check(make_block()->canary == (random & ~UINT64_C(0xff)), "the canary is the kernel's number");
    auxiliary[2].type = AT_NULL;
    uint64_t canary = make_block()->canary;
    check(canary != 0 && (canary & 0xff) == 0, "there is one where the kernel gives none");
    auxiliary[2].type = AT_RANDOM;
}

static void test_no_headers(void)
{
    auxiliary[0].type = AT_NULL;
    struct thread_block *block = make_block();
    check(block->self == block && block->worker == NULL, "no program headers: a block alone");
    check(boot_tls_size() < 512, "which is small");
    auxiliary[0].type = AT_PHDR;
}

int main(void)
{
    const struct auxiliary_entry *own = process.auxiliary;
    test_layout(initial_size, 0, "no alignment");
    test_layout(initial_size, 1, "bytes");
    test_layout(100, 4, "words");
    test_layout(100, 64, "a cache line's");
    test_layout(3000, 1024, "more than a cache line's");
    test_canary();
    test_no_headers();
    process.auxiliary = own;
    process.load_bias = 0;
    return tap_done();
}
