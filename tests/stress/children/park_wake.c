/*
 * Tasks that park and wake each other: by channels, by awaits, by sleeps, with random work in
 * between. A run is some random mixes of scenes, those of one mix all at once; each scene has a sum
 * that tells whether every element arrived exactly once. A lost wake-up is a hang.
 */
#include "tests/stress/stress.h"

enum { mixes = 6, scene_most = 24, rounds_most = 60, stages_most = 8, players = 4, depth_most = 5 };

struct scene {
    struct stress_random random;
    uint64_t steps;
};

static keel_chan *random_chan(struct stress_random *random)
{
    return stress_chan(stress_below(random, 4), sizeof(uint64_t));
}

static void send(keel_chan *chan, uint64_t number)
{
    stress_equal((uint64_t)keel_chan_send(chan, &number), 0, "status of a send");
}

/* ---- two tasks: there and back */

struct pair {
    struct stress_random random;
    keel_chan *there, *back;
};

static void *echo(void *arg)
{
    struct pair *pair = arg;
    uint64_t number;
    while (keel_chan_receive(pair->there, &number) == 1) {
        stress_pause(&pair->random);
        send(pair->back, number + 1);
    }
    return NULL;
}

static void ping_pong(struct scene *scene)
{
    struct pair pair = {
        .random = {stress_next(&scene->random)},
        .there = random_chan(&scene->random),
        .back = random_chan(&scene->random),
    };
    keel_task *task = stress_create(echo, &pair);
    uint64_t rounds = 1 + stress_below(&scene->random, rounds_most);
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t answer = 0;
        send(pair.there, i);
        stress_pause(&scene->random);
        stress_equal((uint64_t)keel_chan_receive(pair.back, &answer), 1, "an answer");
        stress_equal(answer, i + 1, "the answer");
    }
    keel_chan_close(pair.there);
    stress_await(task);
    keel_chan_release(pair.there, NULL);
    keel_chan_release(pair.back, NULL);
    scene->steps += 2 * rounds;
}

/* ---- a pipeline: each stage adds one and passes on, in order */

struct stage {
    struct stress_random random;
    keel_chan *in, *out;
};

static void *run_stage(void *arg)
{
    struct stage *stage = arg;
    uint64_t number;
    while (keel_chan_receive(stage->in, &number) == 1) {
        stress_pause(&stage->random);
        send(stage->out, number + 1);
    }
    keel_chan_close(stage->out);
    return NULL;
}

struct source {
    struct stress_random random;
    keel_chan *out;
    uint64_t count;
};

static void *run_source(void *arg)
{
    struct source *source = arg;
    for (uint64_t i = 0; i < source->count; i++) {
        stress_pause(&source->random);
        send(source->out, i);
    }
    keel_chan_close(source->out);
    return NULL;
}

static void pipeline(struct scene *scene)
{
    struct stage stages[stages_most];
    keel_task *tasks[stages_most];
    keel_chan *chans[stages_most + 1];
    uint64_t length = 1 + stress_below(&scene->random, stages_most);
    for (uint64_t i = 0; i <= length; i++)
        chans[i] = random_chan(&scene->random);
    for (uint64_t i = 0; i < length; i++) {
        stages[i] = (struct stage){{stress_next(&scene->random)}, chans[i], chans[i + 1]};
        tasks[i] = stress_create(run_stage, &stages[i]);
    }
    struct source source = {
        {stress_next(&scene->random)}, chans[0], 1 + stress_below(&scene->random, rounds_most)};
    keel_task *first = stress_create(run_source, &source);
    uint64_t number, arrived = 0;
    while (keel_chan_receive(chans[length], &number) == 1)
        stress_equal(number, arrived++ + length, "an element of the pipeline, in order");
    stress_equal(arrived, source.count, "elements through the pipeline");
    stress_await(first);
    for (uint64_t i = 0; i < length; i++)
        stress_await(tasks[i]);
    for (uint64_t i = 0; i <= length; i++)
        keel_chan_release(chans[i], NULL);
    scene->steps += arrived * (length + 1);
}

/* ---- several senders, several receivers, one channel */

struct crowd {
    keel_chan *chan;
    uint64_t count; /* of each sender */
};

struct player {
    struct stress_random random;
    struct crowd *crowd;
    uint64_t sum;
};

