/*
 * Keel as on a kernel before 6.13, for the benchmark alone. The library is the one that is shipped;
 * the linker (--wrap) leads its calls for guards that take no mapping here, where they are refused.
 */
#include <asm/errno.h>
#include <stddef.h>

int __wrap_keel__page_guard_error(void *address, size_t size);

int __wrap_keel__page_guard_error(void *address, size_t size)
{
    (void)address;
    (void)size;
    return -EINVAL;
}
