/*
 * How many pages of its own memory a program touches that spawns a task and exchanges a message
 * with it: each takes the kernel as long as ten system calls. What is touched at the start lies
 * together (TOUCHED_AT_START), and the task's stack ends among it.
 */
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/elf.h>

#include "base/process.h"
#include "keel/chan.h"
#include "sched/sched.h"
#include "tests/tap.h"

enum { pages_most = 2, chunk_pages = 512 };

static void send(void *chan)
{
    int number = 42;
    keel_chan_send(chan, &number);
}

/* -1 where the kernel does not say. */
static int resident_pages(uintptr_t start, uintptr_t end)
{
    int count = 0;
    while (start < end) {
        unsigned char resident[chunk_pages];
        size_t size = chunk_pages * arch_page_size;
        if (size > end - start)
            size = end - start;
        if (arch_syscall3(__NR_mincore, (long)start, (long)size, (long)resident) != 0)
            return -1;
        for (size_t i = 0; i < size / arch_page_size; i++)
            count += resident[i] & 1;
        start += size;
    }
    return count;
}

/* Of the segment that is written to. */
static int touched_pages(void)
{
    const Elf64_Phdr *header = (const Elf64_Phdr *)process_auxiliary(AT_PHDR, 0);
    for (uint64_t left = process_auxiliary(AT_PHNUM, 0); left > 0; left--, header++) {
        if (header->p_type == PT_LOAD && (header->p_flags & PF_W) != 0)
            return resident_pages(round_down(header->p_vaddr, arch_page_size),
                                  round_up(header->p_vaddr + header->p_memsz, arch_page_size));
    }
    return -1;
}

int main(void)
{
    int number = 0;
    /* RELAXED: nobody else is there. The pages of a second worker are touched when it likes. */
    atomic_store(&sched.worker_limit, 1, RELAXED);
    keel_chan *chan = keel_chan_create(0, sizeof number);
    keel_spawn(send, chan);
    keel_chan_receive(chan, &number);
    int pages = touched_pages();
    if (pages < 0)
        skip("pages that are touched", "mincore is refused");
    else
        check(pages <= pages_most, "what is touched lies together");
    check_equal(number, 42, "the message arrived");
    return tap_done();
}
