#include "sched/deque.h"

#include "base/alone.h"
#include "mem/pages.h"

static int64_t capacity_in(size_t bytes)
{
    size_t capacity = 1;
    while (sizeof(struct deque_array) + 2 * capacity * sizeof(struct keel_task *) <= bytes)
        capacity *= 2;
    return (int64_t)capacity;
}

static struct keel_task **slot(struct deque_array *array, int64_t position)
{
    return &array->slots[position & (array->capacity - 1)];
}

/* An array of at least twice the capacity, or NULL: no memory. */
static struct deque_array *larger_array(const struct deque_array *old)
{
    size_t slots = 2 * (size_t)old->capacity * sizeof(struct keel_task *);
    size_t bytes = round_up(sizeof *old + slots, arch_page_size);
    struct deque_array *array = page_map(bytes);
    if (array != NULL)
        array->capacity = capacity_in(bytes);
    return array;
}

static struct deque_array *first_array(struct deque *deque)
{
    struct deque_array *array = (struct deque_array *)(void *)deque->first_array;
    array->capacity = deque_first_capacity;
    return array;
}

/* A larger array with the same tasks at the same positions. NULL: no memory, or none is wanted. */
static struct deque_array *grow(struct deque *deque, int64_t top, int64_t bottom)
{
    struct deque_array *old = deque->array;
    if (deque->refuses)
        return NULL;
    struct deque_array *array = old != NULL ? larger_array(old) : first_array(deque);
    if (array == NULL)
        return NULL;
    for (int64_t i = top; i < bottom; i++)
        *slot(array, i) = *slot(old, i);
    /* RELEASE: with the ACQUIRE of the array in deque_steal. */
    atomic_store(&deque->array, array, RELEASE);
    return array;
}

bool deque_push(struct deque *deque, struct keel_task *task)
{
    int64_t bottom = atomic_load(&deque->bottom, RELAXED); /* RELAXED: our own */
    /* ACQUIRE: with the compare-and-swaps on top; the slot is free once top has passed it. */
    int64_t top = atomic_load(&deque->top, ACQUIRE);
    struct deque_array *array = deque->array;
    if (array == NULL || bottom - top >= array->capacity) {
        array = grow(deque, top, bottom);
        if (array == NULL)
            return false;
    }
    atomic_store(slot(array, bottom), task, RELAXED); /* RELAXED: published by bottom */
    /* RELEASE: with the ACQUIRE of bottom in deque_steal; publishes slot and task. */
    atomic_store(&deque->bottom, bottom + 1, RELEASE);
    return true;
}

struct keel_task *deque_take(struct deque *deque)
{
    struct deque_array *array = deque->array;
    int64_t bottom = atomic_load(&deque->bottom, RELAXED) - 1; /* RELAXED: our own */
    /* An empty deque costs no fence: top never passes what bottom was. */
    if (atomic_load(&deque->top, RELAXED) > bottom)
        return NULL;
    atomic_store(&deque->bottom, bottom, RELAXED);   /* RELAXED: ordered by the fence */
    atomic_fence_shared(SEQ_CST);                    /* SEQ_CST: with the fence in deque_steal */
    int64_t top = atomic_load(&deque->top, RELAXED); /* RELAXED: ordered by the fence */
    struct keel_task *task = NULL;
    if (top <= bottom) {
        task = atomic_load(slot(array, bottom), RELAXED); /* RELAXED: our own writes */
        if (top < bottom)
            return task;
        /* The last one. SEQ_CST: with the compare-and-swap in deque_steal. */
        if (!atomic_compare_exchange_shared(&deque->top, &top, top + 1, SEQ_CST, RELAXED))
            task = NULL;
    }
    /* RELEASE: keeps what deque_push published with this value. */
    atomic_store(&deque->bottom, bottom + 1, RELEASE);
    return task;
}

struct keel_task *deque_steal(struct deque *deque)
{
    /* ACQUIRE: with the compare-and-swap of the thief before us. */
    int64_t top = atomic_load(&deque->top, ACQUIRE);
    atomic_fence_shared(SEQ_CST); /* SEQ_CST: with the fence in deque_take */
    /* ACQUIRE: with the RELEASE of bottom in deque_push. */
    int64_t bottom = atomic_load(&deque->bottom, ACQUIRE);
    if (top >= bottom)
        return NULL;
    /* ACQUIRE: with the RELEASE in grow. */
    struct deque_array *array = atomic_load(&deque->array, ACQUIRE);
    struct keel_task *task = atomic_load(slot(array, top), RELAXED); /* RELAXED: see bottom */
    /* SEQ_CST: with the compare-and-swap in deque_take, and for the next push's ACQUIRE of top. */
    if (!atomic_compare_exchange_shared(&deque->top, &top, top + 1, SEQ_CST, RELAXED))
        return NULL;
    return task;
}

struct keel_task *deque_newest(struct deque *deque)
{
    int64_t bottom = atomic_load(&deque->bottom, RELAXED); /* RELAXED: our own */
    /* RELAXED: a hint; and our own writes. */
    return atomic_load(&deque->top, RELAXED) >= bottom
               ? NULL
               : atomic_load(slot(deque->array, bottom - 1), RELAXED);
}

/* RELAXED, all of it: no thief is there. */
bool deque_take_recent_alone(struct deque *deque, const struct keel_task *task)
{
    struct deque_array *array = deque->array;
    int64_t bottom = atomic_load(&deque->bottom, RELAXED);
    int64_t lowest = bottom - deque_recent;
    int64_t top = atomic_load(&deque->top, RELAXED);
    for (int64_t i = bottom - 1; i >= top && i >= lowest; i--) {
        if (atomic_load(slot(array, i), RELAXED) != task)
            continue;
        for (; i < bottom - 1; i++)
            atomic_store(slot(array, i), atomic_load(slot(array, i + 1), RELAXED), RELAXED);
        atomic_store(&deque->bottom, bottom - 1, RELAXED);
        return true;
    }
    return false;
}

bool deque_take_oldest(struct deque *deque, const struct keel_task *task)
{
    int64_t top = atomic_load(&deque->top, RELAXED); /* RELAXED: the compare-and-swap decides */
    /* RELAXED: our own, and our own writes. */
    if (top >= atomic_load(&deque->bottom, RELAXED) ||
        atomic_load(slot(deque->array, top), RELAXED) != task)
        return false;
    /* SEQ_CST: as a thief, who would have read the same slot (deque_steal). */
    return atomic_compare_exchange_shared(&deque->top, &top, top + 1, SEQ_CST, RELAXED);
}

struct keel_task *deque_oldest(struct deque *deque)
{
    int64_t top = atomic_load(&deque->top, RELAXED); /* RELAXED: a hint */
    /* RELAXED: our own; and our own writes. */
    if (top >= atomic_load(&deque->bottom, RELAXED))
        return NULL;
    return atomic_load(slot(deque->array, top), RELAXED);
}
