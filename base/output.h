/*
 * All bytes to a descriptor, whatever write returns. output_write_all takes no lock and serves last
 * words too; output_print keeps the bytes of one call together.
 */
#ifndef KEEL_BASE_OUTPUT_H
#define KEEL_BASE_OUTPUT_H

#include "base/base.h"

/*
 * Writes all of it: goes on after a short write and EINTR, waits in poll after EAGAIN. Any other
 * error drops the rest.
 */
void output_write_all(int descriptor, const char *bytes, size_t len);

/*
 * As output_write_all, but the bytes of one call come out together, and SIGPIPE does not end the
 * process. With a scheduler in the image, a task that has to wait for another's print parks.
 */
void output_print(int descriptor, const char *bytes, size_t len);

/*
 * For a process that ends: from here on a closed pipe loses what is written to it, instead of
 * changing how the process ends.
 */
void output_ignore_closed_pipes(void);

/*
 * Hooks: empty by default, because without a scheduler there is one thread. sched/ has the strong
 * ones.
 */
void output_hook_begin(void);
void output_hook_end(void);

#endif
