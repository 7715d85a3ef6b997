/*
 * Writes what all processes counted, as gcc's counter files: one program that has every object of
 * the library, and so the files of all of them before main. Standard output: for each object the
 * name of its file, a zero byte, the file's length in 4 bytes, the file.
 *
 * Linked by tools/coverage with gcc's own writer from libgcov, which needs abort and mmap of a
 * libc.
 */
#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "base/memory.h"
#include "base/output.h"
#include "base/process.h"
#include "mem/pages.h"

struct gcov_info;
extern const struct gcov_info *const __start_coverage_info[], *const __stop_coverage_info[];
void __gcov_info_to_gcda(const struct gcov_info *info, void (*file_name)(const char *, void *),
                         void (*write)(const void *, unsigned, void *),
                         void *(*allocate)(unsigned, void *), void *arg);

enum { standard_output = 1, largest_file = 1 << 20 };

static char file[largest_file];
static uint32_t length;

static void note_name(const char *name, void *arg)
{
    (void)arg;
    output_write_all(standard_output, name, strlen(name) + 1);
}

static void note_bytes(const void *bytes, unsigned count, void *arg)
{
    (void)arg;
    if (count > largest_file - length)
        arch_trap();
    memcpy(file + length, bytes, count);
    length += count;
}

static void *allocate(unsigned size, void *arg)
{
    (void)arg;
    return page_map(size);
}

_Noreturn void abort(void);
_Noreturn void abort(void)
{
    arch_trap();
}

void *mmap(void *address, size_t size, int protection, int flags, int descriptor, long offset);
void *mmap(void *address, size_t size, int protection, int flags, int descriptor, long offset)
{
    return (void *)arch_syscall6(__NR_mmap, (long)address, (long)size, protection, flags,
                                 descriptor, offset);
}

int main(void)
{
    const struct gcov_info *const *each;
    for (each = __start_coverage_info; each < __stop_coverage_info; each++) {
        length = 0;
        __gcov_info_to_gcda(*each, note_name, note_bytes, allocate, NULL);
        output_write_all(standard_output, (const char *)&length, sizeof length);
        output_write_all(standard_output, file, length);
    }
    return 0;
}
