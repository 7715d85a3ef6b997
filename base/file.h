/*
 * Files of the system that the runtime reads for itself: read only, without an allocator.
 *
 * Where descriptors 0 to 2 are closed, the kernel would give these numbers to the next file that is
 * opened; then a print of the program would go to that file, and a read of its standard input would
 * take from it. So what is opened here never keeps such a number.
 */
#ifndef KEEL_BASE_FILE_H
#define KEEL_BASE_FILE_H

#include "base/base.h"

/* A descriptor above 2 that exec closes, or a negative errno. */
int file_open(const char *path);

/* Bytes read, 0 at the end, or a negative errno other than EINTR. */
long file_read(int descriptor, void *bytes, size_t len);

void file_close(int descriptor);

/*
 * The beginning of the file as a string: at most room - 1 bytes and a NUL. False when it cannot be
 * opened or read; then the string is empty.
 */
bool file_read_text(const char *path, char *text, size_t room);

#endif
