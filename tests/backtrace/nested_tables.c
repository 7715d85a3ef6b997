/* Compiled as gcc's plain -O2 does: unwind tables, and no frame pointers. */
#include "tests/backtrace/nested.h"
