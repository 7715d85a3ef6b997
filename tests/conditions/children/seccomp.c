/*
 * Runs a program under a filter that refuses system calls:
 *
 *     seccomp ERROR CALL,CALL,... PROGRAM [ARGUMENT]...
 *
 * ERROR is the number with which all are refused but those whose numbers are listed. (execve must
 * be among them, or the program would not begin.) Status 125 when no filter can be set.
 */
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "base/line.h"
#include "base/process.h"

enum { calls_most = 100, not_possible = 125 };

static unsigned read_number(const char **text)
{
    unsigned number = 0;
    for (; **text >= '0' && **text <= '9'; ++*text)
        number = number * 10 + (unsigned)(**text - '0');
    if (**text == ',')
        ++*text;
    return number;
}

static struct sock_filter instructions[2 * calls_most + 8];
static unsigned short length;

static void add(unsigned short code, unsigned char if_true, unsigned char if_false, unsigned value)
{
    instructions[length++] = (struct sock_filter){code, if_true, if_false, value};
}

static void make_filter(unsigned error, const char *calls)
{
    enum {
        load = BPF_LD | BPF_W | BPF_ABS,
        is_equal = BPF_JMP | BPF_JEQ | BPF_K,
        end = BPF_RET | BPF_K
    };
    add(load, 0, 0, offsetof(struct seccomp_data, arch));
    add(is_equal, 1, 0, AUDIT_ARCH_X86_64);
    add(end, 0, 0, SECCOMP_RET_KILL_PROCESS);
    add(load, 0, 0, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < calls_most && *calls != '\0'; i++) {
        add(is_equal, 0, 1, read_number(&calls));
        add(end, 0, 0, SECCOMP_RET_ALLOW);
    }
    add(end, 0, 0, SECCOMP_RET_ERRNO | error);
}

static int stop(const char *why)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "seccomp: ");
    line_text(&line, why);
    line_write(&line, standard_error);
    return not_possible;
}

int main(int argc, char **argv, char **envp)
{
    if (argc < 4)
        return stop("usage: seccomp ERROR CALL,CALL,... PROGRAM [ARGUMENT]...");
    const char *error = argv[1];
    make_filter(read_number(&error), argv[2]);
    struct sock_fprog program = {.len = length, .filter = instructions};
    if (arch_syscall5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        arch_syscall3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&program) != 0)
        return stop("the kernel sets no filter");
    arch_syscall3(__NR_execve, (long)argv[3], (long)(argv + 3), (long)envp);
    return stop("the program cannot be run");
}
