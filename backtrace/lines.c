/*
 * File and line of an address.
 *
 * .debug_line has one program for each unit that was compiled. Run, it gives the unit's rows:
 * address, file, line, in sequences of ascending addresses; a row holds up to the next one's
 * address. Nothing tells where in a program an address comes, so programs are run from their start,
 * in place, until the row is there.
 *
 * Which unit? The one that .debug_aranges names; else every one in turn, but first the one that was
 * right last time, because the frames of a file lie together. That way costs about 5 ms for each MB
 * of line programs: it is the one for programs that clang compiled, and for addresses that have no
 * line.
 *
 * Source: DWARF 5, 6.2; DWARF 4, 6.2, for versions 2 to 4.
 */
#include "backtrace/dwarf.h"
#include "base/atomic.h"
#include "base/memory.h"

/* DW_LNS_..., DW_LNE_..., DW_LNCT_... */
enum {
    LINE_EXTENDED = 0,
    LINE_COPY = 1,
    LINE_ADVANCE_PC = 2,
    LINE_ADVANCE_LINE = 3,
    LINE_SET_FILE = 4,
    LINE_CONST_ADD_PC = 8,
    LINE_FIXED_ADVANCE_PC = 9,
    EXTENDED_END_SEQUENCE = 1,
    EXTENDED_SET_ADDRESS = 2,
    CONTENT_PATH = 1,
    CONTENT_DIRECTORY_INDEX = 2,
};

struct program {
    struct reader names; /* directories, then files */
    struct reader code;
    struct dwarf_sizes sizes;
    uint16_t version;
    uint8_t instruction_size;
    int8_t line_base;
    uint8_t line_range;
    uint8_t opcode_base;
    const unsigned char *operand_counts; /* of opcodes 1 ... opcode_base - 1 */
};

/* Reads a program's header; `lines` passes over the whole program. */
static bool read_program(struct reader *lines, struct program *program)
{
    uint64_t len = reader_initial_length(lines, &program->sizes.offset);
    struct reader unit = reader_part(lines, len);
    program->version = (uint16_t)reader_number(&unit, 2);
    program->sizes.address = sizeof(uint64_t);
    if (program->version >= 5) {
        program->sizes.address = reader_byte(&unit);
        reader_byte(&unit); /* size of a segment's selector */
    }
    uint64_t header_len = reader_number(&unit, program->sizes.offset);
    struct reader header = reader_part(&unit, header_len);
    program->code = unit;
    program->instruction_size = reader_byte(&header);
    if (program->version >= 4)
        reader_byte(&header); /* operations in an instruction: more than 1 on no machine here */
    reader_byte(&header);     /* whether rows are statements at first */
    program->line_base = (int8_t)reader_byte(&header);
    program->line_range = reader_byte(&header);
    program->opcode_base = reader_byte(&header);
    program->operand_counts = header.at;
    reader_skip(&header, program->opcode_base - 1u);
    program->names = header;
    return !header.failed && !unit.failed && program->version >= 2 && program->version <= 5 &&
           program->line_range != 0;
}

/* ---- running a program */

struct row {
    uint64_t address;
    uint64_t file;
    uint64_t line;
};

struct run {
    const struct program *program;
    struct reader code;
    uint64_t target;
    struct row row;
    struct row before; /* the row before, of this sequence */
    bool has_before;
    bool is_real; /* the sequence is of code that is in the image */
    bool found;   /* `before` is the row that holds at the target */
};

static void begin_sequence(struct run *run)
{
    run->row = (struct row){.file = 1, .line = 1};
    run->has_before = false;
    run->is_real = false;
}

static void add_row(struct run *run)
{
    if (run->has_before && run->is_real && run->before.address <= run->target &&
        run->target < run->row.address) {
        run->found = true;
        return;
    }
    run->before = run->row;
    run->has_before = true;
}

static void extended(struct run *run)
{
    struct reader operands = reader_part(&run->code, reader_leb(&run->code));
    switch (reader_byte(&operands)) {
    case EXTENDED_END_SEQUENCE:
        add_row(run);
        if (!run->found)
            begin_sequence(run);
        break;
    case EXTENDED_SET_ADDRESS:
        run->row.address = reader_number(&operands, reader_left(&operands));
        /* Of what a linker dropped, GNU ld leaves 0 and lld -1. */
        run->is_real = run->row.address != 0 && run->row.address != ~(uint64_t)0;
        break;
    default: /* discriminators, and what others may add */
        break;
    }
}

static void advance_by_special(struct run *run, uint8_t opcode)
{
    unsigned adjusted = (unsigned)opcode - run->program->opcode_base;
    run->row.address +=
        (uint64_t)(adjusted / run->program->line_range) * run->program->instruction_size;
}

static void standard(struct run *run, uint8_t opcode)
{
    struct reader *code = &run->code;
    switch (opcode) {
    case LINE_COPY:
        add_row(run);
        break;
    case LINE_ADVANCE_PC:
        run->row.address += reader_leb(code) * run->program->instruction_size;
        break;
    case LINE_ADVANCE_LINE:
        run->row.line += (uint64_t)reader_signed_leb(code);
        break;
    case LINE_SET_FILE:
        run->row.file = reader_leb(code);
        break;
    case LINE_CONST_ADD_PC:
        advance_by_special(run, 255);
        break;
    case LINE_FIXED_ADVANCE_PC:
        run->row.address += reader_number(code, 2);
        break;
    default: /* column, statement flags, and what others may add */
        for (unsigned i = run->program->operand_counts[opcode - 1]; i > 0; i--)
            reader_leb(code);
    }
}

