#include "base/file.h"

#include <asm/errno.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>

#include "arch/arch.h"

int file_open(const char *path)
{
    enum { first_free = 3 };
    long opened = arch_syscall4(__NR_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
    if (opened < 0 || opened >= first_free)
        return (int)opened;
    long moved = arch_syscall3(__NR_fcntl, opened, F_DUPFD_CLOEXEC, first_free);
    file_close((int)opened);
    return (int)moved;
}

long file_read(int descriptor, void *bytes, size_t len)
{
    long result;
    do
        result = arch_syscall3(__NR_read, descriptor, (long)bytes, (long)len);
    while (result == -EINTR);
    return result;
}

void file_close(int descriptor)
{
    arch_syscall1(__NR_close, descriptor);
}

bool file_read_text(const char *path, char *text, size_t room)
{
    text[0] = '\0';
    int descriptor = file_open(path);
    if (descriptor < 0)
        return false;
    long len = file_read(descriptor, text, room - 1);
    file_close(descriptor);
    text[len > 0 ? len : 0] = '\0';
    return len >= 0;
}
