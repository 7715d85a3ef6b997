/*
 * Many producers, one consumer: each producer has a sender of its own and drops it at its end. The
 * last drop closes the channel, so the consumer needs no count: it receives until None.
 *
 *     for id in 1..8:
 *         spawn produce(ch.clone_sender(), id)
 *     drop ch.sender
 *     while let order = ch.receive():
 *         add(order)
 *
 * The consumer holds the creator's reference and gives it up after None.
 */
#include "text.h"

enum { producer_count = 8, orders_each = 100 };

struct order {
    int64_t producer;
    int64_t value;
};

struct producer {
    cs_channel_t *sender;
    int64_t id;
};

struct total {
    int64_t count;
    int64_t value;
};

static void produce(void *data)
{
    struct producer *producer = data;
    for (int64_t i = 1; i <= orders_each; i++) {
        struct order *order = cs_alloc(sizeof *order);
        order->producer = producer->id;
        order->value = producer->id * i;
        cs_chan_send_ptr(producer->sender, order);
    }
    cs_chan_drop_sender(producer->sender);
    cs_free(producer);
}

static void print_total(int64_t id, const struct total *total)
{
    char line[96];
    char *end = append_text(line, "producer ");
    end = append_number(end, id);
    end = append_text(end, ": ");
    end = append_number(end, total->count);
    end = append_text(end, " orders, sum ");
    end = append_number(end, total->value);
    end = append_text(end, "\n");
    cs_print_str((cs_string_t){line, end - line});
}

int main(void)
{
    cs_channel_t *orders = cs_chan_create_ptr(16);
    for (int64_t id = 1; id <= producer_count; id++) {
        struct producer *producer = cs_alloc(sizeof *producer);
        producer->sender = cs_chan_clone_sender(orders);
        producer->id = id;
        cs_spawn(produce, producer);
    }
    cs_chan_drop_sender(orders);

    struct total totals[producer_count] = {{0, 0}};
    struct order *order;
    while ((order = cs_chan_receive_ptr(orders)) != NULL) {
        struct total *total = &totals[order->producer - 1];
        total->count++;
        total->value += order->value;
        cs_free(order);
    }
    cs_chan_release(orders);

    for (int64_t id = 1; id <= producer_count; id++)
        print_total(id, &totals[id - 1]);
    return 0;
}
