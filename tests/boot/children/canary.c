/* Prints the stack protector's canary. */
#include "base/line.h"
#include "base/thread_block.h"

enum { standard_output = 1 };

int main(void)
{
    struct line line;
    line_begin(&line);
    line_hex(&line, thread_block()->canary);
    line_write(&line, standard_output);
    return 0;
}
