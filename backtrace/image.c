#include "backtrace/image.h"

#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "backtrace/code.h"
#include "base/atomic.h"
#include "base/memory.h"
#include "base/process.h"

/* What the kernel's elf.h does not define. */
enum {
    section_compressed = 1 << 11,    /* SHF_COMPRESSED */
    section_index_extended = 0xffff, /* SHN_XINDEX */
};

bool image_section(const struct image *image, size_t index, Elf64_Shdr *section)
{
    if (index >= image->section_count)
        return false;
    memcpy(section, &image->sections[index], sizeof *section);
    return true;
}

/* ---- is it ours? */

/* The program's own notes, the linker's build id among them, are those of the file. */
static bool has_same_notes(const struct image *image, const struct code *code)
{
    for (size_t i = 0; i < code->segment_count; i++) {
        const Elf64_Phdr *segment = &code->segments[i];
        if (segment->p_type != PT_NOTE)
            continue;
        uintptr_t address = code->bias + segment->p_vaddr;
        struct extent memory = code_memory(code, address);
        struct reader file = reader_from(image->file, segment->p_offset);
        if (segment->p_filesz > reader_left(&file) || segment->p_filesz > memory.size ||
            memcmp(file.at, memory.start, segment->p_filesz) != 0)
            return false;
    }
    return true;
}

static bool is_running_program(const struct image *image, const Elf64_Ehdr *header)
{
    struct code code = code_program();
    struct reader segments = reader_from(image->file, header->e_phoff);
    size_t size = code.segment_count * sizeof(Elf64_Phdr);
    return header->e_phentsize == sizeof(Elf64_Phdr) && header->e_phnum == code.segment_count &&
           size > 0 && size <= reader_left(&segments) &&
           memcmp(segments.at, code.segments, size) == 0 &&
           header->e_entry + code.bias == process_auxiliary(AT_ENTRY, 0) &&
           has_same_notes(image, &code);
}

/* ---- its sections */

static struct extent contents(const struct image *image, const Elf64_Shdr *section)
{
    struct reader reader = reader_from(image->file, section->sh_offset);
    if (section->sh_type == SHT_NOBITS || (section->sh_flags & section_compressed) != 0 ||
        reader.failed || section->sh_size > reader_left(&reader))
        return (struct extent){0};
    return (struct extent){.start = reader.at, .size = section->sh_size};
}

static void note_symbols(struct image *image, const Elf64_Shdr *section)
{
    Elf64_Shdr names;
    if (section->sh_entsize != sizeof(Elf64_Sym) || !image_section(image, section->sh_link, &names))
        return;
    image->symbols = contents(image, section);
    image->symbol_names = contents(image, &names);
}

static void note_by_name(struct image *image, const char *name, const Elf64_Shdr *section)
{
    const struct {
        char name[16];
        struct extent *extent;
    } wanted[] = {
        {".debug_line", &image->lines},           {".debug_str", &image->texts},
        {".debug_line_str", &image->line_texts},  {".debug_info", &image->units},
        {".debug_abbrev", &image->abbreviations}, {".debug_aranges", &image->ranges},
    };
    size_t size = strlen(name) + 1;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (size <= sizeof wanted[i].name && memcmp(name, wanted[i].name, size) == 0)
            *wanted[i].extent = contents(image, section);
    }
    static const char unwind[] = ".eh_frame";
    if (size == sizeof unwind && memcmp(name, unwind, size) == 0 &&
        (section->sh_flags & SHF_ALLOC) != 0) {
        image->unwind_address = image->bias + section->sh_addr;
        image->unwind_size = section->sh_size;
    }
}

static void note_sections(struct image *image, struct extent names)
{
    Elf64_Shdr section;
    for (size_t i = 0; image_section(image, i, &section); i++) {
        struct reader reader = reader_from(names, section.sh_name);
        const char *name = reader_text(&reader);
        /* What the loader needs of the symbols stays when a file is stripped. */
        if (section.sh_type == SHT_SYMTAB ||
            (section.sh_type == SHT_DYNSYM && image->symbols.start == NULL))
            note_symbols(image, &section);
        if (name != NULL)
            note_by_name(image, name, &section);
    }
}

/* A count or an index that is too large for the file's header is kept in the first section's. */
static void read_sections(struct image *image, const Elf64_Ehdr *header)
{
    struct reader reader = reader_from(image->file, header->e_shoff);
    size_t room = reader_left(&reader) / sizeof(Elf64_Shdr);
    if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff == 0 || room == 0)
        return;
    image->sections = (const Elf64_Shdr *)(const void *)reader.at;
    image->section_count = 1;
    Elf64_Shdr first, names;
    image_section(image, 0, &first);
    size_t count = header->e_shnum != 0 ? header->e_shnum : first.sh_size;
    image->section_count = count < room ? count : room;
    size_t names_index =
        header->e_shstrndx != section_index_extended ? header->e_shstrndx : first.sh_link;
    if (image_section(image, names_index, &names))
        note_sections(image, contents(image, &names));
}

bool image_read(struct image *image)
{
    Elf64_Ehdr header;
    if (image->file.size < sizeof header)
        return false;
    memcpy(&header, image->file.start, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        !is_running_program(image, &header))
        return false;
    image->bias = code_program().bias;
    read_sections(image, &header);
    return true;
}

/* ---- the mapping */

static long map(void *address, size_t size, int access, int flags, long descriptor)
{
    return arch_syscall6(__NR_mmap, (long)address, (long)size, access, flags, descriptor, 0);
}

/*
 * A page for struct image, and the file behind it: one address tells all, so it can be made known
 * by one store.
 */
static struct image *map_descriptor(long descriptor, size_t size)
{
    long memory =
        map(NULL, arch_page_size + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (memory < 0)
        return NULL;
    struct image *image = (struct image *)memory;
    void *file = (void *)(memory + arch_page_size);
    if (map(file, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor) >= 0) {
        image->file = (struct extent){.start = file, .size = size};
        if (image_read(image))
            return image;
    }
    arch_syscall2(__NR_munmap, memory, (long)(arch_page_size + size));
    return NULL;
}

static struct image *map_path(const char *path)
{
    enum { end = 2 };
    /* O_NONBLOCK: by now another file may have the name, a pipe that nobody writes to. */
    long descriptor =
        arch_syscall3(__NR_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return NULL;
    long size = arch_syscall3(__NR_lseek, descriptor, 0, end);
    struct image *image = NULL;
    if (size > 0)
        image = map_descriptor(descriptor, (size_t)size);
    arch_syscall1(__NR_close, descriptor);
    return image;
}

const struct image *image_open(void)
{
    static struct image *opened;
    /* ACQUIRE: with the RELEASE below, by whoever was first. */
    struct image *image = atomic_load(&opened, ACQUIRE);
    if (image != NULL)
        return image;
    image = map_path("/proc/self/exe");
    const char *name = (const char *)process_auxiliary(AT_EXECFN, 0);
    /* With rights that its caller has not, a program reads no file that the caller names. */
    if (image == NULL && name != NULL && !process_is_secure())
        image = map_path(name);
    if (image == NULL)
        return NULL;
    /*
     * No lock: a handler may be here while the code that it interrupted is. Each maps its own, and
     * the first is kept. RELEASE publishes what image_read wrote; ACQUIRE: as above.
     */
    struct image *first = NULL;
    if (atomic_compare_exchange(&opened, &first, image, RELEASE, ACQUIRE))
        return image;
    arch_syscall2(__NR_munmap, (long)image, (long)(arch_page_size + image->file.size));
    return first;
}
