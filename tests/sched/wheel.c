/*
 * The timing wheel against a list that is searched from end to end: what is due comes out, each
 * once, in order, never early and never a microsecond late; whatever is inserted and removed, and
 * in whatever steps the time goes on.
 */
#include "sched/wheel.h"

#include "tests/random.h"
#include "tests/tap.h"

enum { timers_most = 3000, calls_most = 100000, microsecond = 1000, slot_end = 1023 };

static struct wheel wheel;
static struct wheel_timer timers[timers_most];
static uint64_t random_state = random_seed;

static uint64_t next_random(void)
{
    return random_next(&random_state);
}

/* Distances of all magnitudes, up to 2^`bits`. */
static int64_t random_distance(unsigned bits)
{
    return (int64_t)(next_random() >> (64 - bits) >> next_random() % bits);
}

static int64_t earliest_armed(void)
{
    int64_t earliest = CLOCK_FOREVER;
    for (size_t i = 0; i < timers_most; i++) {
        if (timers[i].link != NULL && timers[i].deadline < earliest)
            earliest = timers[i].deadline;
    }
    return earliest;
}

/* What went wrong, counted. */
static size_t early, late, unordered, early_looks, late_looks, served_count, endless;

/* Everything that is due now. */
static void serve(int64_t now)
{
    struct wheel_timer *due[wheel_due_most];
    int64_t last = INT64_MIN;
    for (unsigned calls = 0; wheel_next(&wheel) <= now; calls++) {
        unsigned count = wheel_serve(&wheel, now, due, wheel_due_most);
        if (calls > calls_most) {
            endless++;
            return;
        }
        for (unsigned i = 0; i < count; i++) {
            early += due[i]->deadline > now;
            /* Exact among those taken at once; a slot that fills many rooms comes by parts. */
            unordered += due[i]->deadline / 1024 < last / 1024;
            unordered += i > 0 && due[i]->deadline < due[i - 1]->deadline;
            last = due[i]->deadline;
        }
        served_count += count;
    }
    int64_t left = earliest_armed();
    late += left <= now - slot_end - 1;
    late_looks += wheel_next(&wheel) > (left | slot_end);
    early_looks += wheel_earliest(&wheel) > (left | slot_end);
}

static void reset(void)
{
    wheel = (struct wheel){.base = 0};
    for (size_t i = 0; i < timers_most; i++)
        timers[i].link = NULL;
    early = late = unordered = early_looks = late_looks = served_count = endless = 0;
}

static void insert(size_t i, int64_t deadline, int64_t now)
{
    timers[i].deadline = deadline;
    int64_t event = wheel_insert(&wheel, &timers[i], now);
    late_looks += event > (deadline | slot_end) && event > (now | slot_end);
}

/* Inserts and removes by chance, with the time going on by steps up to 2^`step_bits`. */
static void by_chance(unsigned distance_bits, unsigned step_bits, const char *what)
{
    enum { rounds = 3000 };
    reset();
    int64_t now = 123456789012345;
    size_t inserted = 0, removed = 0;
    for (unsigned round = 0; round < rounds && endless == 0; round++) {
        for (unsigned n = (unsigned)(next_random() % 20); n > 0; n--) {
            size_t i = next_random() % timers_most;
            if (timers[i].link != NULL) {
                wheel_remove(&wheel, &timers[i]);
                removed++;
            } else {
                insert(i, now + random_distance(distance_bits), now);
                inserted++;
            }
        }
        now += random_distance(step_bits);
        serve(now);
    }
    tap_note("inserted", (int64_t)inserted);
    int64_t last;
    while ((last = wheel_next(&wheel)) != CLOCK_FOREVER && endless == 0)
        serve(last);
    check(inserted > rounds && removed > 0 && early + late + unordered == 0, what);
    check_equal(endless, 0, "  it ends");
    check_equal(served_count + removed, inserted, "  each comes out once, or was removed");
    check_equal(late_looks, 0, "  wheel_next is never later than the microsecond of the earliest");
    check_equal(early_looks, 0, "  nor is wheel_earliest");
    check(wheel.count == 0 && wheel.fine_used == 0 && wheel.near_words == 0, "  and it is empty");
}

/* Deadlines of every size, one by one: wheel_earliest is exact, and a sleep until it is enough. */
static void one_by_one(void)
{
    size_t inexact = 0, unserved = 0, wakes = 0, cases = 0;
    for (unsigned bit = 0; bit < 63; bit++) {
        for (int64_t offset = -1; offset <= 1; offset++) {
            reset();
            int64_t now = 5000000000 + (int64_t)bit * 777777;
            int64_t distance = ((int64_t)1 << bit) + offset;
            int64_t deadline = distance > INT64_MAX - 1 - now ? INT64_MAX - 1
                                                              : now + (distance > 0 ? distance : 1);
            insert(0, deadline, now);
            int64_t until = wheel_earliest(&wheel);
            inexact += until < deadline || until > (deadline | slot_end);
            struct wheel_timer *due[wheel_due_most];
            unsigned count = 0;
            for (; count == 0 && wakes < 10000; wakes++)
                count = wheel_serve(&wheel, until, due, wheel_due_most);
            unserved += count != 1 || due[0] != &timers[0];
            cases++;
        }
    }
    check_equal(inexact, 0, "the earliest of one timer is its own deadline, to the microsecond");
    check_equal(unserved, 0, "it is due then");
    check_equal(wakes, cases, "and one look is enough, however far it was");
}

/* A crowd in one slot: each call does a bounded part. */
static void crowd(void)
{
    reset();
    int64_t now = 1000000000, deadline = now + 700 * 1000 * microsecond;
    for (size_t i = 0; i < timers_most; i++)
        insert(i, deadline, now);
    struct wheel_timer *due[wheel_due_most];
    unsigned most = 0, calls = 0;
    size_t count = 0;
    while (wheel_next(&wheel) <= (deadline | slot_end) && calls < 10000) {
        unsigned served = wheel_serve(&wheel, deadline | slot_end, due, wheel_due_most);
        most = served > most ? served : most;
        count += served;
        calls++;
    }
    check_equal(count, timers_most, "a crowd with the same deadline all comes out");
    check(most <= wheel_due_most && calls >= timers_most / wheel_due_most, "  by parts");
}

int main(void)
{
    by_chance(10, 8, "timers of a microsecond at most");
    by_chance(24, 16, "timers of milliseconds");
    by_chance(28, 24, "timers of a quarter of a second, large steps");
    by_chance(36, 30, "timers of a minute");
    by_chance(61, 52, "timers of years");
    by_chance(61, 20, "timers of all lengths, small steps");
    one_by_one();
    crowd();
    return tap_done();
}
