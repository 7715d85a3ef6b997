/* Prints what it was given: arguments, and the variable that the first argument names. */
#include "base/line.h"
#include "base/memory.h"
#include "keel/task.h"

enum { standard_output = 1 };

static void print(const char *what, const char *text)
{
    struct line line;
    line_begin(&line);
    line_text(&line, what);
    line_text(&line, text == NULL ? "(none)" : text);
    line_write(&line, standard_output);
}

int main(int argc, char **argv, char **environment)
{
    int count = -1;
    char **arguments = keel_arguments(&count);
    if (count != argc || arguments != argv || keel_arguments(NULL) != argv)
        return 10;
    if (argv[argc] != NULL || environment != argv + argc + 1)
        return 11;
    for (int i = 1; i < argc; i++)
        print("argument ", argv[i]);
    if (argc > 1)
        print("variable ", keel_environment(argv[1]));
    return argc;
}
