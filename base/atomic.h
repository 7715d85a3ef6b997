/*
 * The only way to touch memory that another thread touches. Each use names its memory order
 * (RELAXED, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST) here and its partner in a comment. A hosted build
 * may map these macros to a scheduler that explores interleavings; so no other file names a
 * compiler's atomic builtin.
 */
#ifndef KEEL_BASE_ATOMIC_H
#define KEEL_BASE_ATOMIC_H

#include <stdbool.h>

#define ATOMIC_ORDER(order) __ATOMIC_##order

#define atomic_load(location, order)         __atomic_load_n(location, ATOMIC_ORDER(order))
#define atomic_store(location, value, order) __atomic_store_n(location, value, ATOMIC_ORDER(order))
#define atomic_exchange(location, value, order)                                                    \
    __atomic_exchange_n(location, value, ATOMIC_ORDER(order))
#define atomic_fetch_add(location, value, order)                                                   \
    __atomic_fetch_add(location, value, ATOMIC_ORDER(order))
#define atomic_fetch_sub(location, value, order)                                                   \
    __atomic_fetch_sub(location, value, ATOMIC_ORDER(order))

/* Strong: fails only when *location differs from *expected, which then receives what was there. */
#define atomic_compare_exchange(location, expected, desired, success, failure)                     \
    __atomic_compare_exchange_n(location, expected, desired, false, ATOMIC_ORDER(success),         \
                                ATOMIC_ORDER(failure))

#define atomic_fence(order) __atomic_thread_fence(ATOMIC_ORDER(order))

#endif
