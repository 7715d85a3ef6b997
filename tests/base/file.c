/* Files that the runtime reads: below no standard descriptor, and in spite of signals. */
#include "base/file.h"

#include <asm/errno.h>
#include <asm/signal.h>
#include <asm/unistd.h>

#include "base/memory.h"
#include "tests/forked.h"
#include "tests/handler.h"
#include "tests/tap.h"

enum { right = 0, wrong = 1, first_free = 3 };

static int opens_above_the_standard(void)
{
    for (int i = 0; i < first_free; i++)
        arch_syscall1(__NR_close, i);
    int file = file_open("/dev/zero");
    char byte = 1;
    bool is_above = file >= first_free && file_read(file, &byte, 1) == 1 && byte == 0;
    file_close(file);
    return is_above && file_read(0, &byte, 1) == -EBADF ? right : wrong;
}

static int ends[2];

static void answer(int signal)
{
    (void)signal;
    arch_syscall3(__NR_write, ends[1], (long)"x", 1);
}

/* A read that waits is interrupted, and the handler writes what it waits for. */
static int reads_in_spite_of_signals(void)
{
    arch_syscall2(__NR_pipe2, (long)ends, 0);
    handler_install(SIGALRM, (uintptr_t)answer, 0);
    int64_t in_50_ms[4] = {0, 0, 0, 50000};
    arch_syscall3(__NR_setitimer, 0, (long)in_50_ms, 0);
    char byte = 0;
    return file_read(ends[0], &byte, 1) == 1 && byte == 'x' ? right : wrong;
}

static void test_text(void)
{
    char text[8] = "before";
    check(!file_read_text("/no/such/file", text, sizeof text) && text[0] == '\0', "no file");
    check(!file_read_text("/", text, sizeof text) && text[0] == '\0', "a folder");
    check(file_read_text("/dev/null", text, sizeof text) && text[0] == '\0', "an empty file");
    check(file_read_text("/dev/zero", text, sizeof text), "a file that is longer than the room");
}

int main(void)
{
    check_equal(forked_status(opens_above_the_standard), right, "standard descriptors stay free");
    check_equal(forked_status(reads_in_spite_of_signals), right, "a signal while it reads");
    test_text();
    return tap_done();
}