static bool find_row(const struct program *program, uint64_t target, struct row *row)
{
    struct run run = {.program = program, .code = program->code, .target = target};
    begin_sequence(&run);
    while (run.code.at < run.code.end && !run.found) {
        uint8_t opcode = *run.code.at++;
        if (opcode >= program->opcode_base) {
            unsigned adjusted = (unsigned)opcode - program->opcode_base;
            advance_by_special(&run, opcode);
            run.row.line += (uint64_t)(program->line_base + (int)(adjusted % program->line_range));
            add_row(&run);
        } else if (opcode == LINE_EXTENDED) {
            extended(&run);
        } else {
            standard(&run, opcode);
        }
    }
    *row = run.before;
    return run.found;
}

/* ---- names of files */

struct file_name {
    const char *path;
    uint64_t directory; /* index */
};

/* Version 5: what an entry consists of, how many there are, the entries. Passes over all of it. */
static bool read_list(const struct image *image, const struct program *program,
                      struct reader *names, uint64_t index, struct file_name *name)
{
    struct reader format = *names;
    unsigned format_count = reader_byte(&format);
    *names = format;
    for (unsigned i = 0; i < 2 * format_count; i++)
        reader_leb(names);
    uint64_t count = reader_leb(names);
    bool found = false;
    for (uint64_t i = 0; i < count && !names->failed; i++) {
        struct reader pairs = format;
        struct file_name entry = {0};
        const unsigned char *before = names->at;
        for (unsigned j = 0; j < format_count; j++) {
            uint64_t content = reader_leb(&pairs);
            struct dwarf_value value = dwarf_read(image, names, reader_leb(&pairs), program->sizes);
            if (content == CONTENT_PATH)
                entry.path = value.text;
            else if (content == CONTENT_DIRECTORY_INDEX)
                entry.directory = value.number;
        }
        if (names->at == before)
            break; /* entries of nothing: however many, there is no name */
        if (i == index) {
            *name = entry;
            found = entry.path != NULL;
        }
    }
    return found && !names->failed;
}

static bool find_file5(const struct image *image, const struct program *program, uint64_t file,
                       struct file_name *name, const char **directory)
{
    struct reader names = program->names;
    struct file_name ignored;
    read_list(image, program, &names, ~(uint64_t)0, &ignored);
    if (!read_list(image, program, &names, file, name))
        return false;
    struct file_name found;
    names = program->names;
    if (read_list(image, program, &names, name->directory, &found))
        *directory = found.path;
    return true;
}

/* Version 4 and before: texts until an empty one. Directories and files count from 1. */
static const char *read_directory4(struct reader *names, uint64_t index)
{
    const char *found = NULL;
    uint64_t i = 1;
    for (const char *text = reader_text(names); text != NULL && *text != '\0';
         text = reader_text(names)) {
        if (i++ == index)
            found = text;
    }
    return found;
}

static bool find_file4(const struct program *program, uint64_t file, struct file_name *name,
                       const char **directory)
{
    struct reader names = program->names;
    read_directory4(&names, 0);
    for (uint64_t i = 1; reader_has_more(&names); i++) {
        name->path = reader_text(&names);
        if (name->path == NULL || *name->path == '\0')
            return false;
        name->directory = reader_leb(&names);
        reader_leb(&names); /* time of modification */
        reader_leb(&names); /* size */
        if (i != file)
            continue;
        names = program->names;
        *directory = read_directory4(&names, name->directory);
        return true;
    }
    return false;
}

/* ---- the unit */

static bool find_in_program(const struct image *image, const struct program *program,
                            uint64_t target, struct image_line *line)
{
    struct row row;
    if (!find_row(program, target, &row))
        return false;
    struct file_name name = {0};
    *line = (struct image_line){.line = (uint32_t)row.line};
    bool found = program->version >= 5
                     ? find_file5(image, program, row.file, &name, &line->directory)
                     : find_file4(program, row.file, &name, &line->directory);
    if (found)
        line->file = name.path;
    line->directory_is_default = name.directory == 0;
    return found;
}

static bool find_at(const struct image *image, uint64_t offset, uint64_t target,
                    struct image_line *line)
{
    struct program program;
    struct reader lines = reader_from(image->lines, offset);
    return read_program(&lines, &program) && find_in_program(image, &program, target, line);
}

/* Where the last scan found a line, + 1; 0: nowhere yet. A hint, by itself: so RELAXED. */
static uint64_t recent_unit;

static bool find_by_recent(const struct image *image, uint64_t target, struct image_line *line)
{
    uint64_t recent = atomic_load(&recent_unit, RELAXED); /* RELAXED: as above */
    return recent != 0 && find_at(image, recent - 1, target, line);
}

static bool find_by_ranges(const struct image *image, uint64_t target, struct image_line *line)
{
    struct dwarf_unit unit;
    if (!dwarf_find_unit(image, target, &unit) || !find_at(image, unit.lines, target, line))
        return false;
    if (line->directory == NULL && line->directory_is_default)
        line->directory = unit.directory;
    return true;
}

static bool find_by_scan(const struct image *image, uint64_t target, struct image_line *line)
{
    struct reader lines = reader_of(image->lines);
    while (reader_has_more(&lines)) {
        uint64_t offset = (uint64_t)(lines.at - image->lines.start);
        struct program program;
        if (read_program(&lines, &program) && find_in_program(image, &program, target, line)) {
            atomic_store(&recent_unit, offset + 1, RELAXED); /* RELAXED: as above */
            return true;
        }
    }
    return false;
}

bool image_line(const struct image *image, uintptr_t address, struct image_line *line)
{
    uint64_t target = address - image->bias;
    return find_by_recent(image, target, line) || find_by_ranges(image, target, line) ||
           find_by_scan(image, target, line);
}
