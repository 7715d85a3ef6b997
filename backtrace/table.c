#include "backtrace/table.h"

#include "backtrace/image.h"
#include "base/atomic.h"
#include "base/memory.h"

/* DW_EH_PE_...: how an address is stored (low four bits), and what it is relative to. */
enum {
    STORED_ABSOLUTE = 0x00,
    STORED_LEB = 0x01,
    STORED_U2 = 0x02,
    STORED_U4 = 0x03,
    STORED_U8 = 0x04,
    STORED_SIGNED_LEB = 0x09,
    STORED_S2 = 0x0a,
    STORED_S4 = 0x0b,
    STORED_S8 = 0x0c,
    stored_mask = 0x0f,
    RELATIVE_TO_NOTHING = 0x00,
    RELATIVE_TO_ITSELF = 0x10,
    RELATIVE_TO_DATA = 0x30,
    relative_mask = 0x70,
    indirect = 0x80,
    STORED_NOT = 0xff,
};

static uintptr_t read_stored(struct reader *reader, uint8_t encoding)
{
    switch (encoding & stored_mask) {
    case STORED_ABSOLUTE:
    case STORED_U8:
    case STORED_S8:
        return reader_number(reader, 8);
    case STORED_LEB:
        return reader_leb(reader);
    case STORED_SIGNED_LEB:
        return (uintptr_t)reader_signed_leb(reader);
    case STORED_U2:
        return reader_number(reader, 2);
    case STORED_U4:
        return reader_number(reader, 4);
    case STORED_S2:
        return (uintptr_t)reader_signed(reader, 2);
    case STORED_S4:
        return (uintptr_t)reader_signed(reader, 4);
    default:
        reader_fail(reader);
        return 0;
    }
}

bool table_read_address(struct reader *reader, uint8_t encoding, uintptr_t data_start,
                        uintptr_t *address)
{
    uintptr_t itself = (uintptr_t)reader->at;
    *address = read_stored(reader, encoding);
    switch (encoding & (relative_mask | indirect)) {
    case RELATIVE_TO_NOTHING:
        break;
    case RELATIVE_TO_ITSELF:
        *address += itself;
        break;
    case RELATIVE_TO_DATA:
        *address += data_start;
        break;
    default:
        reader_fail(reader);
    }
    return !reader->failed;
}

/* ---- one entry */

/*
 * The letters behind 'z', in their order: R the encoding of addresses, P a personality routine, L
 * the encoding of a pointer to its data, S a signal's frame, B an aarch64 key. With one that is not
 * known, nothing after it can be read, but 'z' told where the instructions begin.
 */
static void read_augmentation(struct reader *data, const char *letters, struct table_entry *entry)
{
    for (; *letters != '\0'; letters++) {
        uint8_t encoding;
        switch (*letters) {
        case 'R':
            entry->encoding = reader_byte(data);
            break;
        case 'P':
            encoding = reader_byte(data);
            read_stored(data, encoding);
            break;
        case 'L':
            reader_byte(data);
            break;
        case 'S':
            entry->is_signal_frame = true;
            break;
        case 'B':
            break;
        default:
            return;
        }
    }
}

/* A record: its length, then an id that is 0 for a shared header. False at the end of the table. */
static bool read_record(struct reader *table, struct reader *record)
{
    size_t offset_size;
    uint64_t len = reader_initial_length(table, &offset_size);
    if (len == 0 || table->failed)
        return false;
    *record = reader_part(table, len);
    return !record->failed;
}

/* `header`: from the shared header's length to the end of the memory in which it lies. */
static bool read_header(struct reader header, struct table_entry *entry)
{
    struct reader record;
    if (!read_record(&header, &record) || reader_number(&record, 4) != 0)
        return false;
    uint8_t version = reader_byte(&record);
    const char *letters = reader_text(&record);
    if ((version != 1 && version != 3) || letters == NULL ||
        (letters[0] != 'z' && letters[0] != '\0'))
        return false;
    *entry = (struct table_entry){.encoding = STORED_ABSOLUTE};
    entry->code_alignment = reader_leb(&record);
    entry->data_alignment = reader_signed_leb(&record);
    entry->return_column = version == 1 ? reader_byte(&record) : reader_leb(&record);
    entry->has_data = letters[0] == 'z';
    if (entry->has_data) {
        struct reader data = reader_part(&record, reader_leb(&record));
        read_augmentation(&data, letters + 1, entry);
        if (data.failed)
            return false;
    }
    entry->initial = record;
    return !record.failed;
}

