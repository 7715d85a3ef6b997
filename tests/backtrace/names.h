/* Frames as the names of their functions. */
#ifndef KEEL_TESTS_BACKTRACE_NAMES_H
#define KEEL_TESTS_BACKTRACE_NAMES_H

#include "base/memory.h"
#include "keel/fault.h"
#include "tests/tap.h"

enum { most_frames = 64 };

static volatile int frames_taken __attribute__((unused));

struct frames {
    size_t count;
    void *place[most_frames];
};

/* Not inlined, so that the caller is a frame with a call of this. */
static __attribute__((noinline, unused)) void take_frames(struct frames *frames)
{
    frames->count = keel_backtrace(frames->place, most_frames);
    frames_taken++; /* behind the call, so that it is no tail call */
}

/* Compilers mark copies that they specialised: name.constprop.0 */
static inline bool is_called(const char *function, const char *name)
{
    size_t len = strlen(name);
    return function != NULL && strlen(function) >= len && memcmp(function, name, len) == 0 &&
           (function[len] == '\0' || function[len] == '.');
}

static inline bool frame_is(const void *place, const char *name)
{
    keel_symbol symbol;
    return keel_symbolize(place, &symbol) == 0 && is_called(symbol.function, name);
}

static inline void show_frames(const struct frames *frames)
{
    for (size_t i = 0; i < frames->count; i++) {
        keel_symbol symbol;
        keel_symbolize(frames->place[i], &symbol);
        struct line line;
        line_begin(&line);
        line_text(&line, "#   ");
        line_hex(&line, (uintptr_t)frames->place[i]);
        line_text(&line, " ");
        line_text(&line, symbol.function != NULL ? symbol.function : "?");
        line_write(&line, tap_descriptor);
    }
}

/* The first function of the process, and those of threads and tasks: there a walk ends. */
static const char *const of_process[] __attribute__((unused)) = {"_start", NULL};
static const char *const of_task[]
    __attribute__((unused)) = {"arch_context_start", "arch_clone", NULL};

static inline bool is_one_of(const void *place, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (frame_is(place, *names))
            return true;
    }
    return false;
}

/*
 * The innermost frames are of these functions, the last of which is NULL; the outermost frame is of
 * one of `ends`, so nothing is missing behind them.
 */
static inline void check_frames(const struct frames *frames, const char *const *names,
                                const char *const *ends, const char *what)
{
    size_t at = 0;
    while (names[at] != NULL && at < frames->count && frame_is(frames->place[at], names[at]))
        at++;
    bool right = names[at] == NULL;
    const void *last = frames->count > 0 ? frames->place[frames->count - 1] : NULL;
    if (!check(right && is_one_of(last, ends), what)) {
        tap_note("right names", (int64_t)at);
        show_frames(frames);
    }
}

#endif
