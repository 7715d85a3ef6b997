/*
 * backtrace/: walking stacks, and names for addresses. No signal is needed: a fault handler walks
 * what it interrupted, a plain call walks its own stack.
 *
 *   walk.c     from a frame to its caller's, by unwind tables, else by frame pointers
 *   table.c    the unwind table's entry for an address
 *   rules.c    what an entry says about one instruction (DWARF call frame information)
 *   expression.c  DWARF expressions
 *   probe.c    reading memory that may not be there
 *   image.c    the program's own file, and what its headers say
 *   symbol.c   the function at an address
 *   lines.c    file and line of an address
 *   write.c    the walk as lines on standard error; it also gives panics their trace
 *   fault.c    what programs see of it (keel/fault.h)
 *
 * Everything here may be called in a signal handler: no lock, no allocator, no thread pointer, a
 * bounded stack. Nothing of the walked stack is believed: each word is probed before it is read,
 * and each step must lead up the stack.
 *
 * What may not enter: locks, allocation, anything that parks; headers of the rooms above.
 */
#ifndef KEEL_BACKTRACE_H
#define KEEL_BACKTRACE_H

#include "base/base.h"
#include "base/line.h"

struct backtrace_frame {
    uintptr_t pc;
    uintptr_t sp;  /* in this frame, at pc */
    uintptr_t cfa; /* the caller's sp; 0 where the walk ends and it is not known */
    /*
     * pc is the instruction itself. Otherwise it is a return address, and what was called lies
     * before it: names are looked up at pc - 1.
     */
    bool interrupted;
};

/* Called for each frame, innermost first; false ends the walk. */
typedef bool backtrace_each(const struct backtrace_frame *frame, void *data);

/*
 * Walks from the frame of `start` to the end of the stack: an entry whose return address is
 * undefined (a thread's or task's first frame), or where it cannot go on. `interrupted`: `start` is
 * what a signal interrupted (arch_registers_from_signal), not a call's (arch_registers_capture).
 * Returns the number of frames seen.
 */
size_t backtrace_walk(const struct arch_registers *start, bool interrupted, backtrace_each *each,
                      void *data);

/* Whether the function that begins there is called on one stack and calls on another (base/deep.h).
 */
bool backtrace_hook_leaves_stack(uintptr_t function);

/*
 * Writes the frames to standard error, a line each:
 *
 *     keel:   at 0x401234 function+0x12 (program.c:34)
 *
 * Recursion is folded, and of a long trace the middle is left out, each with a line that says how
 * many frames that were.
 */
void backtrace_write(const struct arch_registers *start, bool interrupted);

/*
 * Appends the name and the place of the call that returns to `address`, as in a walk's lines:
 * " function+0x12 (program.c:34)". Nothing when nothing is known.
 */
void backtrace_line_call(struct line *line, const void *address);

/* What is known of an address; what is not is NULL or 0. The strings live as long as the process.
 */
struct backtrace_symbol {
    const char *function;
    size_t offset; /* from the function's start */
    const char *file;
    const char *directory; /* of the file; NULL: unknown, or the name has it */
    uint32_t line;
    bool directory_is_default; /* it is the one in which the file was compiled */
    bool is_own;               /* the function is one of the library's */
};

/* Looks up an instruction's address (not a return address). False when nothing is known. */
bool backtrace_symbolize(uintptr_t pc, struct backtrace_symbol *symbol);

#endif
