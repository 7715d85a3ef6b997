// Rows of fibers with channels.
#include "boost.hpp"
#include <memory>

enum { buffered_capacity = 1024, ring_tasks = 503 };

using rendezvous = boost::fibers::unbuffered_channel<uint64_t>;
using boost::fibers::channel_op_status;

// Two channels between two fibers; an operation is there and back.
void ping_pong(uint64_t count)
{
    rendezvous there, back;
    fiber echo = start([&] {
        uint64_t number;
        while (there.pop(number) == channel_op_status::success)
            back.push(number);
    });
    for (uint64_t i = 0; i < count; i++) {
        there.push(i);
        if (back.value_pop() != i)
            give_up("another message came back");
    }
    there.close();
    echo.join();
}

// One sender, one receiver; an operation is one message.
void buffered(uint64_t count)
{
    boost::fibers::buffered_channel<uint64_t> there(buffered_capacity);
    fiber sender = start([&] {
        for (uint64_t i = 0; i < count; i++)
            there.push(i);
        there.close();
    });
    uint64_t number, sum = 0;
    while (there.pop(number) == channel_op_status::success)
        sum += number;
    if (sum != count * (count - 1) / 2)
        give_up("a message was lost");
    sender.join();
}

// A token goes round a ring of 503 fibers; an operation is one hop. Who receives 0 reports itself; the others
// pass on one less, until their channel is closed.
void thread_ring(uint64_t count)
{
    std::vector<std::unique_ptr<rendezvous>> chans;
    std::vector<fiber> fibers;
    rendezvous end;
    for (int i = 0; i < ring_tasks; i++)
        chans.push_back(std::make_unique<rendezvous>());
    for (int i = 0; i < ring_tasks; i++) {
        fibers.push_back(start([&, i] {
            uint64_t hops;
            while (chans[i]->pop(hops) == channel_op_status::success) {
                if (hops == 0)
                    end.push(i + 1);
                else
                    chans[(i + 1) % ring_tasks]->push(hops - 1);
            }
        }));
    }
    chans[0]->push(count);
    if (end.value_pop() != count % ring_tasks + 1)
        give_up("the token ended with another fiber");
    for (auto &chan : chans)
        chan->close();
    for (fiber &each : fibers)
        each.join();
}
