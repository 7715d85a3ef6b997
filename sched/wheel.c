#include "sched/wheel.h"

enum {
    fine_shift = 10, /* a slot is 2^10 ns */
    near_shift = 16,
    far_shift = 28,
    far_shift_step = 6,
    moves_most = 256,    /* of one call of wheel_serve */
    looked_at_most = 64, /* of one slot, to find the earliest */
};

static unsigned lowest_bit(uint64_t bits)
{
    return (unsigned)__builtin_ctzl(bits);
}

/* How far the first set bit is ahead of bit `from`, going round. Pre-condition: there is one. */
static unsigned ahead(uint64_t bits, unsigned from)
{
    return lowest_bit(from == 0 ? bits : bits >> from | bits << (64 - from));
}

static unsigned ring_shift(unsigned ring)
{
    return far_shift + ring * far_shift_step;
}

/* ---- slots */

static void push(struct wheel_timer **slot, struct wheel_timer *timer)
{
    timer->next = *slot;
    if (timer->next != NULL)
        timer->next->link = &timer->next;
    timer->link = slot;
    *slot = timer;
}

static struct wheel_timer *pop(struct wheel_timer **slot)
{
    struct wheel_timer *timer = *slot;
    *slot = timer->next;
    if (timer->next != NULL)
        timer->next->link = slot;
    timer->link = NULL;
    return timer;
}

static void mark_near(struct wheel *wheel, unsigned slot)
{
    wheel->near_used[slot / 64] |= UINT64_C(1) << slot % 64;
    wheel->near_words |= UINT64_C(1) << slot / 64;
}

static void clear_near(struct wheel *wheel, unsigned slot)
{
    wheel->near_used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    if (wheel->near_used[slot / 64] == 0)
        wheel->near_words &= ~(UINT64_C(1) << slot / 64);
}

/* What is already late goes where it is served next. Returns when the slot must be served. */
static int64_t place(struct wheel *wheel, struct wheel_timer *timer)
{
    int64_t base = wheel->base;
    int64_t time = timer->deadline > base ? timer->deadline : base;
    int64_t number = time >> fine_shift;
    if (number - (base >> fine_shift) < wheel_fine_slots) {
        unsigned slot = (unsigned)number % wheel_fine_slots;
        push(&wheel->fine[slot], timer);
        wheel->fine_used |= UINT64_C(1) << slot;
        return time | ((1 << fine_shift) - 1);
    }
    number = time >> near_shift;
    if (number - (base >> near_shift) < wheel_near_slots) {
        unsigned slot = (unsigned)number % wheel_near_slots;
        push(&wheel->near[slot][wheel->turn++ % wheel_near_chains], timer);
        mark_near(wheel, slot);
        return number << near_shift;
    }
    unsigned ring = 0;
    while ((time >> ring_shift(ring)) - (base >> ring_shift(ring)) >= wheel_far_slots)
        ring++;
    number = time >> ring_shift(ring);
    unsigned slot = (unsigned)number % wheel_far_slots;
    push(&wheel->far[ring][slot], timer);
    wheel->far_used[ring] |= UINT64_C(1) << slot;
    return number << ring_shift(ring);
}

int64_t wheel_insert(struct wheel *wheel, struct wheel_timer *timer, int64_t now)
{
    if (wheel->count++ == 0)
        wheel->base = now;
    return place(wheel, timer);
}

static bool chains_are_empty(struct wheel_timer *const *chains, unsigned count)
{
    while (count > 0) {
        if (chains[--count] != NULL)
            return false;
    }
    return true;
}

/* The slot, or the chain of one, whose only timer was taken out is not in use any more. */
static void clear(struct wheel *wheel, struct wheel_timer **slot)
{
    if (slot >= wheel->near[0]) {
        unsigned number = (unsigned)(slot - wheel->near[0]) / wheel_near_chains;
        if (chains_are_empty(wheel->near[number], wheel_near_chains))
            clear_near(wheel, number);
    } else if (slot >= &wheel->far[0][0]) {
        unsigned number = (unsigned)(slot - &wheel->far[0][0]);
        wheel->far_used[number / wheel_far_slots] &= ~(UINT64_C(1) << number % wheel_far_slots);
    } else {
        wheel->fine_used &= ~(UINT64_C(1) << (slot - wheel->fine));
    }
}

bool wheel_remove(struct wheel *wheel, struct wheel_timer *timer)
{
    struct wheel_timer **link = timer->link;
    uintptr_t offset = (uintptr_t)link - (uintptr_t)wheel;
    pop(link);
    wheel->count--;
    /* `link` is a slot of the wheel, and not another timer's `next`. */
    bool emptied = *link == NULL && offset < sizeof *wheel;
    if (emptied)
        clear(wheel, link);
    return emptied;
}

/* ---- what is next */

/* The first slot in use of a coarse ring: when it begins, and where. */
struct coarse {
    int64_t start;             /* CLOCK_FOREVER: there is none */
    struct wheel_timer **slot; /* its chains */
    unsigned chains;
};

static struct coarse first_near(const struct wheel *wheel)
{
    if (wheel->near_words == 0)
        return (struct coarse){CLOCK_FOREVER, NULL, 0};
    int64_t base = wheel->base >> near_shift;
    unsigned from = (unsigned)base % wheel_near_slots;
    unsigned word = from / 64;
    uint64_t bits = wheel->near_used[word] >> from % 64 << from % 64;
    if (bits == 0) {
        /* The next word in use, which after a whole round is this one again. */
        word = (word + 1 + ahead(wheel->near_words, (word + 1) % 64)) % 64;
        bits = wheel->near_used[word];
    }
    unsigned slot = word * 64 + lowest_bit(bits);
    int64_t number = base + (slot - from + wheel_near_slots) % wheel_near_slots;
    return (struct coarse){
        number << near_shift,
        (struct wheel_timer **)wheel->near[slot],
        wheel_near_chains,
    };
}

