/* Hello-world by the runtime. */
#include <runtime.h>

int main(void)
{
    static char text[] = "hello\n";
    cs_print_str((cs_string_t){text, sizeof text - 1});
    return 0;
}
