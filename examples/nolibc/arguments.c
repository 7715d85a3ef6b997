/*
 * What the program was started with, by main's arguments and by nolibc's getenv: the entry is the
 * runtime's. Ends by exit, in a task, while other tasks wait: the exit functions run, and all ends.
 */
#include "keel_nolibc.h"

static void farewell(void)
{
    puts("exit functions run");
}

static void wait_for_ever(void *arg)
{
    (void)arg;
    keel_sleep(KEEL_FOREVER);
}

static void leave(void *arg)
{
    int count = 0;
    char **arguments = keel_arguments(&count);
    printf("a task sees %d, the last is \"%s\"\n", count, arguments[count - 1]);
    exit(*(int *)arg);
}

int main(int argc, char **argv, char **envp)
{
    for (int i = 1; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    const char *word = getenv("WORD");
    printf("WORD is %s; SURELY_NOT_SET is %s\n", word, getenv("SURELY_NOT_SET"));
    printf("the environment is main's: %d\n", keel_environment("WORD") == word && envp[0] != NULL);
    int status = argc > 1 ? atoi(argv[1]) : 0;
    keel_at_exit(farewell);
    if (keel_spawn(wait_for_ever, NULL) != 0 || keel_spawn(leave, &status) != 0)
        return 1;
    keel_sleep(KEEL_FOREVER);
    return 1;
}
