/*
 * A loop over fork and join: the range is halved until a part is small enough; the upper half of
 * each is forked. Sizes are unsigned: the whole may be larger than INT64_MAX.
 */
#include "base/base.h"
#include "keel/fork.h"

struct range {
    int64_t begin, end;
    uint64_t grain;
    void (*fn)(int64_t begin, int64_t end, void *data);
    void *data;
};

/* At most 64 deep. */
static void *run_part(void *arg)
{
    const struct range *range = arg;
    uint64_t size = (uint64_t)range->end - (uint64_t)range->begin;
    if (size <= range->grain) {
        range->fn(range->begin, range->end, range->data);
        return NULL;
    }
    struct range lower = *range, upper = *range;
    lower.end = upper.begin = (int64_t)((uint64_t)range->begin + size / 2);
    keel_fork_frame frame;
    keel_fork(&frame, run_part, &upper);
    run_part(&lower);
    return keel_join(&frame);
}

void keel_parallel_for(int64_t begin, int64_t end, int64_t grain,
                       void (*fn)(int64_t begin, int64_t end, void *data), void *data)
{
    struct range all = {begin, end, grain < 1 ? 1 : (uint64_t)grain, fn, data};
    if (begin < end)
        run_part(&all);
}
