/* Apart from process.c: a program that asks nothing of its environment has none of this. */
#include <linux/auxvec.h>

#include "base/memory.h"
#include "base/process.h"

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
