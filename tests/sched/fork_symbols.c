/*
 * keel_fork and keel_join as other languages call them: by their names, on 24 bytes that nobody
 * initialised.
 */
#include "base/memory.h"
#include "tests/tap.h"

struct frame {
    uint64_t words[3];
};

void keel_fork(struct frame *frame, void *(*fn)(void *), void *arg);
void *keel_join(struct frame *frame);

static void *fib(void *arg)
{
    uintptr_t n = (uintptr_t)arg;
    if (n < 2)
        return arg;
    struct frame frame;
    memset(&frame, 0xa5, sizeof frame);
    keel_fork(&frame, fib, (void *)(n - 1));
    uintptr_t second = (uintptr_t)fib((void *)(n - 2));
    return (void *)((uintptr_t)keel_join(&frame) + second);
}

int main(void)
{
    check_equal((uintptr_t)fib((void *)20), 6765, "fib(20) by the symbols");
    return tap_done();
}
