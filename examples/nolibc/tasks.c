/*
 * nolibc's printf beside tasks and channels: eight tasks compute, main prints. nolibc writes each
 * piece of a format by itself, so two tasks that print at once mix their lines: one task prints.
 */
#include "keel_nolibc.h"

enum { task_count = 8 };

struct answer {
    int number;
    long sum;
};

static keel_chan *answers;

static void compute(void *arg)
{
    struct answer answer = {.number = (int)(long)arg};
    for (int i = 1; i <= 1000; i++) {
        answer.sum += (long)i * answer.number;
        if (i % 100 == 0)
            keel_yield();
    }
    keel_chan_send(answers, &answer);
}

int main(void)
{
    answers = keel_chan_create(0, sizeof(struct answer));
    for (long number = 1; number <= task_count; number++) {
        if (keel_spawn(compute, (void *)number) != 0)
            return 1;
    }
    long sums[task_count + 1] = {0};
    for (int i = 0; i < task_count; i++) {
        struct answer answer;
        keel_chan_receive(answers, &answer);
        sums[answer.number] = answer.sum;
    }
    for (int number = 1; number <= task_count; number++)
        printf("task %d: %ld\n", number, sums[number]);
    keel_chan_release(answers, NULL);
    return 0;
}
