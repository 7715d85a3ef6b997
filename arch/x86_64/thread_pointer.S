/* The thread pointer. */
#include <asm/prctl.h>
#include <asm/unistd.h>

#include "machine/assembly.h"

/* rdi: thread block; esi: wrfsbase is allowed. */
FUNCTION(arch_thread_pointer_set)
    testl %esi, %esi
    jz 1f
    wrfsbase %rdi
    xorl %eax, %eax
    ret
1:  movq %rdi, %rsi
    movl $ARCH_SET_FS, %edi
    movl $__NR_arch_prctl, %eax
    syscall
    ret
END(arch_thread_pointer_set)

NO_EXECUTABLE_STACK
