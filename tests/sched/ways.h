/* A child program that does one of several things: its first argument names which. */
#ifndef KEEL_TESTS_WAYS_H
#define KEEL_TESTS_WAYS_H

#include "base/base.h"
#include "base/memory.h"

struct way {
    const char *name;
    int (*go)(void); /* returns the exit status */
};

enum { way_unknown = 99 };

static inline int go_the_way(const struct way *ways, size_t count, int argc, char **argv)
{
    if (argc < 2)
        return way_unknown;
    size_t len = strlen(argv[1]);
    for (size_t i = 0; i < count; i++) {
        if (strlen(ways[i].name) == len && memcmp(ways[i].name, argv[1], len) == 0)
            return ways[i].go();
    }
    return way_unknown;
}

#define GO_THE_WAY(ways, argc, argv) go_the_way(ways, sizeof(ways) / sizeof((ways)[0]), argc, argv)

#endif
