/*
 * Memory and strings: the standard names, because compilers call them behind one's back. As in the
 * C standard. Each has a C file here; a machine may replace it by a file of the same name in arch/.
 */
#ifndef KEEL_BASE_MEMORY_H
#define KEEL_BASE_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *left, const void *right, size_t len);
int bcmp(const void *left, const void *right, size_t len);
size_t strlen(const char *text);

#endif
