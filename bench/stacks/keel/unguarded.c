/*
 * Keel without guards, for the benchmark alone. The library is the one that is shipped; the linker
 * (--wrap) leads its calls for a guard here, where nothing is done and success is said.
 */
#include <stdbool.h>
#include <stddef.h>

int __wrap_keel__page_guard_error(void *address, size_t size);
bool __wrap_keel__page_is_guarded(const void *address);
bool __wrap_keel__page_protect(void *address, size_t size);

int __wrap_keel__page_guard_error(void *address, size_t size)
{
    (void)address;
    (void)size;
    return 0;
}

bool __wrap_keel__page_is_guarded(const void *address)
{
    (void)address;
    return true;
}

bool __wrap_keel__page_protect(void *address, size_t size)
{
    (void)address;
    (void)size;
    return true;
}
