/* Ends as its arguments say: "return" or "exit", and the status. */
#include "keel/task.h"

static int number(const char *text)
{
    int value = 0;
    for (; *text != '\0'; text++)
        value = value * 10 + (*text - '0');
    return value;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 99;
    if (argv[1][0] == 'e')
        keel_exit(number(argv[2]));
    return number(argv[2]);
}