struct shared_header {
    const unsigned char *at;
    struct table_entry entry;
};

/*
 * Reads the entry at `table` and passes over it. False at the end of the table. A shared header is
 * passed over too, and leaves an entry without addresses. `last`: the shared header read last.
 */
static bool read_entry(struct reader *table, struct extent memory, struct shared_header *last,
                       struct table_entry *entry)
{
    struct reader record;
    if (!read_record(table, &record))
        return false;
    *entry = (struct table_entry){0};
    const unsigned char *id_at = record.at;
    uint64_t distance = reader_number(&record, 4);
    if (record.failed || distance == 0)
        return true;
    if (distance > (uint64_t)(id_at - memory.start))
        return true;
    const unsigned char *header_at = id_at - distance;
    if (header_at != last->at) {
        struct reader header = {.at = header_at, .end = memory.start + memory.size};
        last->at = header_at;
        if (!read_header(header, &last->entry))
            last->at = NULL;
    }
    if (last->at == NULL)
        return true;
    uintptr_t start;
    if (!table_read_address(&record, last->entry.encoding, 0, &start))
        return true;
    uintptr_t size = read_stored(&record, last->entry.encoding & stored_mask);
    if (last->entry.has_data)
        reader_skip(&record, reader_leb(&record));
    if (record.failed)
        return true;
    *entry = last->entry;
    entry->start = start;
    entry->end = start + size;
    entry->instructions = record;
    return true;
}

static bool speaks_of(const struct table_entry *entry, uintptr_t address)
{
    return entry->start <= address && address < entry->end;
}

/*
 * Reads the table from `at` until an entry speaks of `address`; `found_at`, unless NULL, is where
 * that entry lies. `only_first`: only one entry.
 */
static bool scan(struct extent memory, const unsigned char *at, bool only_first, uintptr_t address,
                 struct table_entry *entry, const unsigned char **found_at)
{
    struct reader table = {.at = at, .end = memory.start + memory.size};
    struct shared_header last = {0};
    const unsigned char *entry_at = at;
    while (read_entry(&table, memory, &last, entry)) {
        if (speaks_of(entry, address)) {
            if (found_at != NULL)
                *found_at = entry_at;
            return true;
        }
        if (only_first)
            break;
        entry_at = table.at;
    }
    return false;
}

/* ---- the index */

struct index {
    uintptr_t start; /* what its addresses are relative to */
    const unsigned char *table;
    uint64_t count;
    const unsigned char *pairs; /* start of a function, its entry: 4 bytes each, signed */
};

enum { pair_size = 8, sorted_pairs = RELATIVE_TO_DATA | STORED_S4 };

static bool read_index(const struct code *code, uintptr_t start, struct index *index)
{
    struct reader reader = reader_of(code_memory(code, start));
    uint8_t version = reader_byte(&reader);
    uint8_t table_encoding = reader_byte(&reader);
    uint8_t count_encoding = reader_byte(&reader);
    uint8_t pairs_encoding = reader_byte(&reader);
    uintptr_t table;
    if (version != 1 || !table_read_address(&reader, table_encoding, start, &table))
        return false;
    *index = (struct index){.start = start, .table = (const unsigned char *)table};
    if (pairs_encoding != sorted_pairs || count_encoding == STORED_NOT)
        return true;
    uintptr_t count;
    if (!table_read_address(&reader, count_encoding, start, &count) ||
        count > reader_left(&reader) / pair_size)
        return true;
    index->count = count;
    index->pairs = reader.at;
    return true;
}

static uintptr_t pair_half(const struct index *index, uint64_t pair, size_t half)
{
    int32_t offset;
    memcpy(&offset, index->pairs + pair * pair_size + half * sizeof offset, sizeof offset);
    return index->start + (uintptr_t)(intptr_t)offset;
}

