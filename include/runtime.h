/*
 * runtime.h: what compiled Coolscript calls. Link with -lcsruntime alone.
 *
 * All of it may be called from any task; what waits parks the task. Out of memory in cs_alloc,
 * cs_spawn and cs_chan_create is a controlled panic (one line on standard error, exit status 2),
 * because compiled code does not look.
 */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `size` bytes, 16-byte aligned, uninitialised; a size of 0 gives a unique pointer. Never NULL. */
void *cs_alloc(size_t size);

/*
 * Frees a block of cs_alloc, on any task. NULL does nothing. Undefined: freeing twice, or a pointer
 * that cs_alloc did not return; linked with -lkeel-debug -lcsruntime, in this order, that is a
 * panic.
 */
void cs_free(void *ptr);

typedef void (*cs_task_fn)(void *);

/* Starts a task. `data` belongs to it from here on. When main returns, tasks that still run end
 * too. */
void cs_spawn(cs_task_fn func, void *data);

typedef struct cs_channel cs_channel_t;

/* A channel of `capacity` elements (0: rendezvous) of `element_size` bytes. Never NULL. */
cs_channel_t *cs_chan_create(size_t capacity, size_t element_size);

/* Copies element_size bytes in; waits while full. A closed channel is a controlled panic. */
void cs_chan_send(cs_channel_t *chan, void *data);

/* Copies one element out; waits while empty. 1, or 0 when the channel is closed and drained. */
int cs_chan_receive(cs_channel_t *chan, void *out_data);

/* Closes: receives drain what is inside, then return 0. Idempotent. */
void cs_chan_close(cs_channel_t *chan);

/* One sender and one reference more (creation made the first of each). Returns `chan`. */
cs_channel_t *cs_chan_clone_sender(cs_channel_t *chan);

/* One sender less; the last drop closes. */
void cs_chan_drop_sender(cs_channel_t *chan);

/* A channel of owned pointers. Never NULL. */
cs_channel_t *cs_chan_create_ptr(size_t capacity);

/* Sends an owned pointer; waits while full. NULL, and a closed channel, is a controlled panic. */
void cs_chan_send_ptr(cs_channel_t *chan, void *owned);

/* Receives a pointer, which the caller then owns. NULL (None): closed and drained. */
void *cs_chan_receive_ptr(cs_channel_t *chan);

/*
 * Gives up the creator's reference; closes nothing. The last reference frees the channel, and a
 * pointer channel gives what is still inside to cs_free. Undefined: using the channel afterwards
 * (mostly found out: a panic).
 */
void cs_chan_release(cs_channel_t *chan);

typedef struct {
    char *ptr;
    int64_t len;
} cs_string_t;

/*
 * Writes the string to standard output, whole, and together: no other call's bytes come between.
 * Adds no newline and ends no process: when standard output cannot be written, the rest is dropped.
 * A length <= 0 prints nothing. The string goes by value: two arguments, pointer and length.
 */
void cs_print_str(cs_string_t s);

#ifdef __cplusplus
}
#endif

#endif
