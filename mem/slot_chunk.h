/* A chunk of slots: the mapping in which stacks lie side by side. For slots.c and away.c alone. */
#ifndef KEEL_MEM_SLOT_CHUNK_H
#define KEEL_MEM_SLOT_CHUNK_H

#include "mem/slots.h"

enum { mem_slots_most = 1024, mem_slots_in_word = 64, mem_slots_words = mem_slots_most / 64 };

/* Lies in the chunk's last page, which is zero at first. */
struct slot_chunk {
    /* Guarded by the lock of slots.c. */
    struct list_node link; /* in `all` */
    struct list_node open; /* in its size's, when something can be taken; else its next is NULL */
    struct mem_stack_size *size;
    size_t slot; /* bytes */
    unsigned char *slots;
    uint32_t count;
    uint32_t begun;
    uint32_t lost; /* of these: no guard could be had, nobody gets them */
    uint32_t cold; /* bits in cold_set */
    uint64_t cold_set[mem_slots_words];

    /* Guarded by the lock of away.c: a bit a slot, and one a word of those. */
    uint64_t away[mem_slots_words];
    uint64_t bare[mem_slots_words];
    uint32_t busy;
    uint32_t missed;
};
_Static_assert(sizeof(struct slot_chunk) <= arch_page_size, "it has one page");

static inline uint32_t mem_slot_index(const struct slot_chunk *chunk, uintptr_t address)
{
    return (uint32_t)((address - (uintptr_t)chunk->slots) / chunk->slot);
}

#endif
