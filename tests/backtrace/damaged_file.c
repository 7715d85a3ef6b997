/*
 * The program's own file, cut and with bytes changed: what is said of it may be wrong, but nothing
 * outside it is read. The copy ends where memory ends, and a fault would end this program.
 */
#include <asm/unistd.h>
#include <linux/auxvec.h>

#include "backtrace/image.h"
#include "base/memory.h"
#include "tests/base/guarded_area.h"
#include "tests/random.h"
#include "tests/tap.h"

static const struct image *sound;
static struct guarded_area area;
static struct image image;

static uint64_t random_state = random_seed;

static uint64_t random(void)
{
    return random_next(&random_state);
}

/* The first `size` bytes of the file. */
static unsigned char *copy_file(size_t size)
{
    unsigned char *copy = area.end - size;
    memcpy(copy, sound->file.start, size);
    image = (struct image){.file = {.start = copy, .size = size}};
    return copy;
}

/* Where a part of the sound file lies in the copy. */
static unsigned char *in_copy(unsigned char *copy, struct extent part)
{
    return copy + (part.start - sound->file.start);
}

static bool names(const struct image *in, uintptr_t address, const char *wanted)
{
    uintptr_t start;
    bool is_own;
    const char *name = image_function(in, address, &start, &is_own);
    return name != NULL && strlen(name) == strlen(wanted) &&
           memcmp(name, wanted, strlen(name)) == 0;
}

/* Returns how many of the questions had an answer. */
static unsigned ask(void)
{
    static const size_t offsets[] = {0, 1, 20, 100, 1000, 5000};
    unsigned known = 0;
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        uintptr_t address = process_auxiliary(AT_ENTRY, 0) + offsets[i], start;
        struct image_line line;
        bool is_own;
        known += image_function(&image, address, &start, &is_own) != NULL;
        known += image_line(&image, address, &line) && strlen(line.file) > 0;
    }
    return known;
}

static void test_sound(void)
{
    copy_file(sound->file.size);
    check(image_read(&image), "a copy is taken for the program");
    check(names(&image, (uintptr_t)image_read + 1, "image_read"), "and names its functions");
    struct image_line line;
    check(image_line(&image, (uintptr_t)image_read, &line) && line.line > 0, "and its lines");
}

static void test_cut(void)
{
    unsigned accepted = 0, known = 0;
    for (size_t size = sound->file.size - 1; size > 0; size -= size / 60 + 1) {
        copy_file(size);
        if (!image_read(&image))
            continue;
        accepted++;
        known += ask();
    }
    check(accepted > 10, "a file that is cut");
    tap_note("answers", known);
}

static void test_changed_header(void)
{
    enum { rounds = 3000 };
    unsigned accepted = 0;
    unsigned char *copy = copy_file(sound->file.size);
    for (unsigned i = 0; i < rounds; i++) {
        size_t at = random() % sizeof(Elf64_Ehdr);
        unsigned char before = copy[at];
        image = (struct image){.file = image.file};
        copy[at] = (unsigned char)random();
        if (image_read(&image)) {
            accepted++;
            if (i % 8 == 0)
                ask();
        }
        copy[at] = before;
    }
    check(accepted > 0 && accepted < rounds, "a header with a byte changed");
}

static void test_changed_sections(void)
{
    enum { rounds = 1000 };
    unsigned known = 0;
    for (unsigned i = 0; i < rounds; i++) {
        unsigned char *copy = copy_file(sound->file.size);
        size_t size = sound->section_count * sizeof(Elf64_Shdr);
        struct extent headers = {.start = (const unsigned char *)sound->sections, .size = size};
        in_copy(copy, headers)[random() % size] = (unsigned char)random();
        if (image_read(&image))
            known += ask();
    }
    check(known > rounds, "section headers with a byte changed");
}

/* A few bytes in a hundred of one part. */
static void test_changed(struct extent part, const char *what)
{
    enum { rounds = 200 };
    unsigned known = 0;
    check(part.size > 0, what);
    for (unsigned i = 0; i < rounds && part.size > 0; i++) {
        unsigned char *bytes = in_copy(copy_file(sound->file.size), part);
        for (size_t j = 0; j < part.size; j += random() % 100 + 1)
            bytes[j] = (unsigned char)random();
        if (image_read(&image))
            known += ask();
    }
    check(known > 0, "  changed");
}

static void test_garbage(void)
{
    unsigned accepted = 0;
    unsigned char *copy = copy_file(sound->file.size);
    for (size_t i = 0; i < sound->file.size; i++)
        copy[i] = (unsigned char)random();
    accepted += image_read(&image);
    memcpy(copy, sound->file.start, sizeof(Elf64_Ehdr));
    accepted += image_read(&image);
    check_equal(accepted, 0, "garbage is not taken for the program");
}

int main(void)
{
    sound = image_open();
    if (!check(sound != NULL, "the program's file is open"))
        return tap_done();
    check(sound == image_open(), "once");
    area = guarded_area_make(round_up(sound->file.size, arch_page_size));
    test_sound();
    test_cut();
    test_changed_header();
    test_changed_sections();
    test_changed(sound->lines, "line programs");
    test_changed(sound->line_texts, "names of files");
    test_changed(sound->symbols, "symbols");
    test_changed(sound->symbol_names, "names of symbols");
    test_changed(sound->units, "units");
    test_changed(sound->abbreviations, "abbreviations");
    if (sound->ranges.size > 0)
        test_changed(sound->ranges, "ranges");
    test_garbage();
    return tap_done();
}
