/* cs_alloc and cs_free: alignment, the pointer of an empty block, blocks that change tasks. */
#include "runtime.h"

#include "tests/sched/meeting.h"

enum { block_count = 1000 };

static void empty_blocks(void)
{
    static unsigned char *blocks[block_count];
    size_t null = 0, same = 0, misaligned = 0;
    for (int i = 0; i < block_count; i++) {
        blocks[i] = cs_alloc(0);
        null += blocks[i] == NULL;
        misaligned += (uintptr_t)blocks[i] % 16 != 0;
    }
    for (int i = 0; i < block_count; i++) {
        for (int j = 0; j < i; j++)
            same += blocks[i] == blocks[j];
    }
    check_equal(null, 0, "cs_alloc(0) gives a pointer");
    check_equal(same, 0, "a unique one");
    check_equal(misaligned, 0, "and aligned");
    for (int i = 0; i < block_count; i++)
        cs_free(blocks[i]);
    cs_free(NULL);
    void *first = cs_alloc(0), *second = cs_alloc(0);
    check(first != NULL && second != NULL && first != second, "cs_free(NULL) does nothing");
    cs_free(first);
    cs_free(second);
}

static unsigned char byte_of(size_t block, size_t i)
{
    return (unsigned char)(block * 31 + i);
}

static size_t size_of(size_t block)
{
    return block * block % 20000;
}

static void all_sizes(void)
{
    static unsigned char *blocks[block_count];
    size_t wrong = 0;
    for (size_t block = 0; block < block_count; block++) {
        blocks[block] = cs_alloc(size_of(block));
        wrong += (uintptr_t)blocks[block] % 16 != 0;
        for (size_t i = 0; i < size_of(block); i++)
            blocks[block][i] = byte_of(block, i);
    }
    check_equal(wrong, 0, "blocks of all sizes are aligned");
    for (size_t block = 0; block < block_count; block++) {
        for (size_t i = 0; i < size_of(block); i++)
            wrong += blocks[block][i] != byte_of(block, i);
        cs_free(blocks[block]);
    }
    check_equal(wrong, 0, "and do not overlap");
}

static void pass_on(void *data)
{
    cs_channel_t **chans = data;
    for (uint64_t *block; (block = cs_chan_receive_ptr(chans[0])) != NULL;) {
        uint64_t *other = cs_alloc(*block % 3000 + sizeof *other);
        *other = *block;
        cs_free(block);
        cs_chan_send_ptr(chans[1], other);
    }
    cs_chan_drop_sender(chans[1]);
}

static void produce(void *data)
{
    for (uint64_t i = 1; i <= 20000; i++) {
        uint64_t *block = cs_alloc(i % 2000 + sizeof *block);
        *block = i;
        cs_chan_send_ptr(data, block);
    }
    cs_chan_close(data);
}

/* Every block is allocated by one task and freed by another, on whichever workers. */
static void change_tasks(void)
{
    cs_channel_t *chans[2] = {cs_chan_create_ptr(16), cs_chan_create_ptr(16)};
    for (int i = 0; i < 4; i++) {
        cs_chan_clone_sender(chans[1]);
        cs_spawn(pass_on, chans);
    }
    cs_chan_drop_sender(chans[1]);
    cs_spawn(produce, chans[0]);
    uint64_t sum = 0;
    for (uint64_t *block; (block = cs_chan_receive_ptr(chans[1])) != NULL;) {
        sum += *block;
        cs_free(block);
    }
    check_equal(sum, 20000ull * 20001 / 2, "20,000 blocks are freed by other tasks than made them");
    cs_chan_release(chans[0]);
    cs_chan_release(chans[1]);
}

int main(void)
{
    empty_blocks();
    all_sizes();
    change_tasks();
    return tap_done();
}
