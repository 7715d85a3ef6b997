/* Hello-world by the runtime. */
#include <runtime.h>

static const char text[] = "hello\n";

int main(void)
{
    cs_print_str((cs_string_t){(char *)(unsigned long)text, sizeof text - 1});
    return 0;
}
