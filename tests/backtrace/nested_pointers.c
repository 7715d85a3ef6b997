/* Compiled with frame pointers and without unwind tables. */
#include "tests/backtrace/nested.h"
