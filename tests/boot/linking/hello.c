/* Prints and exits: the least that a program can be. */
#include <runtime.h>

int main(void)
{
    cs_print_str((cs_string_t){"hello\n", 6});
    return 0;
}
