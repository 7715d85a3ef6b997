/* What main finds: arguments, environment, auxiliary vector, and that constructors ran. */
#include <linux/auxvec.h>

#include "base/memory.h"
#include "base/thread_block.h"
#include "keel/task.h"
#include "tests/tap.h"

static int order;
static int early, late, plain;
static int constructor_argument_count;
static char **constructor_arguments;
static char **constructor_environment;
static char **arguments_in_constructor;
static struct thread_block *block_in_constructor;

__attribute__((constructor(200))) static void construct_late(void)
{
    late = ++order;
}

__attribute__((constructor(101))) static void construct_early(void)
{
    early = ++order;
}

/* Constructors get what main gets. */
__attribute__((constructor)) static void construct(int argc, char **argv, char **environment)
{
    plain = ++order;
    constructor_argument_count = argc;
    constructor_arguments = argv;
    constructor_environment = environment;
    arguments_in_constructor = keel_arguments(NULL);
    block_in_constructor = thread_block();
}

static int preinit;

static void construct_first(void)
{
    preinit = ++order;
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = construct_first;

static void test_constructors(int argc, char **argv, char **environment)
{
    check_equal(preinit, 1, ".preinit_array first");
    check_equal(early, 2, "then the constructor of the lowest priority");
    check_equal(late, 3, "then the next");
    check_equal(plain, 4, "then the one without");
    check_equal(order, 4, "each once");
    check(constructor_argument_count == argc && constructor_arguments == argv &&
              constructor_environment == environment,
          "with what main gets");
    check(arguments_in_constructor == argv, "what keel_arguments says is known to them");
    check(block_in_constructor == thread_block(), "their thread is main's");
}

static void test_arguments(int argc, char **argv, char **environment)
{
    int count = -1;
    check(keel_arguments(&count) == argv, "keel_arguments gives main's arguments");
    check_equal(count, argc, "and their number");
    check(keel_arguments(NULL) == argv, "the number need not be asked for");
    check(argc >= 1 && argv[argc] == NULL, "NULL ends them");
    check(environment == argv + argc + 1, "the environment lies behind them");
    check(keel_environment("no variable has this name") == NULL, "a variable that is not set");
    bool is_same = true;
    for (char **entry = environment; *entry != NULL; entry++) {
        char name[256];
        size_t len = 0;
        while ((*entry)[len] != '\0' && (*entry)[len] != '=' && len < sizeof name - 1) {
            name[len] = (*entry)[len];
            len++;
        }
        name[len] = '\0';
        if ((*entry)[len] == '=')
            is_same = is_same && keel_environment(name) != NULL;
    }
    check(is_same, "each variable of the environment is found");
}

/* By a volatile pointer: else the compiler takes its own promise of the alignment for granted. */
static void test_stack(void)
{
    _Alignas(16) volatile unsigned char local[16];
    volatile unsigned char *volatile place = local;
    local[0] = 1;
    check_equal((uintptr_t)place % 16, 0, "the stack is aligned as the ABI says");
}

static void test_auxiliary(void)
{
    check_equal(process_auxiliary(AT_PAGESZ, 0), arch_page_size, "AT_PAGESZ");
    check(process_auxiliary(AT_RANDOM, 0) != 0, "AT_RANDOM");
    check(process_auxiliary(AT_PHDR, 0) != 0 && process_auxiliary(AT_PHNUM, 0) > 0, "AT_PHDR");
    check_equal(process_auxiliary(0x12345678, 99), 99, "an entry that there is not");
    check(!process_is_secure(), "no rights were gained");
}

int main(int argc, char **argv, char **environment)
{
    test_constructors(argc, argv, environment);
    test_arguments(argc, argv, environment);
    test_stack();
    test_auxiliary();
    return tap_done();
}
