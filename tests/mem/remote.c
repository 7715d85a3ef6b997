/*
 * Blocks that another thread frees than allocated them. The tests count what the process has in
 * memory: a heap that did not take its blocks back would grow with each.
 */
#include "keel/mem.h"
#include "mem/heap.h"
#include "mem/mem.h"
#include "tests/mem/pattern.h"
#include "tests/mem/resident.h"
#include "tests/mem/threads.h"
#include "tests/tap.h"

enum {
    MiB = 1024 * 1024,
    threads_in_ring = 4,
    ring_capacity = 128,
    blocks_each = 60000,
    growth_allowed = 24 * MiB,
};

/* From one thread to the next. A block's first two words are its size and its number. */
struct pipe {
    void *slots[ring_capacity];
    _Alignas(64) size_t sent;
    _Alignas(64) size_t received;
};

struct header {
    size_t size;
    uint64_t number;
};

static struct pipe pipes[threads_in_ring];
static unsigned damaged; /* atomic, a count */

static void give_way(void)
{
    arch_syscall0(__NR_sched_yield);
}

static void pipe_send(struct pipe *pipe, void *block)
{
    size_t sent = atomic_load(&pipe->sent, RELAXED); /* RELAXED: our own */
    /* ACQUIRE: with the RELEASE in pipe_receive; the slot is free. */
    while (sent - atomic_load(&pipe->received, ACQUIRE) == ring_capacity)
        give_way();
    pipe->slots[sent % ring_capacity] = block;
    atomic_store(&pipe->sent, sent + 1, RELEASE); /* RELEASE: with the ACQUIRE in pipe_receive */
}

static bool pipe_is_full(struct pipe *pipe)
{
    /* RELAXED: `sent` is our own; ACQUIRE as in pipe_send. */
    return atomic_load(&pipe->sent, RELAXED) - atomic_load(&pipe->received, ACQUIRE) ==
           ring_capacity;
}

/* The next block, or NULL when there is none yet. */
static void *pipe_receive(struct pipe *pipe)
{
    size_t received = atomic_load(&pipe->received, RELAXED); /* RELAXED: our own */
    /* ACQUIRE: with the RELEASE in pipe_send. */
    if (atomic_load(&pipe->sent, ACQUIRE) == received)
        return NULL;
    void *block = pipe->slots[received % ring_capacity];
    atomic_store(&pipe->received, received + 1, RELEASE); /* RELEASE: with pipe_send */
    return block;
}

static void *make_block(uint64_t *random, uint64_t number)
{
    size_t kind = random_below(random, 1000);
    size_t limit = kind < 950 ? 1500 : kind < 997 ? 20000 : kind < 999 ? 500000 : 5 * MiB;
    size_t size = sizeof(struct header) + random_below(random, limit);
    struct header *header = keel_alloc(size);
    *header = (struct header){.size = size, .number = number};
    pattern_fill(header + 1, size - sizeof *header, number);
    return header;
}

static void free_block(struct header *header)
{
    if (!pattern_holds(header + 1, header->size - sizeof *header, header->size - sizeof *header,
                       header->number))
        atomic_fetch_add(&damaged, 1, RELAXED); /* RELAXED: read after the join */
    keel_free(header);
}

/* Allocates for the next thread of the ring and frees what comes from the one before. */
static void run_in_ring(void *arg)
{
    size_t self = (size_t)(uintptr_t)arg;
    uint64_t random = 77 + self;
    struct pipe *in = &pipes[self];
    struct pipe *out = &pipes[(self + 1) % threads_in_ring];
    size_t sent = 0;
    size_t received = 0;
    while (sent < blocks_each || received < blocks_each) {
        bool moved = false;
        while (sent < blocks_each && !pipe_is_full(out)) {
            pipe_send(out, make_block(&random, self * blocks_each + sent));
            sent++;
            moved = true;
        }
        for (void *block; (block = pipe_receive(in)) != NULL; received++) {
            free_block(block);
            moved = true;
        }
        if (!moved)
            give_way();
    }
    mem_heap_release();
}

