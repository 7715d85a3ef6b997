/*
 * The example of Coolscript's own document: a list is moved into a task.
 *
 *     let results = channel()
 *     let data = [1, 2, 3]
 *     spawn worker(move data)
 *     if let squares = results.receive():
 *         print(squares)
 *
 * The worker squares the list in place and moves it back through the channel. Only the pointer
 * travels: the element is eight bytes.
 */
#include "text.h"

enum { list_length = 3 };

static cs_channel_t *results;

static void worker_func(void *data)
{
    int64_t *list = data;
    for (int i = 0; i < list_length; i++)
        list[i] *= list[i];
    cs_chan_send(results, &list);
}

static void print_list(const int64_t *list)
{
    char line[list_length * 22];
    char *end = append_text(line, "[");
    for (int i = 0; i < list_length; i++) {
        if (i > 0)
            end = append_text(end, ", ");
        end = append_number(end, list[i]);
    }
    end = append_text(end, "]\n");
    cs_print_str((cs_string_t){line, end - line});
}

int main(void)
{
    results = cs_chan_create(1, sizeof(int64_t *));

    int64_t *data = cs_alloc(list_length * sizeof(int64_t));
    for (int i = 0; i < list_length; i++)
        data[i] = i + 1;
    cs_spawn(worker_func, data);

    int64_t *squares;
    if (!cs_chan_receive(results, &squares))
        return 1;
    print_list(squares);
    cs_free(squares);
    cs_chan_release(results);
    return 0;
}
