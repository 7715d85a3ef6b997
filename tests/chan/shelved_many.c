/*
 * 100,000 tasks that wait on one channel and are shelved, most of them: how much memory they take,
 * page tables and all, in how many mappings; and that all go on, whatever else is done meanwhile.
 */
#include "keel/chan.h"
#include "keel/sync.h"
#include "mem/slots.h"
#include "tests/chan/shelved.h"
#include "tests/mem/has_slots.h"
#include "tests/mem/resident.h"
#include "tests/mem/tables.h"

enum {
    count = 100000,
    kept = 1024, /* stacks that are not shelved */
    bytes_most = 700,
    bytes_kept = 6000, /* of each of those */
    mappings_most = 2000,
};

static keel_chan *gate;
static keel_wait_group unparked;
static uint32_t ended; /* atomic */

static void *wait_at_gate(void *arg)
{
    uint64_t word = 0;
    keel_wait_group_done(&unparked);
    int result = keel_chan_receive(gate, &word);
    if (result == 1 && word != 5)
        keel_exit(1);
    arrive(&ended);
    return arg;
}

int main(void)
{
    if (!has_slots()) {
        skip("100,000 shelved tasks", "no guards without a mapping here");
        return tap_done();
    }
    gate = keel_chan_create(0, sizeof(uint64_t));
    int64_t before = statm_read(statm_resident) + table_size();
    bool created = true;
    keel_wait_group_add(&unparked, count);
    for (unsigned i = 0; i < count; i++) {
        keel_task *task = create_shelved(wait_at_gate, NULL);
        created = created && task != NULL;
        if (task != NULL)
            keel_task_detach(task);
    }
    keel_wait_group_wait(&unparked);
    for (unsigned i = 0; i < 20; i++)
        keel_sleep(MILLISECOND);
    check(created, "100,000 tasks wait");
    int64_t bytes = statm_read(statm_resident) + table_size() - before;
    tap_note("bytes a task", bytes / count);
    check(bytes < (int64_t)count * bytes_most + kept * bytes_kept,
          "most are shelved, and take some hundred bytes each");
    int64_t mappings = count_mappings();
    tap_note("mappings", mappings);
    check(mappings < mappings_most, "and few mappings");
    uint64_t word = 5;
    for (unsigned i = 0; i < count / 10; i++)
        keel_chan_send(gate, &word);
    keel_chan_close(gate);
    check(yield_until(&ended, count), "all of them go on");
    return tap_done();
}
