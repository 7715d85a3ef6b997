/*
 * A walk as lines on standard error, in one pass and in a bounded space: the first lines as they
 * come, the last ones from a queue that always holds the latest. What falls out of the queue is
 * only counted.
 *
 * Recursion is folded before that. When the last n frames are the same as the n before them, for a
 * small n, what follows in the same cycle is only counted.
 */
#include "backtrace/backtrace.h"
#include "base/panic.h"
#include "keel/fault.h"

enum {
    first_lines = 32,
    last_lines = 16,
    longest_cycle = 8,
};

/* A line to be: a frame, or `folded` frames of a cycle of which pc is one. */
struct entry {
    uintptr_t pc;
    uint32_t folded; /* 0: a frame */
    uint8_t cycle;
    bool interrupted;
};

struct writer {
    uintptr_t begin_at; /* frames before the one with this pc are not shown; 0: all are */
    size_t written;
    size_t queued; /* in all; the latest are in the queue */
    uint64_t left_out;
    struct entry queue[last_lines];
    uintptr_t history[2 * longest_cycle]; /* of the frames, by their number */
    size_t history_count;
    uint32_t folded;
    uint8_t cycle; /* 0: nothing is being folded */
};

/* ---- one line */

static void line_place(struct line *line, const struct backtrace_symbol *symbol)
{
    line_text(line, " (");
    if (symbol->directory != NULL && !symbol->directory_is_default && symbol->file[0] != '/') {
        line_text(line, symbol->directory);
        line_text(line, "/");
    }
    line_text(line, symbol->file);
    if (symbol->line != 0) {
        line_text(line, ":");
        line_number(line, symbol->line);
    }
    line_text(line, ")");
}

static void line_name(struct line *line, uintptr_t pc, const struct backtrace_symbol *symbol)
{
    if (symbol->function == NULL) {
        line_hex(line, pc);
        return;
    }
    line_text(line, symbol->function);
    line_text(line, "+");
    line_hex(line, symbol->offset);
}

/* " function+0x12 (program.c:34)", as much of it as is known. */
static void line_symbol(struct line *line, uintptr_t pc, const struct backtrace_symbol *symbol)
{
    if (symbol->function != NULL) {
        line_text(line, " ");
        line_name(line, pc, symbol);
    }
    if (symbol->file != NULL)
        line_place(line, symbol);
}

void backtrace_line_call(struct line *line, const void *address)
{
    struct backtrace_symbol symbol;
    uintptr_t pc = (uintptr_t)address;
    if (!backtrace_symbolize(pc - 1, &symbol))
        return;
    symbol.offset += 1;
    line_symbol(line, pc, &symbol);
}

/* Not inlined, so that the line takes no stack while the symbol is looked up. */
static __attribute__((noinline)) void write_line(const struct entry *entry,
                                                 const struct backtrace_symbol *symbol)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "keel:   ");
    if (entry->folded > 0) {
        line_text(&line, "... ");
        line_number(&line, entry->folded);
        line_text(&line, " frames more of ");
        line_name(&line, entry->pc, symbol);
        if (entry->cycle > 1) {
            line_text(&line, " and ");
            line_number(&line, entry->cycle - 1u);
            line_text(&line, entry->cycle == 2 ? " other, in turn" : " others, in turn");
        }
    } else {
        line_text(&line, "at ");
        line_hex(&line, entry->pc);
        line_symbol(&line, entry->pc, symbol);
    }
    line_write(&line, standard_error);
}

static void write_entry(const struct entry *entry)
{
    struct backtrace_symbol symbol;
    size_t back = entry->interrupted ? 0 : 1;
    if (backtrace_symbolize(entry->pc - back, &symbol))
        symbol.offset += back;
    write_line(entry, &symbol);
}

/* Of its own, for the same reason. */
static __attribute__((noinline)) void write_left_out(uint64_t count)
{
    struct line line;
    line_begin(&line);
    line_text(&line, "keel:   ... ");
    line_number(&line, count);
    line_text(&line, count == 1 ? " frame is left out" : " frames are left out");
    line_write(&line, standard_error);
}

/* ---- which lines */

