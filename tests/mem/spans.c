/* The life of spans, seen from inside: current, full, queued, given back. */
#include "base/clock.h"
#include "keel/mem.h"
#include "mem/heap.h"
#include "mem/mem.h"
#include "tests/mem/pattern.h"
#include "tests/tap.h"

enum { blocks_most = 20000, MiB = 1024 * 1024 };

static void *blocks[blocks_most];
static uint64_t random_state = 0xda3e39cb94b95bdb;

static size_t slices_used(void)
{
    return thread_block()->heap->chunks.used;
}

static void shuffle(size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t other = random_below(&random_state, i + 1);
        void *block = blocks[i];
        blocks[i] = blocks[other];
        blocks[other] = block;
    }
}

/* Whether the countdowns of the class's spans in use add up to `used` blocks. */
static bool countdowns_hold(unsigned class, size_t used, size_t full)
{
    struct mem_heap *heap = thread_block()->heap;
    struct list_node *head = &heap->queued[class];
    size_t counted = full * mem_span_of(blocks[0])->capacity;
    if (heap->current[class] != &mem_no_span)
        counted += heap->current[class]->countdown - 1;
    for (struct list_node *node = head->next; node != head; node = node->next) {
        struct mem_span *span = container_of(node, struct mem_span, link);
        if (span->state != mem_span_queued || span->countdown == 0 || span->free == NULL)
            return false;
        counted += span->countdown;
    }
    return counted == used;
}

/* Fills three spans and a half, then frees in disorder. */
static bool class_lives(unsigned class)
{
    size_t size = mem_class_size(class);
    blocks[0] = keel_alloc(size);
    size_t capacity = mem_span_of(blocks[0])->capacity;
    size_t count = capacity * 7 / 2;
    for (size_t i = 1; i < count; i++)
        blocks[i] = keel_alloc(size);
    if (!countdowns_hold(class, count, 3))
        return false;
    size_t when_full = slices_used();
    shuffle(count);
    size_t left = count;
    while (left > count / 4)
        keel_free(blocks[--left]);
    while (left < count)
        blocks[left++] = keel_alloc(size);
    bool holds = slices_used() <= when_full;
    for (left = count; left > 0; left--)
        keel_free(blocks[left - 1]);
    return holds && countdowns_hold(class, 0, 0);
}

static void check_lives(void)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < mem_class_count; i++)
        failed += !class_lives(i);
    check_equal(failed, 0, "each class fills spans, uses them again and empties them");
    mem_heap_collect();
    check_equal(slices_used(), 0, "after a collection no span is left");
}

/* Small, medium and large in turn, so that the bytes move. */
static void check_resizes(void)
{
    for (size_t i = 0; i < 3000; i++)
        blocks[i] = keel_alloc(50);
    for (size_t size = 600; size < 300000; size *= 5) {
        for (size_t i = 0; i < 3000; i += 1 + size / 1000)
            blocks[i] = keel_realloc(blocks[i], size);
    }
    for (size_t i = 0; i < 3000; i++)
        keel_free(blocks[i]);
    mem_heap_collect();
    check_equal(slices_used(), 0, "blocks that moved when resized leave nothing behind");
}

static void leave_dirt(void)
{
    keel_free(keel_alloc(3 * MiB));
    keel_free(keel_alloc(9 * MiB));
}

static bool is_clean(void)
{
    struct mem_heap *heap = thread_block()->heap;
    return heap->chunks.dirty == 0 && heap->kept_mapping == NULL;
}

static void check_purge(void)
{
    int64_t begun = clock_now();
    leave_dirt();
    check(!is_clean(), "a thread that runs keeps some memory for later");
    mem_heap_collect();
    check(is_clean(), "before a sleep it goes back");
    leave_dirt();
    mem_heap_collect();
    check(!is_clean() || clock_now() > begun + 100 * 1000 * 1000,
          "but not before a sleep that follows soon");
    int64_t until = clock_now() + 150 * 1000 * 1000;
    while (clock_now() < until)
        arch_pause();
    mem_heap_collect();
    check(is_clean(), "later it does");
}

static void check_alternation(void)
{
    keel_free(keel_alloc(100));
    size_t before = slices_used();
    const struct mem_span *span = thread_block()->heap->current[mem_class_of(100)];
    bool same = span != &mem_no_span;
    for (unsigned i = 0; i < 1000; i++) {
        void *block = keel_alloc(100);
        same = same && mem_span_of(block) == span;
        keel_free(block);
    }
    check(same && slices_used() == before, "one block in turn stays in one span");
}

static void check_release(void)
{
    struct mem_heap *heap = thread_block()->heap;
    void *block = keel_alloc(100);
    mem_heap_release();
    check(thread_block()->heap == NULL, "a released heap is not the thread's");
    keel_free(block);
    void *other = keel_alloc(100);
    check(thread_block()->heap == heap, "the next allocation finds one that was released");
    keel_free(other);
    mem_heap_collect();
    mem_heap_release();
    mem_heap_collect();
    mem_heap_release();
    check(thread_block()->heap == NULL, "no heap to collect and to release is fine");
}

int main(void)
{
    mem_heap_collect();
    check(thread_block()->heap == NULL, "a thread that has not allocated has no heap");
    check_purge();
    check_lives();
    check_resizes();
    check_alternation();
    check_release();
    return tap_done();
}
