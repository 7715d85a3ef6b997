/*
 * Before main, in this order:
 *
 *   1. what the kernel left on the stack is noted in `process`;
 *   2. the main thread's block is laid out and the thread pointer is set;
 *   3. the image relocates itself, if it must: which may run the first code of the program;
 *   4. the thread-local variables get their initial values, which may have been relocated too;
 *   5. the hook of whoever stands above runs (the scheduler makes this thread a worker);
 *   6. constructors run: .preinit_array, .init_array;
 *   7. main runs, and its return is keel_exit.
 *
 * The library is compiled without the stack protector: before step 2 there is no canary.
 */
#include <asm/unistd.h>
#include <linux/auxvec.h>

#include "base/process.h"
#include "boot/boot.h"
#include "keel/task.h"

/*
 * The initial stack (System V ABI, x86-64 supplement, 3.4.1), lowest address first:
 *
 *     argc | argv[0] ... argv[argc - 1] | NULL | environment ... | NULL | auxv pairs ... | AT_NULL
 */
static void read_initial_stack(void **stack)
{
    process.argument_count = (int)(intptr_t)stack[0];
    process.arguments = (char **)(stack + 1);
    process.environment = process.arguments + process.argument_count + 1;
    char **entry = process.environment;
    while (*entry != NULL)
        entry++;
    process.auxiliary = (const struct auxiliary_entry *)(const void *)(entry + 1);
}

/*
 * The main thread's variables and block. In .bss they cost no mapping and share a page with what
 * else is hot; a program with larger variables has them on the process's own stack.
 */
enum { main_reserve = 512 };
TOUCHED_AT_START static _Alignas(arch_cache_line) unsigned char main_memory[main_reserve];

/* Without a thread pointer there is no panic. */
static _Noreturn void thread_pointer_refused(void)
{
#define REFUSED "keel: arch_prctl fails\n"
    enum { panic_status = 2, standard_error = 2 };
    arch_syscall3(__NR_write, standard_error, (long)REFUSED, sizeof REFUSED - 1);
    process_end(panic_status);
}

/* Defined by every program; it may take fewer arguments, or return nothing of use. */
extern int main(int argc, char **argv, char **envp);

typedef void constructor(int argc, char **argv, char **envp);
extern constructor *__preinit_array_start[], *__preinit_array_end[];
extern constructor *__init_array_start[], *__init_array_end[];

static void run_constructors(constructor **first, constructor **end)
{
    for (constructor **each = first; each < end; each++)
        (*each)(process.argument_count, process.arguments, process.environment);
}

/* Weak: a program without a scheduler has nothing to start. */
__attribute__((weak)) void boot_hook_start(void)
{
}

static void set_thread_pointer(struct thread_block *block)
{
    enum { wrfsbase_allowed = 1 << 1 };
    int by_instruction = (process_auxiliary(AT_HWCAP2, 0) & wrfsbase_allowed) != 0;
    if (arch_thread_pointer_set(block, by_instruction) != 0)
        thread_pointer_refused();
}

_Noreturn void boot_start(void **initial_stack_pointer, const Elf64_Dyn *dynamic,
                          const Elf64_Rela *indirect, const Elf64_Rela *indirect_end)
{
    read_initial_stack(initial_stack_pointer);
    unsigned char *memory = main_memory;
    size_t size = boot_tls_size();
    /* This frame never ends, so what it carves from the stack stays. */
    if (size > main_reserve)
        memory = __builtin_alloca(size);
    struct thread_block *block = boot_tls_place(memory);
    set_thread_pointer(block);
    if (dynamic != NULL)
        boot_relocate(dynamic);
    for (; indirect < indirect_end; indirect++)
        *(uintptr_t *)indirect->r_offset = ((uintptr_t(*)(void))indirect->r_addend)();
    boot_tls_fill(block);
    boot_hook_start();
    run_constructors(__preinit_array_start, __preinit_array_end);
    run_constructors(__init_array_start, __init_array_end);
    keel_exit(main(process.argument_count, process.arguments, process.environment));
}
