#include "base/output.h"
#include "lang/coolscript/coolscript.h"

enum { standard_output = 1 };

void cs_print_str(cs_string_t s)
{
    if (s.len > 0)
        output_print(standard_output, s.ptr, (size_t)s.len);
}
