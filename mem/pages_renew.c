#include <asm/unistd.h>
#include <linux/mman.h>

#include "mem/pages.h"

bool page_renew_stacks(void *address, size_t size)
{
    return arch_syscall6(__NR_mmap, (long)address, (long)size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE | MAP_FIXED, -1,
                         0) == (long)address;
}

void page_unlock(void *address, size_t size)
{
    arch_syscall2(__NR_munlock, (long)address, (long)size);
}