static void *send_to_crowd(void *arg)
{
    struct player *player = arg;
    for (uint64_t i = 0; i < player->crowd->count; i++) {
        uint64_t number = stress_below(&player->random, 1000000);
        player->sum += number;
        send(player->crowd->chan, number);
        stress_pause(&player->random);
    }
    keel_chan_drop_sender(player->crowd->chan);
    return NULL;
}

static void *receive_from_crowd(void *arg)
{
    struct player *player = arg;
    uint64_t number, count = 0;
    while (keel_chan_receive(player->crowd->chan, &number) == 1) {
        player->sum += number;
        count++;
        stress_pause(&player->random);
    }
    return (void *)count;
}

static void crowd(struct scene *scene)
{
    struct crowd crowd = {random_chan(&scene->random),
                          1 + stress_below(&scene->random, rounds_most)};
    struct player senders[players], receivers[players];
    keel_task *tasks[2 * players];
    uint64_t sent = 0, received = 0, arrived = 0;
    for (unsigned i = 0; i < players; i++) {
        senders[i] = (struct player){{stress_next(&scene->random)}, &crowd, 0};
        receivers[i] = (struct player){{stress_next(&scene->random)}, &crowd, 0};
        keel_chan_clone_sender(crowd.chan);
        tasks[i] = stress_create(receive_from_crowd, &receivers[i]);
        tasks[players + i] = stress_create(send_to_crowd, &senders[i]);
    }
    keel_chan_drop_sender(crowd.chan);
    for (unsigned i = 0; i < 2 * players; i++)
        arrived += (uintptr_t)stress_await(tasks[i]);
    for (unsigned i = 0; i < players; i++) {
        sent += senders[i].sum;
        received += receivers[i].sum;
    }
    stress_equal(arrived, players * crowd.count, "elements from the crowd");
    stress_equal(received, sent, "their sum");
    keel_chan_release(crowd.chan, NULL);
    scene->steps += 2 * arrived;
}

/* ---- tasks that await tasks */

struct branch {
    struct stress_random random;
    uint64_t depth;
};

static void *grow(void *arg)
{
    struct branch *branch = arg;
    if (branch->depth == 0) {
        stress_pause(&branch->random);
        return (void *)1;
    }
    struct branch children[2];
    keel_task *tasks[2];
    for (unsigned i = 0; i < 2; i++) {
        children[i] = (struct branch){{stress_next(&branch->random)}, branch->depth - 1};
        tasks[i] = stress_create(grow, &children[i]);
        stress_pause(&branch->random);
    }
    uint64_t first = stress_below(&branch->random, 2);
    uint64_t leaves = (uintptr_t)stress_await(tasks[first]);
    leaves += (uintptr_t)stress_await(tasks[1 - first]);
    return (void *)leaves;
}

static void tree(struct scene *scene)
{
    struct branch root = {{stress_next(&scene->random)},
                          1 + stress_below(&scene->random, depth_most)};
    uint64_t leaves = (uintptr_t)stress_await(stress_create(grow, &root));
    stress_equal(leaves, UINT64_C(1) << root.depth, "leaves");
    scene->steps += leaves;
}

/* ---- all at once */

static void *play(void *arg)
{
    static void (*const scenes[])(struct scene *) = {ping_pong, pipeline, crowd, tree};
    struct scene *scene = arg;
    scenes[stress_below(&scene->random, sizeof scenes / sizeof scenes[0])](scene);
    return NULL;
}

/* One mix of scenes; returns how many steps they took together. */
static uint64_t mix(struct stress_random *random)
{
    static struct scene scenes[scene_most];
    keel_task *tasks[scene_most];
    uint64_t count = 4 + stress_below(random, scene_most - 4);
    for (uint64_t i = 0; i < count; i++) {
        scenes[i] = (struct scene){{stress_next(random)}, 0};
        tasks[i] = stress_create(play, &scenes[i]);
        stress_pause(random);
    }
    uint64_t steps = 0;
    for (uint64_t i = 0; i < count; i++) {
        stress_await(tasks[i]);
        steps += scenes[i].steps;
    }
    return steps;
}

int main(int argc, char **argv)
{
    uint64_t steps = 0;
    stress_begin("park_wake", argc, argv);
    struct stress_random random = stress_sequence(0);
    for (unsigned i = 0; i < mixes; i++)
        steps += mix(&random);
    return stress_done(steps, "steps");
}