static void add_entry(struct writer *writer, struct entry entry)
{
    if (writer->written < first_lines) {
        writer->written++;
        write_entry(&entry);
        return;
    }
    struct entry *place = &writer->queue[writer->queued % last_lines];
    if (writer->queued >= last_lines)
        writer->left_out += place->folded > 0 ? place->folded : 1;
    *place = entry;
    writer->queued++;
}

static void write_queue(const struct writer *writer)
{
    if (writer->left_out > 0)
        write_left_out(writer->left_out);
    size_t first = writer->queued > last_lines ? writer->queued - last_lines : 0;
    for (size_t i = first; i < writer->queued; i++)
        write_entry(&writer->queue[i % last_lines]);
}

/* The pc of the frame that came `back` frames ago (1: the last). */
static uintptr_t *history(struct writer *writer, size_t back)
{
    return &writer->history[(writer->history_count - back) % (2 * longest_cycle)];
}

static void note_history(struct writer *writer, uintptr_t pc)
{
    writer->history_count++;
    *history(writer, 1) = pc;
}

static bool repeats(struct writer *writer, size_t cycle)
{
    if (writer->history_count < 2 * cycle)
        return false;
    for (size_t back = 1; back <= cycle; back++) {
        if (*history(writer, back) != *history(writer, back + cycle))
            return false;
    }
    return true;
}

static void end_fold(struct writer *writer)
{
    if (writer->folded > 0) {
        struct entry entry = {.pc = *history(writer, 1)};
        /* One frame says more by itself. */
        if (writer->folded > 1) {
            entry.folded = writer->folded;
            entry.cycle = writer->cycle;
        }
        add_entry(writer, entry);
    }
    writer->folded = 0;
    writer->cycle = 0;
    writer->history_count = 0;
}

static void add_frame(struct writer *writer, const struct backtrace_frame *frame)
{
    if (writer->cycle != 0) {
        if (!frame->interrupted && frame->pc == *history(writer, writer->cycle)) {
            writer->folded++;
            note_history(writer, frame->pc);
            return;
        }
        end_fold(writer);
    }
    add_entry(writer, (struct entry){.pc = frame->pc, .interrupted = frame->interrupted});
    /* An interrupted frame's pc means another thing, so it is no part of a cycle. */
    if (frame->interrupted) {
        writer->history_count = 0;
        return;
    }
    note_history(writer, frame->pc);
    for (uint8_t cycle = 1; cycle <= longest_cycle && writer->cycle == 0; cycle++) {
        if (repeats(writer, cycle))
            writer->cycle = cycle;
    }
}

static bool each_frame(const struct backtrace_frame *frame, void *data)
{
    struct writer *writer = data;
    if (frame->pc == writer->begin_at)
        writer->begin_at = 0;
    if (writer->begin_at == 0)
        add_frame(writer, frame);
    return true;
}

static void write_beginning(const struct arch_registers *start, bool interrupted,
                            uintptr_t begin_at)
{
    /* (Not by initialiser: that would clear the queue and the history.) */
    struct writer writer;
    writer.begin_at = begin_at;
    writer.written = writer.queued = writer.history_count = 0;
    writer.left_out = 0;
    writer.folded = 0;
    writer.cycle = 0;
    backtrace_walk(start, interrupted, each_frame, &writer);
    /* A walk that did not get so far: that place is known all the same. */
    if (writer.begin_at != 0)
        add_entry(&writer, (struct entry){.pc = writer.begin_at});
    end_fold(&writer);
    write_queue(&writer);
}

void backtrace_write(const struct arch_registers *start, bool interrupted)
{
    write_beginning(start, interrupted, 0);
}

/* ---- panics */

/*
 * The strong hook of base/panic.h. It lies here, so that whoever links the report of faults has
 * traces of panics too; and keel_panic beside it, so that its callers have.
 */
void panic_hook_trace(const void *from)
{
    struct arch_registers registers;
    arch_registers_capture(&registers);
    write_beginning(&registers, false, (uintptr_t)from);
}

static void fill_message(struct line *line, const void *message)
{
    line_text(line, message != NULL ? message : "(no message)");
}

_Noreturn void keel_panic(const char *message)
{
    const void *where = __builtin_return_address(0);
    panic_with_from(fill_message, message, where, where);
}
