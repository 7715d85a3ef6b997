#include "backtrace/dwarf.h"

/* DW_FORM_... */
enum {
    FORM_ADDR = 0x01,
    FORM_BLOCK2 = 0x03,
    FORM_BLOCK4 = 0x04,
    FORM_DATA2 = 0x05,
    FORM_DATA4 = 0x06,
    FORM_DATA8 = 0x07,
    FORM_STRING = 0x08,
    FORM_BLOCK = 0x09,
    FORM_BLOCK1 = 0x0a,
    FORM_DATA1 = 0x0b,
    FORM_FLAG = 0x0c,
    FORM_SDATA = 0x0d,
    FORM_STRP = 0x0e,
    FORM_UDATA = 0x0f,
    FORM_REF_ADDR = 0x10,
    FORM_REF1 = 0x11,
    FORM_REF2 = 0x12,
    FORM_REF4 = 0x13,
    FORM_REF8 = 0x14,
    FORM_REF_UDATA = 0x15,
    FORM_SEC_OFFSET = 0x17,
    FORM_EXPRLOC = 0x18,
    FORM_FLAG_PRESENT = 0x19,
    FORM_STRX = 0x1a,
    FORM_ADDRX = 0x1b,
    FORM_STRP_SUP = 0x1d,
    FORM_DATA16 = 0x1e,
    FORM_LINE_STRP = 0x1f,
    FORM_REF_SIG8 = 0x20,
    FORM_IMPLICIT_CONST = 0x21,
    FORM_LOCLISTX = 0x22,
    FORM_RNGLISTX = 0x23,
    FORM_STRX1 = 0x25,
    FORM_STRX4 = 0x28,
    FORM_ADDRX1 = 0x29,
    FORM_ADDRX4 = 0x2c,
};

static const char *text_at(struct extent texts, uint64_t offset)
{
    struct reader reader = reader_from(texts, offset);
    return reader_text(&reader);
}

/* How many bytes a form has that is a number of a fixed size; 0 for the others. */
static size_t number_size(uint64_t form, struct dwarf_sizes sizes)
{
    switch (form) {
    case FORM_DATA1:
    case FORM_FLAG:
    case FORM_REF1:
        return 1;
    case FORM_DATA2:
    case FORM_REF2:
        return 2;
    case FORM_DATA4:
    case FORM_REF4:
        return 4;
    case FORM_DATA8:
    case FORM_REF8:
    case FORM_REF_SIG8:
        return 8;
    case FORM_ADDR:
        return sizes.address;
    case FORM_SEC_OFFSET:
    case FORM_REF_ADDR:
    case FORM_STRP_SUP:
        return sizes.offset;
    default:
        return 0;
    }
}

struct dwarf_value dwarf_read(const struct image *image, struct reader *reader, uint64_t form,
                              struct dwarf_sizes sizes)
{
    struct dwarf_value value = {0};
    size_t size = number_size(form, sizes);
    if (size > 0) {
        value.number = reader_number(reader, size);
        return value;
    }
    switch (form) {
    case FORM_UDATA:
    case FORM_SDATA: /* as many bytes; its value is not asked for */
    case FORM_REF_UDATA:
    case FORM_STRX:
    case FORM_ADDRX:
    case FORM_LOCLISTX:
    case FORM_RNGLISTX:
        value.number = reader_leb(reader);
        break;
    case FORM_STRING:
        value.text = reader_text(reader);
        break;
    case FORM_STRP:
        value.text = text_at(image->texts, reader_number(reader, sizes.offset));
        break;
    case FORM_LINE_STRP:
        value.text = text_at(image->line_texts, reader_number(reader, sizes.offset));
        break;
    case FORM_BLOCK1:
        reader_skip(reader, reader_number(reader, 1));
        break;
    case FORM_BLOCK2:
        reader_skip(reader, reader_number(reader, 2));
        break;
    case FORM_BLOCK4:
        reader_skip(reader, reader_number(reader, 4));
        break;
    case FORM_BLOCK:
    case FORM_EXPRLOC:
        reader_skip(reader, reader_leb(reader));
        break;
    case FORM_DATA16:
        reader_skip(reader, 16);
        break;
    case FORM_FLAG_PRESENT:
    case FORM_IMPLICIT_CONST: /* the abbreviation has the value */
        break;
    default: /* indexes into tables that are not read here: 1 ... 4 bytes */
        if (form >= FORM_STRX1 && form <= FORM_STRX4)
            reader_skip(reader, form - FORM_STRX1 + 1);
        else if (form >= FORM_ADDRX1 && form <= FORM_ADDRX4)
            reader_skip(reader, form - FORM_ADDRX1 + 1);
        else
            reader_fail(reader);
    }
    return value;
}

