/* Who a task is: its number, its handle, its name. */
#include "keel/task.h"

#include "sched/sched.h"
#include "tests/sched/meeting.h"

enum { task_count = 5000, id_most = 1 << 20 };

static uint8_t id_seen[id_most];

static void *tell_id(void *arg)
{
    (void)arg;
    uint64_t before = keel_task_id();
    keel_yield();
    return (void *)(uintptr_t)(keel_task_id() == before ? before : 0);
}

static void numbers(void)
{
    static keel_task *tasks[task_count];
    check_equal(keel_task_id(), 1, "main is task 1");
    id_seen[1] = 1;
    size_t twice = 0, strange = 0;
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < task_count; i++)
            tasks[i] = keel_task_create(tell_id, NULL, NULL);
        for (size_t i = 0; i < task_count; i++) {
            void *result = NULL;
            keel_task_await(tasks[i], &result);
            uintptr_t id = (uintptr_t)result;
            if (id == 0 || id >= id_most)
                strange++;
            else
                twice += id_seen[id]++ != 0;
        }
    }
    check_equal(strange, 0, "a task's number stays the same across a yield");
    check_equal(twice, 0, "no two of 20,000 tasks had the same number");
    check_equal(keel_task_id(), 1, "main is still task 1");
}

static void *tell_self(void *arg)
{
    (void)arg;
    keel_task *before = keel_task_self();
    keel_yield();
    return keel_task_self() == before ? before : NULL;
}

static void handles(void)
{
    keel_task *main_before = keel_task_self();
    keel_task *tasks[100];
    size_t wrong = 0;
    for (size_t i = 0; i < 100; i++)
        tasks[i] = keel_task_create(tell_self, NULL, NULL);
    for (size_t i = 0; i < 100; i++) {
        void *result = NULL;
        keel_task_await(tasks[i], &result);
        wrong += result != tasks[i];
    }
    check_equal(wrong, 0, "a task's own handle is the one that its maker got");
    check(keel_task_self() == main_before && main_before != NULL, "main has a handle too");
}

static const char *name_of(keel_task *task)
{
    return task->identity.name;
}

static void *rename_self(void *arg)
{
    const char *before = name_of(keel_task_self());
    keel_task_set_name(NULL, arg);
    keel_yield();
    bool renamed = name_of(keel_task_self()) == arg;
    return renamed ? (void *)(uintptr_t)before : NULL;
}

static void names(void)
{
    static const char first[] = "first", second[] = "second";
    keel_task_options options = {.name = first};
    keel_task *task = keel_task_create(rename_self, (void *)(uintptr_t)second, &options);
    void *result = NULL;
    keel_task_await(task, &result);
    check(result == first, "a task begins with the name of its options");

    task = keel_task_create(tell_self, NULL, NULL);
    check(name_of(task) == NULL, "without options it has none");
    keel_task_set_name(task, second);
    check(name_of(task) == second, "a handle's task can be named");
    keel_task_await(task, NULL);

    keel_task_set_name(NULL, first);
    check(name_of(keel_task_self()) == first, "main can be named");
}

int main(void)
{
    numbers();
    handles();
    names();
    return tap_done();
}
