/*
 * The look-up, in the vDSO that the kernel mapped (none under qemu-user), and in images made by
 * hand, which have or lack each table.
 */
#include "base/vdso.h"

#include <linux/auxvec.h>
#include <linux/elf.h>

#include "base/memory.h"
#include "machine/vdso.h"
#include "tests/tap.h"

enum { linked_at = 0x7000, symbols = 5, tag_gnu_hash = 0x6ffffef5, base_version = 1 };

struct definition {
    uint16_t structure_version;
    uint16_t flags;
    uint16_t index;
    uint16_t name_count;
    uint32_t name_hash;
    uint32_t names;
    uint32_t next;
    uint32_t name;
    uint32_t next_name;
};

/* A whole library, as the linker would lay it out. */
static struct image {
    Elf64_Ehdr header;
    Elf64_Phdr segments[3];
    Elf64_Dyn dynamic[8];
    Elf64_Sym symbols[symbols];
    uint32_t hash[2 + 1 + symbols];
    struct {
        uint32_t bucket_count;
        uint32_t first_symbol;
        uint32_t filter_words;
        uint32_t filter_shift;
        uint64_t filter[2];
        uint32_t buckets[3];
        uint32_t hashes[symbols - 1];
    } gnu_hash;
    uint16_t versions[symbols];
    struct definition definitions[3];
    char strings[64];
} image;

static unsigned dynamic_count;

static void add_dynamic(int64_t tag, const void *table)
{
    image.dynamic[dynamic_count].d_tag = tag;
    image.dynamic[dynamic_count].d_un.d_ptr =
        linked_at + (uint64_t)((const char *)table - (const char *)&image);
    dynamic_count++;
}

static uint32_t string_end = 1;

static uint32_t add_string(const char *text)
{
    uint32_t offset = string_end;
    memcpy(image.strings + offset, text, strlen(text) + 1);
    string_end += (uint32_t)strlen(text) + 1;
    return offset;
}

static void add_symbol(unsigned index, const char *name, unsigned binding, unsigned type,
                       uint16_t section, uint16_t version)
{
    image.symbols[index].st_name = add_string(name);
    image.symbols[index].st_info = (unsigned char)(binding << 4 | type);
    image.symbols[index].st_shndx = section;
    image.symbols[index].st_value = linked_at + index;
    image.versions[index] = version;
}

static void add_definition(unsigned index, const char *name, uint16_t flags, uint16_t version)
{
    struct definition *definition = &image.definitions[index];
    definition->structure_version = 1;
    definition->flags = flags;
    definition->index = version;
    definition->name_count = 1;
    definition->names = offsetof(struct definition, name);
    definition->name = add_string(name);
    definition->next = index == 2 ? 0 : sizeof *definition;
}

static void make_image(void)
{
    memcpy(image.header.e_ident, ELFMAG, SELFMAG);
    image.header.e_ident[EI_CLASS] = ELFCLASS64;
    image.header.e_phoff = offsetof(struct image, segments);
    image.header.e_phnum = 3;
    image.segments[0].p_type = PT_NOTE;
    image.segments[1].p_type = PT_LOAD;
    image.segments[1].p_vaddr = linked_at;
    image.segments[2].p_type = PT_DYNAMIC;
    image.segments[2].p_offset = offsetof(struct image, dynamic);
    image.segments[2].p_vaddr = linked_at + offsetof(struct image, dynamic);

    add_symbol(1, "missing", STB_GLOBAL, STT_FUNC, SHN_UNDEF, 2);
    add_symbol(2, "data", STB_GLOBAL, STT_OBJECT, 1, 2);
    add_symbol(3, "first", STB_WEAK, STT_FUNC, 1, 3);
    add_symbol(4, "last", STB_GLOBAL, STT_NOTYPE, 1, 2 | 0x8000);
    add_definition(0, "NEW", base_version, 2);
    add_definition(1, "OLD", 0, 3);
    add_definition(2, "NEW", 0, 2);

    image.hash[0] = 1;
    image.hash[1] = symbols;
    image.gnu_hash.bucket_count = 3;
    image.gnu_hash.first_symbol = 1;
    image.gnu_hash.filter_words = 2;
    image.gnu_hash.buckets[0] = 1;
    image.gnu_hash.buckets[2] = 3;
    image.gnu_hash.hashes[0] = 0x10;
    image.gnu_hash.hashes[1] = 0x11;
    image.gnu_hash.hashes[2] = 0x20;
    image.gnu_hash.hashes[3] = 0x21;
}

static uintptr_t place_of(unsigned symbol)
{
    return (uintptr_t)&image + symbol;
}

