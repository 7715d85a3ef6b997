/*
 * Keel: the runtime that a compiler links into every binary it makes. For whom: compilers, and
 * programs without a C library.
 *
 *   keel/task.h   tasks, time, the environment, exit
 *   keel/chan.h   channels
 *   keel/fork.h   fork and join, parallel loops
 *   keel/mem.h    the default allocator
 *   keel/sync.h   wait groups
 *
 * Not provided: a C library. Compile and link a program with
 *
 *   cc -ffreestanding -nostdlib -static program.c -lkeel
 *
 * and, for the smallest image, the linker script (pkg-config --static --cflags --libs keel).
 */
#ifndef KEEL_H
#define KEEL_H

#include "keel/chan.h"
#include "keel/fault.h"
#include "keel/fork.h"
#include "keel/mem.h"
#include "keel/sync.h"
#include "keel/task.h"

#endif
