/*
 * keel/fault.h: panics, and where a program is.
 *
 * A program that cannot go on says why and where, and ends. It can also ask where it is itself: the
 * addresses of the calls that are under way, and the names behind addresses.
 *
 * Names come from the program's own file, which is found by /proc/self/exe or, where there is no
 * /proc, by the name under which it was executed, and mapped at first use. Functions are named from
 * its symbol table, files and lines from DWARF 2 to 5 (-g) that is not compressed. In a program
 * that was stripped, or whose file is out of reach, nothing is known, and addresses are all there
 * is.
 *
 * Every function here may be called from a task, from any other thread, before `main` and from a
 * signal handler; takes no lock, allocates nothing and does not park. A call needs at most 4 KiB of
 * stack.
 */
#ifndef KEEL_FAULT_H
#define KEEL_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "keel/task.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Ends the process with status 2, after "keel: panic: <message>", the task and the place of the
 * call on standard error, and a line for each call under way. Exit functions do not run. Ownership:
 * `message` is borrowed; NUL-terminated, or NULL for none; what is longer than a line is cut.
 * When another thread has begun to say why the process ends, waits for that end.
 */
KEEL_NORETURN void keel_panic(const char *message);

/*
 * Stores the places of the calls that are under way, innermost first: frames[0] lies in the
 * function that called keel_backtrace, frames[1] in its caller, and so on to the first function of
 * the task or thread. At most `max` are stored. Returns how many.
 *
 * A place is an address inside the call instruction (the return address - 1), so it belongs to the
 * line of the call, and can be given to keel_symbolize as it is, like any address of code. In a
 * frame that a signal interrupted it is the instruction that comes next.
 *
 * Follows unwind tables, and frame pointers in code that has none. Where code has neither, frames
 * are missed or end: gcc writes the tables by default; clang -ffreestanding does not, and wants
 * -fasynchronous-unwind-tables (or -fno-omit-frame-pointer). Costs about a microsecond a frame.
 * Source: the order of glibc's backtrace; the places are those of libbacktrace.
 */
size_t keel_backtrace(void **frames, size_t max);

/* What is known of an address: NULL or 0 where it is not. */
typedef struct {
    const char *function;
    const char *file;      /* as it was given to the compiler, perhaps with a directory in it */
    const char *directory; /* of `file`, unless that begins with '/'. When it does not begin with
                              '/' itself: in the directory in which the compiler ran */
    uint32_t line;
    size_t offset; /* from the function's start, in bytes */
} keel_symbol;

/*
 * Names the function, file and line to which the instruction at `address` belongs: any byte of it
 * will do. Any value may be given. Code that was inlined belongs to its own line and to the
 * function that contains it. Returns 0, or -ENOENT when nothing is known; *out is filled in both
 * cases. Ownership: the texts live as long as the process. Costs a pass over the symbol table and
 * the unit's line program, from microseconds to, in a large program that clang compiled,
 * milliseconds; the first call maps the file.
 */
int keel_symbolize(const void *address, keel_symbol *out);

#ifdef __cplusplus
}
#endif

#endif