static void check_ring(int64_t before)
{
    struct test_thread threads[threads_in_ring];
    int64_t most = 0;
    for (size_t i = 0; i < threads_in_ring; i++)
        test_thread_start(&threads[i], run_in_ring, (void *)(uintptr_t)i);
    for (size_t i = 0; i < threads_in_ring; i++) {
        test_thread_join(&threads[i]);
        int64_t grown = statm_read(statm_resident) - before;
        most = grown > most ? grown : most;
    }
    tap_note("MiB resident more", most / MiB);
    check_equal(damaged, 0, "four threads in a ring: each block arrives whole");
    check(before < 0 || most < threads_in_ring * growth_allowed, "in bounded memory");
}

/* The other thread only frees: it never has a heap of its own. */
static void free_all(void *arg)
{
    struct pipe *pipe = arg;
    for (size_t received = 0; received < blocks_each;) {
        void *block = pipe_receive(pipe);
        if (block == NULL) {
            give_way();
            continue;
        }
        free_block(block);
        received++;
    }
}

static void check_consumer(int64_t before)
{
    static struct pipe pipe;
    struct test_thread consumer;
    uint64_t random = 1234567;
    test_thread_start(&consumer, free_all, &pipe);
    for (size_t sent = 0; sent < blocks_each; sent++)
        pipe_send(&pipe, make_block(&random, sent));
    test_thread_join(&consumer);
    int64_t grown = statm_read(statm_resident) - before;
    tap_note("MiB resident more", grown / MiB);
    check_equal(damaged, 0, "one allocates, the other frees: each block arrives whole");
    check(before < 0 || grown < threads_in_ring * growth_allowed + growth_allowed,
          "in bounded memory");
}

enum { many = 100000, many_size = 1000 };
static void *blocks[many];

static void free_many(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < many; i++)
        keel_free(blocks[i]);
}

/* The owner allocates no more: what comes home waits until it collects. */
static void check_idle_owner(void)
{
    int64_t before = statm_read(statm_resident);
    for (size_t i = 0; i < many; i++) {
        blocks[i] = keel_alloc(many_size);
        pattern_fill(blocks[i], many_size, i);
    }
    struct test_thread freer;
    test_thread_start(&freer, free_many, NULL);
    test_thread_join(&freer);
    mem_heap_collect();
    int64_t left = statm_read(statm_resident) - before;
    tap_note("MiB left", left / MiB);
    check(before < 0 || left < growth_allowed,
          "an owner that only sleeps gives back what came home");
}

/* What another thread does with a run that is not its own's must not touch the owner's chunk. */
static void resize_foreign(void *arg)
{
    keel_free(keel_alloc(1 * MiB));
    void **run = arg;
    run[0] = keel_realloc(run[0], 2 * MiB);
    run[1] = keel_realloc(run[1], 300 * 1024);
    keel_free(run[0]);
    keel_free(run[1]);
    mem_heap_release();
}

static void check_foreign_resize(void)
{
    mem_heap_collect();
    size_t used = thread_block()->heap->chunks.used;
    void *run[2] = {keel_alloc(1 * MiB), keel_alloc(1 * MiB)};
    struct test_thread thread;
    test_thread_start(&thread, resize_foreign, run);
    test_thread_join(&thread);
    mem_heap_collect();
    check_equal(thread_block()->heap->chunks.used, used, "another thread resizes runs");
}

/* Notes its heap and leaves blocks behind. */
static void allocate_and_end(void *arg)
{
    void *block = keel_alloc(100);
    for (unsigned i = 0; i < 200; i++)
        pattern_fill(keel_alloc(1000), 1000, i);
    keel_free(block);
    *(struct mem_heap **)arg = thread_block()->heap;
    mem_heap_release();
}

static void check_heaps_are_reused(void)
{
    struct mem_heap *first = NULL;
    unsigned others = 0;
    for (unsigned i = 0; i < 50; i++) {
        struct test_thread thread;
        struct mem_heap *heap = NULL;
        test_thread_start(&thread, allocate_and_end, &heap);
        test_thread_join(&thread);
        first = first == NULL ? heap : first;
        others += heap != first || heap == NULL;
    }
    check_equal(others, 0, "threads that come and go share a heap");
}

int main(void)
{
    int64_t before = statm_read(statm_resident);
    if (before < 0)
        tap_note("there is no /proc: memory is not counted", 0);
    check_ring(before);
    check_consumer(before);
    check_idle_owner();
    check_foreign_resize();
    check_heaps_are_reused();
    return tap_done();
}
