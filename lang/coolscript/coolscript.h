/*
 * lang/coolscript/: what compiled Coolscript calls (include/runtime.h), a thin layer over the core.
 * The documents that it implements give two forms of the channel, by element and by owned pointer;
 * they are one channel here, the second with elements of 8 bytes.
 *
 * What may not enter: anything that the core lacks; what Coolscript needs beyond its own names
 * belongs below.
 */
#ifndef KEEL_COOLSCRIPT_H
#define KEEL_COOLSCRIPT_H

#include "runtime.h"

#endif
