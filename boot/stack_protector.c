/* Called by code that was compiled with -fstack-protector when its frame is damaged. */
#include "base/panic.h"

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
    panic("stack smashing detected: a function wrote past its local variables");
}
