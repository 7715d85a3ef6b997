/*
 * The end of a thread that stands on the memory which it gives back: from the first call on there
 * is no stack.
 */
#include <asm/unistd.h>

#include "machine/assembly.h"

/* rdi: address; rsi: size. Where the end is refused too, the thread rests, again and again. */
FUNCTION(arch_thread_end)
    .cfi_undefined rip
    movl $__NR_munmap, %eax
    syscall
1:  xorl %edi, %edi
    movl $__NR_exit, %eax
    syscall
    xorl %edi, %edi
    xorl %esi, %esi
    movl $1000, %edx
    movl $__NR_poll, %eax
    syscall
    jmp 1b
END(arch_thread_end)

NO_EXECUTABLE_STACK
