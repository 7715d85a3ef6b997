/*
 * A loop over fork and join.
 *
 * The goal. A part that nobody steals costs little more than the call of its function; yet whoever
 * is idle gets half of what is left, and a part that parks holds up no other.
 *
 * The numbers are cut into parts of `grain` (the last may be smaller), whoever runs them; what is
 * forked, halved and stolen are runs of parts.
 *
 *     1. More parts than a batch are halved: the upper half is forked. So there are always some
 *        children for many thieves, and an idle worker's request (fork.c) is taken by the fork.
 *     2. Of a batch the first part is called, and the rest is forked, in one child.
 *     3. While that child is still private and nobody has asked for work, its next part is taken
 *        off it by moving its first: no fork, no join, two comparisons with words of the thread
 *        block.
 *     4. Who sees a request joins the child, which it calls, as it is private: that halves, by a
 *        fork, which takes the request and makes all findable.
 *
 * Why the child may be changed after the fork. It is private, so nobody else reads `rest`. What
 * ends that is a slow fork, or a park, of the stack that runs: within the call of a part, then; and
 * from there on the deque's head is not behind the child again (fork.c: that is what a join goes
 * by). So each step looks at the head anew. A thief sees the last number that was written, as it
 * sees all that the parent did before it shared the child.
 *
 * A part that parks: the rest of its batch is a task by then, whose first part is called and whose
 * rest is forked, and so on. All parts of a loop can be parked at the same time.
 *
 * Rejected. To halve down to single parts: a fork, a join and two calls each, several times what a
 * small part takes. To take parts off the whole loop without halving first: one child would be
 * findable where there are many thieves, and where each part parks, its parts would begin one after
 * the other. To run a batch without forking its rest: who parks would hold it up.
 *
 * Depth: at most 64 halvings, then each level has taken a part off a batch, or halved it. A packed
 * stack has no room for that: who has one awaits a task that runs the loop, or, if it holds its
 * thread, which the parts are not to leave, runs it on its runner's stack (packed.c).
 */
#include "keel/fork.h"
#include "sched/unusual.h"

enum { batch = 16 };

struct loop {
    int64_t begin, end;
    uint64_t grain;
    void (*fn)(int64_t begin, int64_t end, void *data);
    void *data;
};

/* Parts first, first + 1, ... end - 1 of a loop. */
struct parts {
    const struct loop *loop;
    uint64_t first, end;
};

static void call_part(const struct loop *loop, uint64_t part)
{
    uint64_t begin = (uint64_t)loop->begin + part * loop->grain;
    uint64_t left = (uint64_t)loop->end - begin;
    uint64_t end = begin + (left < loop->grain ? left : loop->grain);
    loop->fn((int64_t)begin, (int64_t)end, loop->data);
}

static void run_parts(const struct loop *loop, uint64_t first, uint64_t end);

static void *run_child(void *arg)
{
    const struct parts *parts = arg;
    run_parts(parts->loop, parts->first, parts->end);
    return NULL;
}

/* Whether nobody has asked for what is in the deque, up to its head. */
static bool is_unasked(struct keel_fork_slot *head)
{
    return !keel_machine_fork_limit_reached(head);
}

/* At least one part. */
static void run_parts(const struct loop *loop, uint64_t first, uint64_t end)
{
    uint64_t count = end - first;
    if (count == 1) {
        call_part(loop, first);
        return;
    }
    keel_fork_frame frame;
    bool is_batch = count <= batch && is_unasked(keel_machine_fork_head());
    uint64_t middle = first + (is_batch ? 1 : count / 2);
    struct parts rest = {loop, middle, end};
    keel_fork(&frame, run_child, &rest);
    if (!is_batch) {
        run_parts(loop, first, middle);
    } else {
        call_part(loop, first);
        while (keel_machine_fork_head_is(frame.next) && is_unasked(frame.next) &&
               rest.end - rest.first > 1)
            call_part(loop, rest.first++);
    }
    keel_join(&frame);
}

static void *run_loop(void *arg)
{
    const struct loop *loop = arg;
    run_parts(loop, 0, ((uint64_t)loop->end - (uint64_t)loop->begin - 1) / loop->grain + 1);
    return NULL;
}

/* Weak: a program without small stacks. */
__attribute__((weak)) void sched_hook_call_in_large(void *(*fn)(void *), void *arg)
{
    fn(arg);
}

void keel_parallel_for(int64_t begin, int64_t end, int64_t grain,
                       void (*fn)(int64_t begin, int64_t end, void *data), void *data)
{
    struct loop loop = {begin, end, grain < 1 ? 1 : (uint64_t)grain, fn, data};
    if (begin < end)
        sched_hook_call_in_large(run_loop, &loop);
}
