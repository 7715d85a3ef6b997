/* Apart from process.c: only where there are several threads may one have to wait. */
#include <asm/unistd.h>

#include "base/process.h"

_Noreturn void process_wait_for_end(void)
{
    for (;;)
        arch_syscall0(__NR_pause);
}
