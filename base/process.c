#include "base/process.h"

#include <asm/unistd.h>
#include <linux/auxvec.h>

#include "base/memory.h"

struct process process;

uint64_t process_auxiliary(uint64_t type, uint64_t otherwise)
{
    for (const struct auxiliary_entry *entry = process.auxiliary; entry->type != AT_NULL; entry++) {
        if (entry->type == type)
            return entry->value;
    }
    return otherwise;
}

const char *process_environment(const char *name)
{
    size_t len = strlen(name);
    for (char **entry = process.environment; *entry != NULL; entry++) {
        if (strlen(*entry) > len && memcmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            return *entry + len + 1;
    }
    return NULL;
}

bool process_is_secure(void)
{
    return process_auxiliary(AT_SECURE, 0) != 0;
}

_Noreturn void process_end(int status)
{
    arch_syscall1(__NR_exit_group, status);
    arch_trap();
}

_Noreturn void process_wait_for_end(void)
{
    for (;;)
        arch_syscall0(__NR_pause);
}