static struct coarse first_far(const struct wheel *wheel, unsigned ring)
{
    if (wheel->far_used[ring] == 0)
        return (struct coarse){CLOCK_FOREVER, NULL, 0};
    int64_t base = wheel->base >> ring_shift(ring);
    int64_t number = base + ahead(wheel->far_used[ring], (unsigned)base % wheel_far_slots);
    return (struct coarse){
        number << ring_shift(ring),
        (struct wheel_timer **)&wheel->far[ring][(unsigned)number % wheel_far_slots],
        1,
    };
}

static struct coarse first_coarse(const struct wheel *wheel)
{
    struct coarse first = first_near(wheel);
    for (unsigned ring = 0; ring < wheel_far_rings; ring++) {
        struct coarse other = first_far(wheel, ring);
        if (other.start < first.start)
            first = other;
    }
    return first;
}

/* The last nanosecond of the first fine slot in use. */
static int64_t fine_end(const struct wheel *wheel)
{
    if (wheel->fine_used == 0)
        return CLOCK_FOREVER;
    int64_t base = wheel->base >> fine_shift;
    int64_t number = base + ahead(wheel->fine_used, (unsigned)base % wheel_fine_slots);
    return (number << fine_shift) + ((1 << fine_shift) - 1);
}

int64_t wheel_next(const struct wheel *wheel)
{
    int64_t fine = fine_end(wheel);
    int64_t coarse = first_coarse(wheel).start;
    return coarse < fine ? coarse : fine;
}

/* The earliest deadline in a coarse slot; when there are too many, when it begins. */
static int64_t earliest_in(struct coarse slot)
{
    int64_t earliest = CLOCK_FOREVER;
    unsigned count = 0;
    for (unsigned chain = 0; chain < slot.chains; chain++) {
        for (const struct wheel_timer *timer = slot.slot[chain]; timer != NULL;
             timer = timer->next) {
            if (count++ == looked_at_most)
                return slot.start;
            if (timer->deadline < earliest)
                earliest = timer->deadline;
        }
    }
    return earliest | ((1 << fine_shift) - 1);
}

int64_t wheel_earliest(const struct wheel *wheel)
{
    int64_t earliest = fine_end(wheel);
    struct coarse slot = first_near(wheel);
    for (unsigned ring = 0;; ring++) {
        if (slot.start < earliest) {
            int64_t other = earliest_in(slot);
            earliest = other < earliest ? other : earliest;
        }
        if (ring == wheel_far_rings)
            return earliest;
        slot = first_far(wheel, ring);
    }
}

/* ---- serving */

/* Moves timers of a slot whose time has begun to finer rings. */
static unsigned move_finer(struct wheel *wheel, struct coarse slot, unsigned most)
{
    unsigned moved = 0;
    if (slot.start > wheel->base)
        wheel->base = slot.start;
    for (unsigned empty = 0, chain = 0; empty < slot.chains && moved < most; chain++) {
        struct wheel_timer **first = &slot.slot[chain % slot.chains];
        empty = *first == NULL ? empty + 1 : 0;
        if (*first == NULL)
            continue;
        struct wheel_timer *timer = pop(first);
        place(wheel, timer);
        moved++;
    }
    if (chains_are_empty(slot.slot, slot.chains))
        clear(wheel, slot.slot);
    return moved;
}

/* Takes timers of fine slots that end no later than `end`. Returns how many `due` then holds. */
static unsigned take_fine(struct wheel *wheel, int64_t end, struct wheel_timer **due,
                          unsigned count, unsigned most)
{
    while (count < most && wheel->fine_used != 0) {
        int64_t base = wheel->base >> fine_shift;
        int64_t number = base + ahead(wheel->fine_used, (unsigned)base % wheel_fine_slots);
        if ((number << fine_shift) + ((1 << fine_shift) - 1) > end)
            break;
        unsigned slot = (unsigned)number % wheel_fine_slots;
        while (wheel->fine[slot] != NULL && count < most)
            due[count++] = pop(&wheel->fine[slot]);
        if (wheel->fine[slot] == NULL)
            wheel->fine_used &= ~(UINT64_C(1) << slot);
    }
    return count;
}

/* Only those of one slot, side by side, can be out of order. */
static void sort(struct wheel_timer **due, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        struct wheel_timer *timer = due[i];
        unsigned to = i;
        for (; to > 0 && due[to - 1]->deadline > timer->deadline; to--)
            due[to] = due[to - 1];
        due[to] = timer;
    }
}

unsigned wheel_serve(struct wheel *wheel, int64_t now, struct wheel_timer **due, unsigned most)
{
    unsigned count = 0, moved = 0;
    for (;;) {
        struct coarse slot = first_coarse(wheel);
        bool coarse_is_due = slot.start <= now;
        /* What ends before the coarse slot begins comes before all that is in it. */
        count = take_fine(wheel, coarse_is_due ? slot.start - 1 : now, due, count, most);
        if (count == most || moved >= moves_most)
            break;
        if (!coarse_is_due) {
            if (now > wheel->base)
                wheel->base = now;
            break;
        }
        moved += move_finer(wheel, slot, moves_most - moved);
    }
    wheel->count -= count;
    sort(due, count);
    return count;
}
