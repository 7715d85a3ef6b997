/*
 * Mappings from the kernel: private, anonymous, readable and writable, zero at first. Addresses are
 * page-aligned; sizes are rounded up to pages by the kernel. None of these calls keeps state that
 * their result depends on.
 */
#ifndef KEEL_MEM_PAGES_H
#define KEEL_MEM_PAGES_H

#include "abi/system.h"
#include "base/base.h"

/* A new mapping, or NULL. */
void *page_map(size_t size);

/* A new mapping for stacks: addresses, of which memory is taken by touch; never huge pages. */
void *page_map_stacks(size_t size);

/*
 * Puts a new mapping like those of page_map_stacks in the place of what was mapped there; the page
 * tables go with what they mapped. False when the kernel refuses: all is as it was.
 */
bool page_renew_stacks(void *address, size_t size);

/* Undoes mlock and mlockall, for these pages. What the kernel refuses stays locked. */
void page_unlock(void *address, size_t size);

/* A new mapping at a multiple of `alignment`, a power of two of at least a page; or NULL. */
void *page_map_aligned(size_t size, size_t alignment);

/*
 * Takes the pages away. False when the kernel refuses, which it may when this cuts a mapping in two
 * and the process has all the mappings that it may have (vm.max_map_count): all is as it was.
 */
bool page_unmap(void *address, size_t size);

/*
 * Lets the kernel have the memory behind the pages, which stay mapped. What they contained is
 * undefined afterwards: not every kernel and emulator that accepts the call zeroes them.
 */
bool page_discard(void *address, size_t size);

/* As that, many at once. What the kernel refuses stays where it is. */
void page_discard_many(const struct abi_memory_range *ranges, size_t count);

/* No access any more. False when the kernel refuses (vm.max_map_count). */
bool page_protect(void *address, size_t size);

/*
 * No access any more, by a mark in the page table that splits no mapping and that page_discard
 * leaves. Returns an error, unlike the others: 0 when there is none, else what the kernel says when
 * it refuses, -ENOMEM if that may pass; some emulators say 0 and do nothing, which page_is_guarded
 * tells for a page that was guarded just now.
 */
int page_guard_error(void *address, size_t size);
bool page_is_guarded(const void *address);

/*
 * As page_guard_error, many of one size by one call. Returns how many were guarded, of the first
 * ones; 0 when the kernel knows no such call, or refuses.
 */
size_t page_guard_many(const struct abi_memory_range *ranges, size_t count);

/* Gives the pages memory now that is taken by touch else; where the kernel refuses, it is. */
void page_populate_many(const struct abi_memory_range *ranges, size_t count);

/*
 * Asks for no huge pages here. Where they are on for all memory the first touch would otherwise
 * cost a program 2 MiB and a hundred times the time.
 */
void page_keep_small(void *address, size_t size);

/* Grows the mapping where it is. False when something lies behind it, or there is no memory. */
bool page_grow(void *address, size_t size, size_t new_size);

/*
 * Moves the pages of one mapping over another, which they replace; no byte is copied. False when
 * the kernel refuses: then `from` is as it was, and of `to` it is not known whether it is still
 * mapped.
 */
bool page_move(void *from, size_t size, void *to, size_t new_size);

#endif
