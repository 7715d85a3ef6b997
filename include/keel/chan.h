/*
 * keel/chan.h: channels between tasks.
 *
 * A bounded ring of fixed-size elements, copied in and out. Capacity 0 is a rendezvous: a send
 * waits for its receive. What waits is a parked task, never a thread. An element is delivered once
 * or refused, whatever closes when.
 *
 * Lifetime. A channel is born with one reference and one sender, its creator's. A clone is one
 * sender and one reference more. keel_chan_drop_sender takes a sender, and its reference unless it
 * is the last sender, which closes the channel; keel_chan_release takes a reference and closes
 * nothing. So references = retained + (senders - 1), the latter never below 0, and the last one
 * frees. Whoever has learnt from a call's effect that it is done (its element has arrived) may
 * release at once, even while the other side has not yet returned.
 *
 * Undefined: using a channel after its last reference was released (mostly found out: a panic). A
 * last sender has no reference of its own: who releases early must know that it was dropped.
 *
 * All of it may be called from any task. Sends and receives may park, unless they say otherwise.
 */
#ifndef KEEL_CHAN_H
#define KEEL_CHAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct keel_chan keel_chan;

/*
 * `capacity` elements of `element_size` bytes each; either may be 0 (an element of no bytes is a
 * pure signal). NULL: no memory, or the product overflows. The caller owns one reference and one
 * sender.
 */
keel_chan *keel_chan_create(size_t capacity, size_t element_size);

/*
 * Sends a copy of *element; waits while the channel is full. 0, or -EPIPE when the channel is or
 * becomes closed: then the element was not sent. `element` may be NULL when the size is 0.
 */
int keel_chan_send(keel_chan *chan, const void *element);

/*
 * Receives into *element; waits while the channel is empty. 1, or 0 when the channel is closed and
 * drained: then *element is untouched. `element` may be NULL when the size is 0.
 */
int keel_chan_receive(keel_chan *chan, void *element);

/*
 * As keel_chan_send and keel_chan_receive, where they need not wait; else -EAGAIN, and nothing was
 * moved. They do not park.
 */
int keel_chan_try_send(keel_chan *chan, const void *element);
int keel_chan_try_receive(keel_chan *chan, void *element);

/*
 * As keel_chan_send and keel_chan_receive, but they wait no longer than until `deadline`
 * (nanoseconds on CLOCK_MONOTONIC, as keel_now). -ETIMEDOUT: it has come, and nothing was moved:
 * the element was not sent, *element is untouched. When the deadline has passed already they still
 * succeed if they need not wait; else they yield once and return -ETIMEDOUT. KEEL_FOREVER: no
 * deadline.
 */
int keel_chan_send_until(keel_chan *chan, const void *element, int64_t deadline);
int keel_chan_receive_until(keel_chan *chan, void *element, int64_t deadline);

/*
 * Closes: waiting and later sends return -EPIPE, receives drain what is buffered and then return 0.
 * Idempotent.
 */
void keel_chan_close(keel_chan *chan);

/* One sender and one reference more. Returns `chan`. */
keel_chan *keel_chan_clone_sender(keel_chan *chan);

/* One sender less; the last one closes. */
void keel_chan_drop_sender(keel_chan *chan);

/* One reference more. Returns `chan`. */
keel_chan *keel_chan_retain(keel_chan *chan);

/*
 * One reference less; the last one frees, and then `destroy` (the last one not NULL that any
 * release gave) is called with the address of each element still inside, in order.
 */
void keel_chan_release(keel_chan *chan, void (*destroy)(void *element));

/* Elements inside now (a snapshot), and how many fit. */
size_t keel_chan_length(const keel_chan *chan);
size_t keel_chan_capacity(const keel_chan *chan);

#ifdef __cplusplus
}
#endif

#endif
