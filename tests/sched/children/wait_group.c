/* Wait groups that are used wrongly, or for ever; the first argument says how. */
#include "keel/sync.h"

#include "tests/sched/meeting.h"
#include "tests/sched/ways.h"

static keel_wait_group group;

static int below_zero(void)
{
    keel_wait_group_add(&group, 2);
    keel_wait_group_done(&group);
    keel_wait_group_done(&group);
    keel_wait_group_done(&group);
    return 0;
}

static int far_below_zero(void)
{
    keel_wait_group_add(&group, 2);
    keel_wait_group_add(&group, INT32_MIN);
    return 0;
}

static int too_large(void)
{
    keel_wait_group_add(&group, INT32_MAX);
    keel_wait_group_add(&group, 1);
    return 0;
}

static int twice_too_large(void)
{
    keel_wait_group_add(&group, INT32_MAX);
    keel_wait_group_add(&group, INT32_MAX);
    return 0;
}

/* The count was brought to zero, and those who wait are about to be told: as after a done. */
static int added_at_zero(void)
{
    enum { waited = 1 };
    group.word = waited;
    keel_wait_group_add(&group, 1);
    return 0;
}

static void wait_too(void *arg)
{
    (void)arg;
    keel_wait_group_wait(&group);
}

static int nobody_is_done(void)
{
    keel_wait_group_add(&group, 1);
    for (volatile int i = 0; i < 3; i++)
        keel_spawn(wait_too, NULL);
    keel_wait_group_wait(&group);
    return 0;
}

static const struct way ways[] = {
    {"below-zero", below_zero},       {"far-below-zero", far_below_zero},
    {"too-large", too_large},         {"twice-too-large", twice_too_large},
    {"added-at-zero", added_at_zero}, {"nobody-is-done", nobody_is_done},
};

int main(int argc, char **argv)
{
    return GO_THE_WAY(ways, argc, argv);
}
