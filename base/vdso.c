/*
 * How a name becomes an address:
 *
 *     ELF header -> program headers -> PT_LOAD     where the image lies: the bias
 *                                   -> PT_DYNAMIC -> DT_SYMTAB    symbols: name, kind, address
 *                                                 -> DT_STRTAB    the text of all names
 *                                                 -> DT_HASH or DT_GNU_HASH
 *                                                 -> DT_VERSYM    a version's index for each symbol
 *                                                 -> DT_VERDEF    what the indexes stand for
 *
 * Addresses inside the image are as the linker gave them; the bias, which is the image's place in
 * memory minus the place it was linked for, makes them real: the kernel chooses the place at exec
 * and relocates nothing.
 *
 * ELF does not say how long a symbol table is: only the hash tables know. They are used for that
 * alone; a walk over the dozen symbols of a vDSO is as quick as hashing, and one loop serves both
 * kinds. Some machines' kernels were built with DT_GNU_HASH alone, so both are read.
 *
 * The image is the kernel's, so its offsets are believed. What is checked is presence.
 *
 * Source: System V ABI (gABI), chapters 4 and 5; for the versions, "ELF Symbol Versioning" in the
 * Linux Standard Base; for the GNU hash table, binutils' bfd/elflink.c.
 */
#include "base/vdso.h"

#include <linux/elf.h>

#include "base/memory.h"

/* What the kernel's elf.h does not define, or not in every version. */
enum {
    dynamic_gnu_hash = 0x6ffffef5,
    version_index_mask = 0x7fff, /* the highest bit: hidden */
    version_is_base = 1,         /* the entry names the library, not a version */
};

struct version_definition {
    uint16_t structure_version;
    uint16_t flags;
    uint16_t index;
    uint16_t name_count;
    uint32_t name_hash;
    uint32_t names; /* bytes from here to the first struct version_name */
    uint32_t next;  /* bytes from here to the next definition; 0: this is the last */
};
_Static_assert(sizeof(struct version_definition) == 20, "Elf64_Verdef is 20 bytes");

struct version_name {
    uint32_t name; /* offset in the strings; the first is the version's own name */
    uint32_t next;
};
_Static_assert(sizeof(struct version_name) == 8, "Elf64_Verdaux is 8 bytes");

struct gnu_hash {
    uint32_t bucket_count;
    uint32_t first_symbol; /* symbols before this one are not hashed */
    uint32_t filter_words; /* of 64 bits, before the buckets */
    uint32_t filter_shift;
    /* Filter, buckets, then a word a hashed symbol: its hash, bit 0 set in a bucket's last. */
};

/* The tables of one image; NULL where it has none. */
struct tables {
    uintptr_t bias;
    const char *strings;
    const Elf64_Sym *symbols;
    const uint32_t *hash;
    const struct gnu_hash *gnu_hash;
    const uint16_t *versions;
    const struct version_definition *definitions;
};

static const void *at(const void *start, uintptr_t bytes)
{
    return (const unsigned char *)start + bytes;
}

static void read_dynamic(struct tables *tables, const Elf64_Dyn *entry)
{
    for (; entry->d_tag != DT_NULL; entry++) {
        const void *table = (const void *)(tables->bias + entry->d_un.d_ptr);
        switch (entry->d_tag) {
        case DT_STRTAB:
            tables->strings = table;
            break;
        case DT_SYMTAB:
            tables->symbols = table;
            break;
        case DT_HASH:
            tables->hash = table;
            break;
        case dynamic_gnu_hash:
            tables->gnu_hash = table;
            break;
        case DT_VERSYM:
            tables->versions = table;
            break;
        case DT_VERDEF:
            tables->definitions = table;
            break;
        default:
            break;
        }
    }
}

/* False when the image is none, or lacks what no look-up can do without. */
static bool read_tables(struct tables *tables, const void *image)
{
    const Elf64_Ehdr *header = image;
    if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64)
        return false;
    const Elf64_Phdr *segment = at(image, header->e_phoff);
    const Elf64_Dyn *dynamic = NULL;
    bool is_placed = false;
    for (unsigned i = 0; i < header->e_phnum; i++) {
        if (segment[i].p_type == PT_LOAD && !is_placed) {
            tables->bias = (uintptr_t)image + segment[i].p_offset - segment[i].p_vaddr;
            is_placed = true;
        } else if (segment[i].p_type == PT_DYNAMIC) {
            dynamic = at(image, segment[i].p_offset);
        }
    }
    if (!is_placed || dynamic == NULL)
        return false;
    read_dynamic(tables, dynamic);
    return tables->strings != NULL && tables->symbols != NULL;
}

/*
 * Symbols of one bucket are neighbours, and the buckets lie in the order of their symbols: so the
 * last symbol of all is the last one of the bucket that begins last.
 */
static size_t gnu_hash_symbol_count(const struct gnu_hash *table)
{
    const uint32_t *buckets = at(table + 1, (uintptr_t)table->filter_words * sizeof(uint64_t));
    const uint32_t *hashes = buckets + table->bucket_count;
    uint32_t last = 0;
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        if (buckets[i] > last)
            last = buckets[i];
    }
    if (last < table->first_symbol)
        return table->first_symbol;
    while ((hashes[last - table->first_symbol] & 1) == 0)
        last++;
    return (size_t)last + 1;
}

static size_t symbol_count(const struct tables *tables)
{
    if (tables->hash != NULL)
        return tables->hash[1]; /* the length of the chains: one link a symbol */
    if (tables->gnu_hash != NULL)
        return gnu_hash_symbol_count(tables->gnu_hash);
    return 0;
}

static bool is_text(const struct tables *tables, uint32_t offset, const char *text)
{
    const char *found = tables->strings + offset;
    while (*found == *text && *text != '\0') {
        found++;
        text++;
    }
    return *found == *text;
}

static bool is_function(const Elf64_Sym *symbol)
{
    unsigned type = ELF_ST_TYPE(symbol->st_info);
    unsigned binding = ELF_ST_BIND(symbol->st_info);
    return (type == STT_FUNC || type == STT_NOTYPE) &&
           (binding == STB_GLOBAL || binding == STB_WEAK) && symbol->st_shndx != SHN_UNDEF;
}

static bool has_version(const struct tables *tables, size_t symbol, const char *version)
{
    if (tables->versions == NULL || tables->definitions == NULL)
        return true;
    unsigned wanted = tables->versions[symbol] & version_index_mask;
    const struct version_definition *definition = tables->definitions;
    for (;;) {
        if ((definition->flags & version_is_base) == 0 &&
            (definition->index & version_index_mask) == wanted) {
            const struct version_name *name = at(definition, definition->names);
            return is_text(tables, name->name, version);
        }
        if (definition->next == 0)
            return false;
        definition = at(definition, definition->next);
    }
}

uintptr_t vdso_function(const void *image, const char *name, const char *version)
{
    struct tables tables = {0};
    if (!read_tables(&tables, image))
        return 0;
    size_t count = symbol_count(&tables);
    for (size_t i = 0; i < count; i++) {
        const Elf64_Sym *symbol = &tables.symbols[i];
        if (is_function(symbol) && is_text(&tables, symbol->st_name, name) &&
            has_version(&tables, i, version))
            return tables.bias + symbol->st_value;
    }
    return 0;
}
