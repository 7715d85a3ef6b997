/*
 * From a frame to its caller's:
 *
 *   1. by the unwind table's entry for the frame's instruction;
 *   2. code without an entry: by the frame pointer, when what it leads to is plausible;
 *   3. a pc that lies in no code at all, of a frame that a signal interrupted: somebody jumped or
 *      called there, so the return address is still on top of the stack.
 *
 * The walk ends where an entry says that there is no return address (the first frame of a task or
 * of a thread), where the return address is 0, or where none of the three leads on.
 *
 * It always ends: a caller's frame lies above its callee's, so each step must go up the stack.
 * Signal frames are an exception, since handlers may run on a stack of their own, and so are calls
 * on another stack (arch_call_on); so there may be only so many of those.
 */
#include "backtrace/backtrace.h"
#include "backtrace/image.h"
#include "backtrace/rules.h"

enum {
    most_frames = 10 * 1000 * 1000, /* a stack of 100 MB in frames of a few words */
    most_stacks = 16,
};

/* Weak: a program in which nothing is called on another stack. */
__attribute__((weak)) bool backtrace_hook_leaves_stack(uintptr_t function)
{
    (void)function;
    return false;
}

struct walk {
    struct arch_registers registers;
    bool interrupted;
    unsigned stacks; /* left for another */
    struct probe probe;
    struct table table;
    struct rules rules; /* here, so that their size counts once */
};

/* One step: the caller's registers, and what the frame learns from them. */
struct step {
    struct arch_registers caller;
    uintptr_t cfa;
    bool leads_on;
    bool to_interrupted; /* the caller was interrupted by a signal */
    bool is_exact;       /* nothing was called from the frame: its pc is the instruction */
};

static bool is_code(uintptr_t address)
{
    struct code code;
    return code_find(address, &code);
}

static void by_table(struct walk *walk, const struct table_entry *entry, struct step *step)
{
    uint64_t cfa;
    /* A handler "returns" to the start of what a signal frame's entry speaks of: nobody called. */
    step->is_exact |= entry->is_signal_frame;
    uintptr_t address = walk->registers.value[arch_register_pc] - !step->is_exact;
    if (!rules_find(entry, address, &walk->rules) ||
        !rules_cfa(&walk->rules, &walk->registers, &walk->probe, &cfa))
        return;
    step->cfa = cfa;
    uint64_t column = entry->return_column;
    if (column >= arch_register_count || walk->rules.kind[column] == RULE_UNDEFINED ||
        !rules_apply(&walk->rules, &walk->registers, cfa, &walk->probe, &step->caller))
        return;
    step->caller.value[arch_register_pc] = step->caller.value[column];
    step->leads_on = true;
    step->to_interrupted = entry->is_signal_frame;
}

/* The return address lies at `at`, and the caller's stack goes on at `cfa`. */
static void by_return_address(struct walk *walk, uintptr_t at, uintptr_t cfa, struct step *step)
{
    uint64_t pc;
    if (!probe_read(&walk->probe, at, sizeof pc, &pc) || !is_code(pc))
        return;
    step->caller.value[arch_register_pc] = pc;
    step->caller.value[arch_register_sp] = cfa;
    step->cfa = cfa;
    step->leads_on = true;
}

static void by_frame_pointer(struct walk *walk, struct step *step)
{
    uintptr_t frame = walk->registers.value[arch_register_frame];
    uintptr_t sp = walk->registers.value[arch_register_sp];
    if (frame < sp || frame % sizeof frame != 0)
        return;
    if (!probe_read(&walk->probe, frame + arch_frame_saved, sizeof frame,
                    &step->caller.value[arch_register_frame]))
        return;
    by_return_address(walk, frame + arch_frame_return, frame + arch_frame_size, step);
}

/*
 * A function that calls nothing may have no frame, though its file keeps frame pointers. Where the
 * function is not known, it has one.
 */
static bool makes_frame(struct walk *walk, uintptr_t pc)
{
    const struct image *image = table_image(&walk->table);
    uintptr_t start;
    bool is_own;
    uint64_t bytes;
    return image == NULL || image_function(image, pc, &start, &is_own) == NULL ||
           !probe_read(&walk->probe, start, sizeof bytes, &bytes) || arch_makes_frame(bytes);
}

/* Of code without an entry. */
static void in_unknown_code(struct walk *walk, uintptr_t pc, struct step *step)
{
    uintptr_t sp = walk->registers.value[arch_register_sp];
    uint64_t bytes;
    int pushed = -1; /* bytes above the return address; negative: the frame is complete */
    if (walk->interrupted && !is_code(pc))
        pushed = 0;
    else if (walk->interrupted && probe_read(&walk->probe, pc, sizeof bytes, &bytes))
        pushed = arch_frame_pushed(bytes);
    if (walk->interrupted && pushed < 0 && !makes_frame(walk, pc))
        pushed = 0;
    if (pushed < 0) {
        by_frame_pointer(walk, step);
        return;
    }
    uintptr_t at = sp + (uintptr_t)pushed;
    by_return_address(walk, at, at + arch_call_pushes, step);
    if (step->leads_on && pushed > 0)
        step->leads_on =
            probe_read(&walk->probe, sp, sizeof sp, &step->caller.value[arch_register_frame]);
    if (!step->leads_on && pushed == 0)
        by_frame_pointer(walk, step);
}

static bool goes_up(const struct walk *walk, const struct step *step)
{
    return step->caller.value[arch_register_sp] >=
           walk->registers.value[arch_register_sp] + arch_call_pushes;
}

static void find_caller(struct walk *walk, struct step *step)
{
    /* cppcheck-suppress ctuuninitvar ; backtrace_walk sets it, member by member */
    uintptr_t pc = walk->registers.value[arch_register_pc];
    step->cfa = 0;
    step->leads_on = false;
    step->to_interrupted = false;
    step->is_exact = walk->interrupted;
    step->caller = walk->registers;
    const struct table_entry *entry = table_find(&walk->table, pc - !walk->interrupted);
    if (entry != NULL)
        by_table(walk, entry, step);
    else
        in_unknown_code(walk, pc, step);
    if (step->caller.value[arch_register_pc] == 0)
        step->leads_on = false;
    if (step->to_interrupted || (entry != NULL && backtrace_hook_leaves_stack(entry->start)))
        step->leads_on = step->leads_on && ++walk->stacks <= most_stacks;
    else if (!goes_up(walk, step))
        step->leads_on = false;
}

size_t backtrace_walk(const struct arch_registers *start, bool interrupted, backtrace_each *each,
                      void *data)
{
    /* (Not by initialiser: that would clear the rules and the table's entries.) */
    struct walk walk;
    walk.registers = *start;
    walk.interrupted = interrupted;
    walk.stacks = 0;
    walk.probe.readable_page = 0;
    table_begin(&walk.table);
    for (size_t count = 0; count < most_frames; count++) {
        struct step step;
        find_caller(&walk, &step);
        struct backtrace_frame frame = {
            .pc = walk.registers.value[arch_register_pc],
            .sp = walk.registers.value[arch_register_sp],
            .cfa = step.cfa,
            .interrupted = step.is_exact,
        };
        if (!each(&frame, data) || !step.leads_on)
            return count + 1;
        walk.registers = step.caller;
        walk.interrupted = step.to_interrupted;
    }
    return most_frames;
}
