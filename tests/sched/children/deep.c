/* Awaits within each other, from main, more than any stack holds: deep.t gives it stacks. */
#include "base/base.h"
#include "keel/task.h"

enum { depth = 300000 };

static void *nest(void *arg)
{
    uintptr_t left = (uintptr_t)arg;
    if (left > 0)
        keel_task_await(keel_task_create(nest, (void *)(left - 1), NULL), NULL);
    return NULL;
}

int main(void)
{
    keel_task_await(keel_task_create(nest, (void *)depth, NULL), NULL);
    return 0;
}
