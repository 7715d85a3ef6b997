/* The deque by one thread: what each way of taking leaves inside, at every place and wherever the
 * array's end lies. (tests/sched/steal.c and the stress tests have thieves.) */
#include "sched/deque.h"
#include "sched/sched.h"
#include "tests/tap.h"

enum { most = 3 * deque_first_capacity };

static struct keel_task tasks[most];
static struct deque deque;

static void push(int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        deque_push(&deque, &tasks[i]);
}

/* Takes all that is left, newest first: how many are not tasks[count - 1] ... tasks[0] without
 * `missing`. */
static int64_t wrong_without(int64_t count, int64_t missing)
{
    int64_t wrong = 0;
    for (int64_t i = count; i-- > 0;)
        wrong += i != missing && deque_take(&deque) != &tasks[i];
    return wrong + (deque_take(&deque) != NULL);
}

/* Of each length, at each place; positions go on from one to the next, and so around the array. */
static void recent(void)
{
    int64_t wrong = 0, taken_wrongly = 0;
    for (int64_t count = 1; count <= most; count++) {
        for (int64_t place = 0; place < count; place++) {
            push(count);
            bool is_recent = place >= count - deque_recent;
            bool taken = deque_take_recent_alone(&deque, &tasks[place]);
            taken_wrongly += taken != is_recent;
            wrong += wrong_without(count, taken ? place : -1);
        }
    }
    check_equal(taken_wrongly, 0, "one of the newest few is taken, an older one is not");
    check_equal(wrong, 0, "  the others stay, in their order");
    check(!deque_take_recent_alone(&deque, &tasks[0]), "  of an empty deque none");
}

static void oldest(void)
{
    int64_t wrong = 0;
    for (int64_t count = 1; count <= most; count++) {
        push(count);
        wrong += count > 1 && deque_take_oldest(&deque, &tasks[1]);
        wrong += deque_oldest(&deque) != &tasks[0] || deque_newest(&deque) != &tasks[count - 1];
        wrong += !deque_take_oldest(&deque, &tasks[0]);
        wrong += wrong_without(count, 0);
    }
    check_equal(wrong, 0, "the oldest is taken, and no other for it");
}

static void thieves_end(void)
{
    int64_t wrong = 0;
    for (int64_t count = 1; count <= most; count++) {
        push(count);
        wrong += deque_length(&deque) != count;
        for (int64_t i = 0; i < count; i++)
            wrong += deque_steal(&deque) != &tasks[i];
        wrong += deque_steal(&deque) != NULL || deque_newest(&deque) != NULL;
        wrong += deque_oldest(&deque) != NULL || !deque_looks_empty(&deque);
    }
    check_equal(wrong, 0, "stolen are the oldest, in their order, to the last");
}

int main(void)
{
    recent();
    oldest();
    thieves_end();
    return tap_done();
}
