#include "mem/pages.h"

#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "abi/signal.h"
#include "base/atomic.h"

void *page_map(size_t size)
{
    long address = arch_syscall6(__NR_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return address < 0 ? NULL : (void *)address;
}

void *page_map_stacks(size_t size)
{
    long address = arch_syscall6(__NR_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    return address < 0 ? NULL : (void *)address;
}

/* Maps more than is asked for, so that an aligned part is within, and gives back the rest. */
static void *map_and_trim(size_t size, size_t alignment)
{
    size_t padded;
    if (__builtin_add_overflow(size, alignment - arch_page_size, &padded))
        return NULL;
    unsigned char *mapped = page_map(padded);
    if (mapped == NULL)
        return NULL;
    unsigned char *aligned = (unsigned char *)round_up((uintptr_t)mapped, alignment);
    size_t before = (size_t)(aligned - mapped);
    size_t behind = padded - before - size;
    /* A refusal costs addresses, no memory. */
    if (before != 0)
        page_unmap(mapped, before);
    if (behind != 0)
        page_unmap(aligned + size, behind);
    return aligned;
}

void *page_map_aligned(size_t size, size_t alignment)
{
    /*
     * The kernel maps below the last mapping. So where one was aligned the next is likely to be,
     * and the first is not: it would be tried in vain. RELAXED: a hint, no more.
     */
    static bool likely_aligned;
    if (__builtin_add_overflow(size, arch_page_size - 1, &size))
        return NULL;
    size = round_down(size, arch_page_size);
    if (atomic_load(&likely_aligned, RELAXED)) {
        void *mapped = page_map(size);
        if (mapped == NULL || ((uintptr_t)mapped & (alignment - 1)) == 0)
            return mapped;
        page_unmap(mapped, size);
    }
    atomic_store(&likely_aligned, true, RELAXED); /* RELAXED: as above */
    return map_and_trim(size, alignment);
}

bool page_unmap(void *address, size_t size)
{
    return arch_syscall2(__NR_munmap, (long)address, (long)size) == 0;
}

bool page_discard(void *address, size_t size)
{
    return arch_syscall3(__NR_madvise, (long)address, (long)size, MADV_DONTNEED) == 0;
}

/* Returns how many bytes, from the first on, it was done for, or an error. noinline: small. */
static __attribute__((noinline)) long advise_many(const struct abi_memory_range *ranges,
                                                  size_t count, int advice)
{
    return arch_syscall5(__NR_process_madvise, abi_pidfd_self, (long)ranges, (long)count, advice,
                         0);
}

void page_discard_many(const struct abi_memory_range *ranges, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += ranges[i].size;
    if (advise_many(ranges, count, MADV_DONTNEED) == (long)size)
        return;
    for (size_t i = 0; i < count; i++)
        page_discard((void *)ranges[i].start, ranges[i].size);
}

/* A sandbox may refuse mprotect. A mapping in the place of these pages does the same. */
bool page_protect(void *address, size_t size)
{
    if (arch_syscall3(__NR_mprotect, (long)address, (long)size, PROT_NONE) == 0)
        return true;
    return arch_syscall6(__NR_mmap, (long)address, (long)size, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
                         0) == (long)address;
}

int page_guard_error(void *address, size_t size)
{
    return (int)arch_syscall3(__NR_madvise, (long)address, (long)size, abi_madv_guard_install);
}

size_t page_guard_many(const struct abi_memory_range *ranges, size_t count)
{
    long done = advise_many(ranges, count, abi_madv_guard_install);
    return done < 0 ? 0 : (size_t)done / ranges->size;
}

void page_populate_many(const struct abi_memory_range *ranges, size_t count)
{
    advise_many(ranges, count, MADV_POPULATE_WRITE);
}

/* A call that reads from there, and then fails, because there is no such way to change a mask. */
bool page_is_guarded(const void *address)
{
    enum { no_such_way = -1 };
    return arch_syscall4(__NR_rt_sigprocmask, no_such_way, (long)address, 0, sizeof(abi_sigset)) ==
           -EFAULT;
}

void page_keep_small(void *address, size_t size)
{
    arch_syscall3(__NR_madvise, (long)address, (long)size, MADV_NOHUGEPAGE);
}

bool page_grow(void *address, size_t size, size_t new_size)
{
    long result = arch_syscall5(__NR_mremap, (long)address, (long)size, (long)new_size, 0, 0);
    return result == (long)address;
}

bool page_move(void *from, size_t size, void *to, size_t new_size)
{
    long result = arch_syscall5(__NR_mremap, (long)from, (long)size, (long)new_size,
                                MREMAP_MAYMOVE | MREMAP_FIXED, (long)to);
    /*
     * The kernel unmaps the target before it finds out that it cannot move: then these addresses
     * may be somebody else's by now. A sandbox that refuses the call has done nothing.
     */
    if (result == -EPERM || result == -ENOSYS)
        page_unmap(to, new_size);
    return result == (long)to;
}
