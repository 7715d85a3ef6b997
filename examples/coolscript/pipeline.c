/*
 * Producer, transformer, consumer: two bounded channels, and each item has one owner at a time.
 *
 *     spawn produce(move numbers)          # sends owned blocks
 *     spawn transform(move numbers, move lines)
 *     for line in lines:                   # receives strings, prints and frees them
 *         print(line)
 *
 * Who receives an item frees it, or moves it on. A stage closes its output at its end; closing says
 * nothing about the channel's memory, which main gives up when both stages are past their last
 * call.
 */
#include "text.h"

enum { item_count = 12, line_room = 64 };

struct stage {
    cs_channel_t *in;
    cs_channel_t *out;
};

static struct stage *new_stage(cs_channel_t *in, cs_channel_t *out)
{
    struct stage *stage = cs_alloc(sizeof *stage);
    stage->in = in;
    stage->out = out;
    return stage;
}

static void produce(void *data)
{
    struct stage *stage = data;
    for (int64_t i = 1; i <= item_count; i++) {
        int64_t *number = cs_alloc(sizeof *number);
        *number = i;
        cs_chan_send(stage->out, &number);
    }
    cs_chan_close(stage->out);
    cs_free(stage);
}

static cs_string_t line_about(int64_t number)
{
    char *line = cs_alloc(line_room);
    char *end = append_number(line, number);
    end = append_text(end, " squared is ");
    end = append_number(end, number * number);
    end = append_text(end, "\n");
    return (cs_string_t){line, end - line};
}

static void transform(void *data)
{
    struct stage *stage = data;
    int64_t *number;
    while (cs_chan_receive(stage->in, &number)) {
        cs_string_t line = line_about(*number);
        cs_free(number);
        cs_chan_send(stage->out, &line);
    }
    cs_chan_close(stage->out);
    cs_free(stage);
}

int main(void)
{
    cs_channel_t *numbers = cs_chan_create(4, sizeof(int64_t *));
    cs_channel_t *lines = cs_chan_create(2, sizeof(cs_string_t));
    cs_spawn(produce, new_stage(NULL, numbers));
    cs_spawn(transform, new_stage(numbers, lines));

    cs_string_t line;
    while (cs_chan_receive(lines, &line)) {
        cs_print_str(line);
        cs_free(line.ptr);
    }
    cs_chan_release(numbers);
    cs_chan_release(lines);
    return 0;
}
