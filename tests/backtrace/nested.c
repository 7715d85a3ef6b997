/* Compiled as the library is: unwind tables and frame pointers. */
#include "tests/backtrace/nested.h"
