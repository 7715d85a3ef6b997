/*
 * keel_nolibc.h: the Linux kernel's nolibc headers (tools/include/nolibc of its source) and Keel's,
 * in one program. Include it in place of theirs, whose folder is to be searched (-isystem).
 *
 *   cc -ffreestanding -nostdlib -static -isystem build/nolibc program.c -lkeel
 *
 * nolibc is made to be the whole of a program: it brings an entry, memcpy and exit of its own. Here
 * they are the runtime's, and so the order of the command line does not matter. doc/nolibc.md says
 * what happens otherwise, and what of nolibc to use with care.
 */
#ifndef KEEL_NOLIBC_H
#define KEEL_NOLIBC_H

#ifdef _NOLIBC_H
#error "keel_nolibc.h comes in place of nolibc.h, which is included already"
#endif

/* errno would be one variable a file, shared by all tasks: calls return -1, sys_ calls say why. */
#define NOLIBC_IGNORE_ERRNO

/* nolibc's 64-bit integers are long long, the compilers' own are long. */
#define int64_t  nolibc_int64_t
#define uint64_t nolibc_uint64_t

/* Weak in nolibc, and then the runtime's are not taken from its archive. */
#define memcpy  nolibc_memcpy
#define memmove nolibc_memmove
#define memset  nolibc_memset

/* Ends the calling thread alone, and runs no exit functions. Wants a variable `environ`. */
#define exit   nolibc_exit
#define getenv nolibc_getenv

#include "nolibc.h"

#undef int64_t
#undef uint64_t
#undef memcpy
#undef memmove
#undef memset
#undef exit
#undef getenv

#include <keel.h>

void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);

static inline _Noreturn void exit(int status)
{
    keel_exit(status);
}

static inline char *getenv(const char *name)
{
    return (char *)(uintptr_t)keel_environment(name);
}

/* nolibc's _start is weak, too. This takes the runtime's, which then is the program's. */
void keel_start(void);
static void (*const keel_nolibc_entry)(void) __attribute__((used)) = keel_start;

#endif
