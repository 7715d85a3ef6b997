/* Writes to a pointer that the linker had to relocate and that the program calls constant. */
#include <keel.h>

static int number;
static const int *const place = &number;

__attribute__((noinline)) static void write_constant(const int *volatile *where)
{
    *where = 0;
}

int main(void)
{
    keel_task_set_name(0, "writer");
    write_constant((const int *volatile *)(uintptr_t)&place);
    return 0;
}