/* The entry of the last function that starts at or before `address`. */
static const unsigned char *search_index(const struct index *index, uintptr_t address)
{
    uint64_t low = 0, high = index->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (pair_half(index, middle, 0) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : (const unsigned char *)pair_half(index, low - 1, 1);
}

static bool find_by_index(const struct code *code, uintptr_t index_start, uintptr_t address,
                          struct table_entry *entry)
{
    struct index index;
    if (!read_index(code, index_start, &index))
        return false;
    struct extent memory = code_memory(code, (uintptr_t)index.table);
    if (index.pairs == NULL)
        return scan(memory, index.table, false, address, entry, NULL);
    const unsigned char *at = search_index(&index, address);
    if (at < memory.start || at >= memory.start + memory.size)
        return false;
    return scan(memory, at, true, address, entry, NULL);
}

/* ---- both ways */

const struct image *table_image(struct table *table)
{
    if (!table->image_sought)
        table->image = image_open();
    table->image_sought = true;
    return table->image;
}

/*
 * Where in the file's table the entries lie that were found last, and which places have none: of a
 * deep recursion through more functions than are kept, each frame would read the table from its
 * start, for minutes. Shared by all walks, and only hints: what they lead to is looked at again.
 */
enum { hint_count = 1024 };

static struct {
    uint32_t offset[hint_count];   /* of the entry, + 1; atomic; 0: not known */
    uintptr_t missing[hint_count]; /* an address without an entry; atomic; 0: not known */
} hints;

static size_t hint_place(uintptr_t address)
{
    enum { mix = 0x9e3779b1u /* Knuth's multiplicative hashing */, shift = 22 };
    _Static_assert(hint_count == 1u << (32 - shift), "a place is what the shift leaves");
    return (uint32_t)address * mix >> shift;
}

static bool find_by_hint(struct extent memory, size_t place, uintptr_t address,
                         struct table_entry *entry)
{
    uint32_t hint = atomic_load(&hints.offset[place], RELAXED); /* RELAXED: as above */
    return hint != 0 && hint <= memory.size &&
           scan(memory, memory.start + hint - 1, true, address, entry, NULL);
}

static bool find_by_file(struct table *table, const struct code *code, uintptr_t address,
                         struct table_entry *entry)
{
    const struct image *image = table_image(table);
    if (image == NULL || image->unwind_address == 0 || image->bias != code->bias)
        return false;
    struct extent memory = code_memory(code, image->unwind_address);
    if (memory.size > image->unwind_size)
        memory.size = image->unwind_size;
    size_t place = hint_place(address);
    if (find_by_hint(memory, place, address, entry))
        return true;
    /* RELAXED: as above; an address says by itself that it is the one. */
    if (atomic_load(&hints.missing[place], RELAXED) == address)
        return false;
    const unsigned char *at = memory.start;
    bool found = scan(memory, memory.start, false, address, entry, &at);
    size_t offset = (size_t)(at - memory.start);
    if (!found)
        atomic_store(&hints.missing[place], address, RELAXED); /* RELAXED: as above */
    else if (offset < UINT32_MAX)
        /* RELAXED: as above */
        atomic_store(&hints.offset[place], (uint32_t)offset + 1, RELAXED);
    return found;
}

static bool find_anew(struct table *table, uintptr_t address, struct table_entry *entry)
{
    struct code code;
    if (!code_find(address, &code))
        return false;
    for (size_t i = 0; i < code.segment_count; i++) {
        const Elf64_Phdr *segment = &code.segments[i];
        if (segment->p_type == PT_GNU_EH_FRAME && segment->p_memsz != 0)
            return find_by_index(&code, code.bias + segment->p_vaddr, address, entry);
    }
    return find_by_file(table, &code, address, entry);
}

/* (Not by initialiser: that would clear the entries too.) */
void table_begin(struct table *table)
{
    table->image_sought = false;
    table->oldest = 0;
    for (size_t i = 0; i < table_kept; i++)
        table->kept[i].start = table->kept[i].end = 0;
}

const struct table_entry *table_find(struct table *table, uintptr_t address)
{
    for (size_t i = 0; i < table_kept; i++) {
        if (speaks_of(&table->kept[i], address))
            return table->kept[i].is_missing ? NULL : &table->kept[i];
    }
    struct table_entry *entry = &table->kept[table->oldest];
    table->oldest = (uint8_t)((table->oldest + 1) % table_kept);
    if (find_anew(table, address, entry))
        return entry;
    *entry = (struct table_entry){.start = address, .end = address + 1, .is_missing = true};
    return NULL;
}
