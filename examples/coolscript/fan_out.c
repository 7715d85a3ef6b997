/*
 * One task for each number from 1 to 100,000: it counts the steps of the number's Collatz sequence
 * and sends the count.
 *
 *     for number in 1..100_000:
 *         spawn count(results, number)
 *     for each in 1..100_000:
 *         total += results.receive()
 *
 * The channel has room for every answer, so that no task waits: each runs to its end on a stack
 * that the next one takes over. Afterwards main counts all the steps once more, by itself, and
 * compares.
 */
#include "text.h"

enum { task_count = 100000 };

struct work {
    cs_channel_t *results;
    int64_t number;
};

static int64_t collatz_steps(int64_t number)
{
    int64_t steps = 0;
    while (number != 1) {
        number = number % 2 == 0 ? number / 2 : 3 * number + 1;
        steps++;
    }
    return steps;
}

static void count(void *data)
{
    struct work *work = data;
    int64_t steps = collatz_steps(work->number);
    cs_chan_send(work->results, &steps);
    cs_free(work);
}

static void print_result(int64_t total, const char *verdict)
{
    char line[96];
    char *end = append_number(line, task_count);
    end = append_text(end, " tasks counted ");
    end = append_number(end, total);
    end = append_text(end, verdict);
    cs_print_str((cs_string_t){line, end - line});
}

int main(void)
{
    cs_channel_t *results = cs_chan_create(task_count, sizeof(int64_t));
    for (int64_t number = 1; number <= task_count; number++) {
        struct work *work = cs_alloc(sizeof *work);
        work->results = results;
        work->number = number;
        cs_spawn(count, work);
    }

    int64_t total = 0;
    for (int64_t i = 0; i < task_count; i++) {
        int64_t steps;
        if (!cs_chan_receive(results, &steps))
            return 1;
        total += steps;
    }
    cs_chan_release(results);

    int64_t wanted = 0;
    for (int64_t number = 1; number <= task_count; number++)
        wanted += collatz_steps(number);
    print_result(total, total == wanted ? " steps, as one task alone does\n"
                                        : " steps, which is not the total\n");
    return total == wanted ? 0 : 1;
}
