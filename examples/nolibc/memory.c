/*
 * nolibc's malloc beside keel_alloc. malloc maps pages for each block, so it is for few and large
 * ones; a block goes back to the allocator that it came from. The kernel is the same to both: a
 * task may free what another allocated.
 */
#include "keel_nolibc.h"

enum { count = 1000, size = 100 };

static void fill_and_check(char *block, int value, int *wrong)
{
    memset(block, value, size);
    for (int i = 0; i < size; i++)
        *wrong += block[i] != (char)value;
}

static void *allocate_both(void *arg)
{
    int *wrong = arg;
    char *ours[count];
    char *theirs[count];
    for (int i = 0; i < count; i++) {
        ours[i] = keel_alloc(size);
        theirs[i] = malloc(size);
        if (ours[i] == NULL || theirs[i] == NULL)
            return NULL;
        fill_and_check(ours[i], i, wrong);
        fill_and_check(theirs[i], ~i, wrong);
    }
    for (int i = 0; i < count; i++) {
        *wrong += ours[i][size - 1] != (char)i || theirs[i][size - 1] != (char)~i;
        keel_free(ours[i]);
        free(theirs[i]);
    }
    return strdup("done");
}

int main(void)
{
    int wrong[2] = {0};
    keel_task *tasks[2];
    for (int i = 0; i < 2; i++) {
        tasks[i] = keel_task_create(allocate_both, &wrong[i], NULL);
        if (tasks[i] == NULL)
            return 1;
    }
    for (int i = 0; i < 2; i++) {
        void *word = NULL;
        keel_task_await(tasks[i], &word);
        printf("task %d: %s, %d wrong\n", i, (char *)word, wrong[i]);
        free(word);
    }
    int *numbers = calloc(1000, sizeof *numbers);
    numbers = realloc(numbers, 100000 * sizeof *numbers);
    printf("calloc, realloc: %d\n", numbers != NULL && numbers[999] == 0);
    free(numbers);
    return 0;
}
