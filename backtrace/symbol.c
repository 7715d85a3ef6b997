/*
 * The function at an address, from the symbol table.
 *
 * A function with a size that covers the address is it; of several, the one that starts last. Else
 * it is the nearest label before it that has no size (of assembly, most often), when it lies in the
 * same section and no function with a size starts in between.
 */
#include "backtrace/backtrace.h"
#include "backtrace/image.h"
#include "base/memory.h"

/* In libkeel.a internal names carry this, so that programs may use the bare ones. */
static const char internal_prefix[] = "keel__";

static bool begins_with(const char *text, const char *start, size_t length)
{
    return strlen(text) > length && memcmp(text, start, length) == 0;
}

/* Of the names that all see these are the library's; what programs see of it has them. */
static bool is_public(const Elf64_Sym *symbol, const char *name)
{
    return ELF_ST_BIND(symbol->st_info) != STB_LOCAL &&
           (begins_with(name, "keel_", 5) || begins_with(name, "cs_", 3));
}

struct search {
    const struct image *image;
    uint64_t address; /* as the linker knows it */
    uint64_t section_start;
    Elf64_Sym function; /* covers the address */
    Elf64_Sym label;    /* has no size */
    uint64_t last_function;
};

static bool is_better(const Elf64_Sym *symbol, const Elf64_Sym *than)
{
    if (than->st_name == 0 || symbol->st_value != than->st_value)
        return than->st_name == 0 || symbol->st_value > than->st_value;
    /* Two names of one place: one that says that it is a function, then one that others see. */
    bool is_function = ELF_ST_TYPE(symbol->st_info) == STT_FUNC;
    bool other_is_function = ELF_ST_TYPE(than->st_info) == STT_FUNC;
    if (is_function != other_is_function)
        return is_function;
    return ELF_ST_BIND(symbol->st_info) != STB_LOCAL && ELF_ST_BIND(than->st_info) == STB_LOCAL;
}

static void consider(struct search *search, const Elf64_Sym *symbol)
{
    enum { resolver = 10 /* STT_GNU_IFUNC */ };
    unsigned type = ELF_ST_TYPE(symbol->st_info);
    if ((type != STT_FUNC && type != STT_NOTYPE && type != resolver) || symbol->st_name == 0 ||
        symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS ||
        symbol->st_value > search->address || symbol->st_value < search->section_start)
        return;
    if (symbol->st_size == 0) {
        if (is_better(symbol, &search->label))
            search->label = *symbol;
        return;
    }
    if (symbol->st_value > search->last_function)
        search->last_function = symbol->st_value;
    if (search->address - symbol->st_value < symbol->st_size &&
        is_better(symbol, &search->function))
        search->function = *symbol;
}

/* Where the section of code starts in which the address lies; false when it is in none. */
static bool find_section(struct search *search)
{
    Elf64_Shdr section;
    for (size_t i = 0; image_section(search->image, i, &section); i++) {
        if ((section.sh_flags & SHF_EXECINSTR) != 0 &&
            search->address - section.sh_addr < section.sh_size) {
            search->section_start = section.sh_addr;
            return true;
        }
    }
    return false;
}

const char *image_function(const struct image *image, uintptr_t address, uintptr_t *start,
                           bool *is_own)
{
    struct search search = {.image = image, .address = address - image->bias};
    if (!find_section(&search))
        return NULL;
    struct reader reader = reader_of(image->symbols);
    while (reader_left(&reader) >= sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, reader.at, sizeof symbol);
        reader_skip(&reader, sizeof symbol);
        consider(&search, &symbol);
    }
    const Elf64_Sym *found = &search.function;
    if (found->st_name == 0 && search.label.st_value >= search.last_function)
        found = &search.label;
    struct reader names = reader_from(image->symbol_names, found->st_name);
    const char *name = found->st_name == 0 ? NULL : reader_text(&names);
    if (name == NULL)
        return NULL;
    size_t prefix = sizeof internal_prefix - 1;
    bool is_internal = begins_with(name, internal_prefix, prefix);
    *is_own = is_internal || is_public(found, name);
    if (is_internal)
        name += prefix;
    *start = image->bias + found->st_value;
    return name;
}
