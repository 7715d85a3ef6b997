#include "chan/chan.h"

#include "keel/mem.h"
#include "sched/claim.h"

enum { slots_at = 128 };
_Static_assert(sizeof(struct keel_chan) <= slots_at, "the slots begin behind the structure");

/*
 * The first channels lie in .bss, if their elements are small: a program that has no more than
 * these and allocates nothing itself needs no heap.
 */
enum { first_chan_bytes = slots_at + 64 };
TOUCHED_AT_START static _Alignas(
    arch_cache_line) unsigned char first_memory[chan_first_most][first_chan_bytes];
TOUCHED_AT_START static bool first_taken[chan_first_most]; /* atomic */

static void *take_memory(size_t bytes)
{
    for (unsigned i = 0; i < chan_first_most && bytes <= first_chan_bytes; i++) {
        /* ACQUIRE: with the RELEASE in give_memory. RELAXED: looked at again. */
        if (!atomic_load(&first_taken[i], RELAXED) &&
            !atomic_exchange(&first_taken[i], true, ACQUIRE))
            return first_memory[i];
    }
    return keel_alloc(bytes);
}

static void give_memory(struct keel_chan *chan)
{
    for (unsigned i = 0; i < chan_first_most; i++) {
        if ((void *)chan == first_memory[i]) {
            atomic_store(&first_taken[i], false, RELEASE); /* RELEASE: with the ACQUIRE above */
            return;
        }
    }
    keel_free(chan);
}

keel_chan *keel_chan_create(size_t capacity, size_t element_size)
{
    size_t bytes;
    if (__builtin_mul_overflow(capacity, element_size, &bytes) ||
        __builtin_add_overflow(bytes, slots_at, &bytes))
        return NULL;
    struct keel_chan *chan = take_memory(bytes);
    if (chan == NULL)
        return NULL;
    *chan = (struct keel_chan){
        .mark = chan_mark,
        .senders = 1,
        .references = 1,
        .capacity = capacity,
        .element_size = element_size,
        .unusual = element_size == sizeof(uint64_t) ? 0 : CHAN_NO_WORDS,
        .slots = (unsigned char *)chan + slots_at,
    };
    list_init(&chan->senders_waiting);
    list_init(&chan->receivers_waiting);
    return chan;
}

bool chan_claim(struct keel_chan *chan, struct chan_waiter *waiter)
{
    chan->timed--;
    if (sched_claim_take(waiter->task, SCHED_CLAIM_WAKER))
        return true;
    list_remove(&waiter->link);
    list_init(&waiter->link);
    chan->leaving++;
    return false;
}

/* Claims all waiters with a deadline in the list; those that cannot be had are unlinked. */
static void claim_all(struct keel_chan *chan, struct list_node *list)
{
    struct list_node *next;
    for (struct list_node *node = list->next; node != list && chan->timed > 0; node = next) {
        next = node->next;
        if (chan_waiter_of(node)->timed)
            chan_claim(chan, chan_waiter_of(node));
    }
}

/* Nobody else can reach the channel any more. */
void chan_destroy(struct keel_chan *chan)
{
    if (!list_is_empty(&chan->senders_waiting) || !list_is_empty(&chan->receivers_waiting))
        panic("a channel lost its last reference while a task waits on it");
    for (size_t i = 0; i < chan->length && chan->destroy != NULL; i++)
        chan->destroy(chan->slots + (chan->first + i) % chan->capacity * chan->element_size);
    chan->mark = 0;
    give_memory(chan);
}

bool chan_unreference(struct keel_chan *chan)
{
    if (--chan->references > 0)
        return false;
    claim_all(chan, &chan->senders_waiting);
    claim_all(chan, &chan->receivers_waiting);
    return chan->leaving == 0;
}

/* Caller holds the lock; `woken` receives the waiters, to be readied when it is released. */
static void close_locked(struct keel_chan *chan, struct list_node *woken)
{
    struct list_node *list =
        list_is_empty(&chan->senders_waiting) ? &chan->receivers_waiting : &chan->senders_waiting;
    chan->unusual |= CHAN_CLOSED;
    claim_all(chan, list);
    list_take_all(woken, list);
}

/*
 * Some at a time: others run those while we go on. Each node lies on a stack of its own, which most
 * often nobody has touched for long, and says where the next is. Tasks that were created one after
 * the other as a rule wait so too, at equal distances: so what lies some of them ahead is guessed.
 */
static __attribute__((noinline)) void ready_all(struct list_node *woken)
{
    enum { at_once = 64, ahead = 6 };
    struct list_node *node = list_pop_front(woken);
    uintptr_t before = (uintptr_t)node;
    while (node != NULL) {
        struct queue tasks = {.first = NULL};
        for (; node != NULL && tasks.length < at_once; node = list_pop_front(woken)) {
            uintptr_t place = (uintptr_t)node;
            __builtin_prefetch((const void *)(place + ahead * (place - before)));
            before = place;
            queue_push(&tasks, chan_waiter_of(node)->task);
        }
        sched_ready_all(&tasks);
    }
}

void keel_chan_close(keel_chan *chan)
{
    struct list_node woken;
    chan_lock(chan);
    close_locked(chan, &woken);
    lock_release(&chan->lock);
    ready_all(&woken);
}

keel_chan *keel_chan_clone_sender(keel_chan *chan)
{
    chan_lock(chan);
    bool dropped = chan->senders == 0;
    chan->senders++;
    chan->references++;
    lock_release(&chan->lock);
    if (dropped)
        panic("clone_sender of a channel whose last sender was dropped");
    return chan;
}

void keel_chan_drop_sender(keel_chan *chan)
{
    struct list_node woken;
    list_init(&woken);
    chan_lock(chan);
    if (chan->senders == 0)
        panic("drop_sender of a channel that has no sender left");
    bool last_reference = false;
    if (--chan->senders == 0)
        close_locked(chan, &woken);
    else
        last_reference = chan_unreference(chan);
    lock_release(&chan->lock);
    ready_all(&woken);
    if (last_reference)
        chan_destroy(chan);
}

keel_chan *keel_chan_retain(keel_chan *chan)
{
    chan_lock(chan);
    chan->references++;
    lock_release(&chan->lock);
    return chan;
}

void keel_chan_release(keel_chan *chan, void (*destroy_element)(void *element))
{
    chan_lock(chan);
    if (destroy_element != NULL)
        chan->destroy = destroy_element;
    bool last_reference = chan_unreference(chan);
    lock_release(&chan->lock);
    if (last_reference)
        chan_destroy(chan);
}

size_t keel_chan_length(const keel_chan *chan)
{
    return atomic_load(&chan->length, RELAXED); /* RELAXED: a snapshot */
}

size_t keel_chan_capacity(const keel_chan *chan)
{
    return chan->capacity;
}