/* ---- units */

/* One set of ranges: those of a unit. Tells the unit's place in .debug_info. */
static bool set_has(struct reader *set, size_t offset_size, uint64_t address, uint64_t *unit)
{
    const unsigned char *start = set->at;
    uint16_t version = (uint16_t)reader_number(set, 2);
    *unit = reader_number(set, offset_size);
    size_t address_size = reader_byte(set);
    size_t selector_size = reader_byte(set);
    if (version != 2 || address_size != sizeof address || selector_size != 0)
        return false;
    /* The pairs are aligned to their size, counted from the set's length. */
    size_t length_size = offset_size == 4 ? 4 : 12;
    size_t before = length_size + (size_t)(set->at - start);
    reader_skip(set, round_up(before, 2 * sizeof address) - before);
    while (reader_left(set) >= 2 * sizeof address) {
        uint64_t first = reader_number(set, sizeof address);
        uint64_t size = reader_number(set, sizeof address);
        /* A function that the linker dropped has its range at 0. */
        if (first != 0 && address - first < size)
            return true;
    }
    return false;
}

static bool find_in_ranges(const struct image *image, uint64_t address, uint64_t *unit)
{
    struct reader ranges = reader_of(image->ranges);
    while (reader_has_more(&ranges)) {
        size_t offset_size;
        uint64_t len = reader_initial_length(&ranges, &offset_size);
        struct reader set = reader_part(&ranges, len);
        if (set_has(&set, offset_size, address, unit))
            return true;
    }
    return false;
}

/* The attributes of the abbreviation with the number `code`; a reader that failed: it is not there.
 */
static struct reader find_abbreviation(struct reader table, uint64_t code)
{
    enum { implicit_const = FORM_IMPLICIT_CONST };
    while (reader_has_more(&table)) {
        uint64_t number = reader_leb(&table);
        if (number == 0)
            break;
        reader_leb(&table);  /* tag */
        reader_byte(&table); /* has children */
        if (number == code)
            return table;
        uint64_t attribute, form;
        do {
            attribute = reader_leb(&table);
            form = reader_leb(&table);
            if (form == implicit_const)
                reader_signed_leb(&table);
        } while (attribute != 0 || form != 0);
    }
    reader_fail(&table);
    return table;
}

/* The unit's first entry describes the unit. */
static bool read_unit_entry(const struct image *image, struct reader *entry,
                            struct reader *abbreviation, struct dwarf_sizes sizes,
                            struct dwarf_unit *unit)
{
    enum { AT_STMT_LIST = 0x10, AT_COMP_DIR = 0x1b };
    bool has_lines = false;
    while (reader_has_more(abbreviation)) {
        uint64_t attribute = reader_leb(abbreviation);
        uint64_t form = reader_leb(abbreviation);
        if (attribute == 0 && form == 0)
            break;
        if (form == FORM_IMPLICIT_CONST)
            reader_signed_leb(abbreviation);
        struct dwarf_value value = dwarf_read(image, entry, form, sizes);
        if (entry->failed)
            break;
        if (attribute == AT_STMT_LIST) {
            unit->lines = value.number;
            has_lines = true;
        } else if (attribute == AT_COMP_DIR) {
            unit->directory = value.text;
        }
    }
    return has_lines;
}

static bool read_unit(const struct image *image, uint64_t offset, struct dwarf_unit *unit)
{
    enum { type_compile = 1, type_partial = 3 };
    struct reader reader = reader_from(image->units, offset);
    struct dwarf_sizes sizes;
    uint64_t len = reader_initial_length(&reader, &sizes.offset);
    reader = reader_part(&reader, len);
    uint64_t abbreviations;
    uint16_t version = (uint16_t)reader_number(&reader, 2);
    if (version >= 5) {
        uint8_t type = reader_byte(&reader);
        sizes.address = reader_byte(&reader);
        abbreviations = reader_number(&reader, sizes.offset);
        if (type != type_compile && type != type_partial)
            return false;
    } else {
        abbreviations = reader_number(&reader, sizes.offset);
        sizes.address = reader_byte(&reader);
    }
    if (version < 2 || version > 5)
        return false;
    uint64_t code = reader_leb(&reader);
    struct reader abbreviation =
        find_abbreviation(reader_from(image->abbreviations, abbreviations), code);
    return read_unit_entry(image, &reader, &abbreviation, sizes, unit);
}

bool dwarf_find_unit(const struct image *image, uint64_t address, struct dwarf_unit *unit)
{
    uint64_t offset;
    *unit = (struct dwarf_unit){0};
    return find_in_ranges(image, address, &offset) && read_unit(image, offset, unit);
}