/* The dynamic section of the image with these tables beside strings and symbols. */
static void use_tables(bool hash, bool gnu_hash, bool versions)
{
    dynamic_count = 0;
    add_dynamic(DT_STRTAB, image.strings);
    add_dynamic(DT_SYMTAB, image.symbols);
    if (hash)
        add_dynamic(DT_HASH, image.hash);
    if (gnu_hash)
        add_dynamic(tag_gnu_hash, &image.gnu_hash);
    if (versions) {
        add_dynamic(DT_VERSYM, image.versions);
        add_dynamic(DT_VERDEF, image.definitions);
    }
    image.dynamic[dynamic_count].d_tag = DT_NULL;
}

static bool finds_both(void)
{
    return vdso_function(&image, "first", "OLD") == place_of(3) &&
           vdso_function(&image, "last", "NEW") == place_of(4);
}

static void test_tables(void)
{
    use_tables(true, false, true);
    check(finds_both(), "by DT_HASH");
    check(vdso_function(&image, "first", "NEW") == 0, "not of another version");
    check(vdso_function(&image, "last", "NE") == 0, "not of half a version's name");
    check(vdso_function(&image, "missing", "NEW") == 0, "not one that is only asked for");
    check(vdso_function(&image, "data", "NEW") == 0, "not a variable");
    check(vdso_function(&image, "las", "NEW") == 0, "not by the beginning of a name");
    check(vdso_function(&image, "lasting", "NEW") == 0, "not by more than the name");

    use_tables(false, true, true);
    check(finds_both(), "by DT_GNU_HASH");
    image.gnu_hash.buckets[0] = image.gnu_hash.buckets[2] = 0;
    check(!finds_both(), "nothing hashed, nothing found");
    image.gnu_hash.buckets[0] = 1;
    image.gnu_hash.buckets[2] = 3;

    image.versions[3] = 9;
    check(vdso_function(&image, "first", "OLD") == 0, "not of a version that is not defined");
    image.versions[3] = 3;
    image.dynamic[dynamic_count - 1].d_tag = DT_VERSYM;
    image.dynamic[dynamic_count - 1].d_un.d_ptr = image.dynamic[dynamic_count - 2].d_un.d_ptr;
    check(finds_both(), "without the versions' names any will do");

    use_tables(true, true, false);
    check(finds_both(), "without versions");
    check(vdso_function(&image, "first", "NEW") == place_of(3), "any version will do then");
    use_tables(false, false, true);
    check(!finds_both(), "nothing without a hash table");
}

static void test_absences(void)
{
    use_tables(true, true, true);
    check(vdso_function(NULL, "first", "OLD") == 0, "no image");
    image.header.e_ident[0]++;
    check(!finds_both(), "no ELF image");
    image.header.e_ident[0]--;
    image.header.e_ident[EI_CLASS] = ELFCLASS32;
    check(!finds_both(), "a 32-bit one");
    image.header.e_ident[EI_CLASS] = ELFCLASS64;
    image.segments[1].p_type = PT_NOTE;
    check(!finds_both(), "no PT_LOAD");
    image.segments[1].p_type = PT_LOAD;
    image.segments[0].p_type = PT_LOAD;
    image.segments[0].p_vaddr = linked_at;
    image.segments[1].p_vaddr = linked_at + 0x1000;
    check(finds_both(), "of two PT_LOADs the first tells the place");
    image.segments[0].p_type = PT_NOTE;
    image.segments[1].p_vaddr = linked_at;
    image.segments[2].p_type = PT_NOTE;
    check(!finds_both(), "no PT_DYNAMIC");
    image.segments[2].p_type = PT_DYNAMIC;
    image.dynamic[1].d_tag = DT_STRTAB;
    check(!finds_both(), "no symbols");
    use_tables(true, true, true);
    image.dynamic[0].d_tag = DT_SYMTAB;
    check(!finds_both(), "no strings");
    use_tables(true, true, true);
    check(finds_both(), "all there again");
}

static void test_kernels_own(void)
{
    const void *own = (const void *)process_auxiliary(AT_SYSINFO_EHDR, 0);
    if (own == NULL)
        return;
    uintptr_t found = vdso_function(own, MACHINE_VDSO_CLOCK_GETTIME, MACHINE_VDSO_VERSION);
    check(found > (uintptr_t)own && found - (uintptr_t)own < 0x10000, "the kernel's own");
    check(vdso_function(own, MACHINE_VDSO_CLOCK_GETTIME, "LINUX_0.1") == 0, "by its version only");
    check(vdso_function(own, "no_such_function", MACHINE_VDSO_VERSION) == 0, "by its name only");
}

int main(void)
{
    make_image();
    test_tables();
    test_absences();
    test_kernels_own();
    return tap_done();
}
