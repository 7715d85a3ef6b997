/*
 * Stacks in slots: that many take no mapping each, that none is a huge page, that each has its
 * guard whatever becomes of it, and that memory goes back; and what is done where the kernel has no
 * such guards, or says that it has them and has not, or ceases to give them.
 */
#include "mem/slots.h"

#include <linux/mman.h>

#include "mem/pages.h"
#include "mem/slot_chunk.h"
#include "tests/cases.h"
#include "tests/mem/resident.h"

enum {
    right = 0,
    wrong = 1,
    many = 3000,
    first_chunk = 16,
    text_most = 1024 * 1024,
    kept_by_pool = 300,
};

static struct mem_stack *taken[many];
static char text[text_most + 1];

/* The whole file, ended by a 0. */
static void read_file(const char *path)
{
    long file = arch_syscall3(__NR_open, (long)path, 0, 0);
    size_t len = 0;
    for (;;) {
        long got = arch_syscall3(__NR_read, file, (long)(text + len), (long)(text_most - len));
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    text[len] = 0;
    arch_syscall1(__NR_close, file);
}

static bool take(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        if ((taken[i] = mem_stack_acquire()) == NULL)
            return false;
        *(volatile char *)taken[i]->low = 1;
    }
    return true;
}

static void release(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        mem_stack_release(taken[i]);
}

/* Whether the kernel has the guards: asked as a program does that knows nothing of mem/. */
static bool has_guards(void)
{
    unsigned char *page = page_map_stacks(arch_page_size);
    return arch_syscall3(__NR_madvise, (long)page, arch_page_size, abi_madv_guard_install) == 0 &&
           arch_syscall3(__NR_open, (long)page, 0, 0) == -EFAULT;
}

/* ---- slots */

static unsigned index_of_slot(void)
{
    unsigned i = 0;
    while (taken[i]->chunk == NULL)
        i++;
    return i;
}

static int takes_no_mappings(void)
{
    enum { more_mappings = 20 };
    take(0, first_chunk);
    int64_t before = count_mappings();
    return take(first_chunk, many) && count_mappings() < before + more_mappings ? right : wrong;
}

/* The flags of the mapping in which the address lies: "nh" is that it never has a huge page. */
static bool has_no_huge_pages(uintptr_t address)
{
    read_file("/proc/self/smaps");
    bool within = false;
    for (const char *line = text; *line != 0; line++) {
        uintptr_t bounds[2] = {0, 0};
        const char *at = line;
        for (int i = 0; i < 2; i++, at++) {
            for (; (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f'); at++)
                bounds[i] = bounds[i] * 16 + (uintptr_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
            if (i == 0 && *at != '-')
                break;
        }
        if (bounds[1] != 0)
            within = bounds[0] <= address && address < bounds[1];
        bool is_flags = line[0] == 'V' && line[1] == 'm' && line[2] == 'F';
        for (; *line != '\n'; line++) {
            if (within && is_flags && line[0] == ' ' && line[1] == 'n' && line[2] == 'h')
                return true;
        }
    }
    return false;
}

static int is_never_huge(void)
{
    take(0, many);
    for (unsigned i = index_of_slot(); i < many; i += many / 8) {
        if (!has_no_huge_pages((uintptr_t)taken[i]) ||
            !has_no_huge_pages(taken[i]->low - mem_stack_guard))
            return wrong;
    }
    return right;
}

static bool is_guarded(const struct mem_stack *stack)
{
    uintptr_t low;
    for (uintptr_t at = stack->low - mem_stack_guard; at < stack->low; at += arch_page_size) {
        if (!page_is_guarded((const void *)at) || mem_stack_guarding(at, &low) != stack ||
            low != stack->low)
            return false;
    }
    return true;
}

static bool all_are_guarded(void)
{
    for (unsigned i = index_of_slot(); i < many; i++) {
        if (!is_guarded(taken[i]))
            return false;
    }
    return true;
}

static int has_guard(void)
{
    take(0, many);
    return all_are_guarded() ? right : wrong;
}

/* Few have memory that nobody has asked for: none while there are few, then some. */
static int takes_little_ahead(void)
{
    enum { few = 200, ahead = 64, other_pages = 40 };
    taken[many - 1] = mem_stack_acquire();
    int64_t before = statm_read(statm_resident);
    for (unsigned i = 0; i < few; i++)
        taken[i] = mem_stack_acquire();
    if (statm_read(statm_resident) - before > (few + other_pages) * arch_page_size)
        return wrong;
    for (unsigned i = few; i < many; i++)
        taken[i] = mem_stack_acquire();
    if (statm_read(statm_resident) - before > (many + ahead + other_pages) * arch_page_size)
        return wrong;
    return mem_stack_count() >= many && mem_stack_count() <= many + ahead ? right : wrong;
}

static int faults_below(void)
{
    take(0, many);
    *(volatile char *)(taken[many - 1]->low - 1) = 1;
    return wrong;
}

static int faults_at_the_end(void)
{
    take(0, many);
    *(volatile char *)(taken[many - 1]->low - mem_stack_guard) = 1;
    return wrong;
}

/* One by one where the kernel makes no guards many at a time; as ever where it gives no memory. */
static int has_guards_singly(void)
{
    refuse_syscall(__NR_process_madvise, ENOSYS);
    return has_guard() == right && !mem_slots_are_refused() ? right : wrong;
}

static int has_guards_without_memory(void)
{
    refuse_syscall_when(__NR_process_madvise, 3, MADV_POPULATE_WRITE, EINVAL);
    return has_guard() == right && !mem_slots_are_refused() ? right : wrong;
}

/* Of the stacks a page was touched at both ends. */
static int64_t resident_after_release(void)
{
    take(0, many);
    release(0, many);
    return statm_read(statm_resident);
}

/* Given back and taken again: guarded as before, and zero where it was written. */
static int serves_again(void)
{
    for (unsigned round = 0; round < 3; round++) {
        if (!take(0, many) || !all_are_guarded())
            return wrong;
        for (unsigned i = 0; i < many; i++) {
            *(volatile char *)(taken[i]->low + arch_page_size) += 1;
            if (*(volatile char *)(taken[i]->low + arch_page_size) > (char)(round + 1))
                return wrong;
        }
        release(0, many);
    }
    return mem_stack_count() <= kept_by_pool ? right : wrong;
}

static int gives_memory_back(void)
{
    int64_t before = statm_read(statm_resident);
    int64_t left = resident_after_release() - before;
    return left < 2 * kept_by_pool * 2 * arch_page_size ? right : wrong;
}

static int gives_memory_back_one_by_one(void)
{
    refuse_syscall(__NR_process_madvise, ENOSYS);
    return gives_memory_back();
}

/* The addresses too, when a whole chunk is unused. */
static int gives_addresses_back(void)
{
    int64_t before = statm_read(statm_mapped);
    take(0, many);
    int64_t most = statm_read(statm_mapped) - before;
    for (unsigned i = many; i-- > 0;)
        mem_stack_release(taken[i]);
    int64_t left = statm_read(statm_mapped) - before;
    return most > (int64_t)(many - first_chunk) * mem_stack_slot && left < most / 2 ? right : wrong;
}

/* What is in use stays when much else is given back in between; and chunks stay where munmap is
 * refused. */
static int keeps_what_is_used(void)
{
    take(0, many);
    for (unsigned i = 0; i < many; i++)
        *(volatile unsigned *)(taken[i]->low + 64) = i;
    for (unsigned i = 0; i < many; i++) {
        if (i % 3 != 0)
            mem_stack_release(taken[i]);
    }
    for (unsigned i = 0; i < many; i += 3) {
        if (*(volatile unsigned *)(taken[i]->low + 64) != i)
            return wrong;
        mem_stack_release(taken[i]);
    }
    return take(0, many) ? right : wrong;
}

static int keeps_chunks(void)
{
    refuse_syscall(__NR_munmap, EPERM);
    int64_t most = 0;
    for (unsigned round = 0; round < 4; round++) {
        if (!take(0, many))
            return wrong;
        most = round == 0 ? statm_read(statm_mapped) : most;
        release(0, many);
    }
    return statm_read(statm_mapped) == most ? right : wrong;
}

/* ---- without */

/* Each of the stacks has a mapping, and a guard below. */
static int has_mappings(void)
{
    enum { enough = 200, of_image = 8 };
    int64_t before = count_mappings();
    if (!take(0, enough) || count_mappings() - before < 2 * (enough - of_image) ||
        !mem_slots_are_refused())
        return wrong;
    for (unsigned i = 0; i < enough; i++) {
        if (taken[i]->chunk != NULL)
            return wrong;
    }
    *(volatile char *)(taken[enough - 1]->low - 1) = 1;
    return wrong;
}

static int older_kernel(void)
{
    refuse_slots(EINVAL);
    return has_mappings();
}

static int sandbox(void)
{
    refuse_slots(EPERM);
    return has_mappings();
}

static int no_madvise(void)
{
    refuse_syscall(__NR_madvise, ENOSYS);
    return has_mappings();
}

/* The emulator qemu: 0, and nothing is done. */
static int lies(void)
{
    refuse_slots(0);
    return has_mappings();
}

/* Memory that is locked can have no such guards. */
static int locked(void)
{
    enum { all_from_now_on = MCL_FUTURE };
    if (arch_syscall1(__NR_mlockall, all_from_now_on) != 0)
        arch_syscall2(__NR_kill, arch_syscall0(__NR_getpid), SIGSEGV); /* not allowed here */
    return has_mappings();
}

/* From some time on: what was guarded serves on, the others have mappings. */
static int ceases(void)
{
    take(0, many / 2);
    refuse_slots(EPERM);
    if (!take(many / 2, many) || taken[many / 2 - 1]->chunk == NULL ||
        taken[many - 1]->chunk != NULL)
        return wrong;
    release(0, many / 2);
    for (unsigned i = 0; i < many / 2; i++) {
        taken[i] = mem_stack_acquire();
        if (taken[i] == NULL || !is_guarded(taken[i]))
            return wrong;
    }
    *(volatile char *)(taken[many - 1]->low - 1) = 1;
    return wrong;
}

/* A want of memory is one stack's, not all that follow. */
static int lacks_memory(void)
{
    take(0, first_chunk);
    refuse_slots(ENOMEM);
    return take(first_chunk, many / 2) && !mem_slots_are_refused() ? right : wrong;
}

/* Of slots that were to be begun many at a time: they may be later. */
static int lacks_memory_for_many(void)
{
    take(0, many / 2);
    refuse_slots(ENOMEM);
    if (!take(many / 2, many) || mem_slots_are_refused() || taken[many - 1]->chunk != NULL)
        return wrong;
    for (unsigned i = 0; i < many; i++) {
        const struct slot_chunk *chunk = taken[i]->chunk;
        if (chunk != NULL && chunk->lost != 0)
            return wrong;
    }
    return right;
}

int main(void)
{
    cases_need(has_guards() && refusals_work(), "no guards without a mapping, or no seccomp, here");
    check_case(takes_no_mappings, right, "3,000 stacks take a handful of mappings");
    check_case(is_never_huge, right, "none of them can be a huge page");
    check_case(has_guard, right, "each has a guard, and is known by it");
    check_case(takes_little_ahead, right, "few have memory before they are asked for");
    check_case(has_guards_singly, right, "all have guards where not many can be made at a time");
    check_case(has_guards_without_memory, right, "and where memory comes by touch alone");
    check_case(faults_below, forked_died + SIGSEGV, "a write just below a stack faults");
    check_case(faults_at_the_end, forked_died + SIGSEGV, "and one at the guard's end");
    check_case(serves_again, right, "given back and taken again: as before");
    check_case(gives_memory_back, right, "their memory goes back");
    check_case(gives_memory_back_one_by_one, right, "also where many at once cannot");
    check_case(gives_addresses_back, right, "the addresses too");
    check_case(keeps_what_is_used, right, "what is in use stays");
    check_case(keeps_chunks, right, "no munmap: the addresses serve again");
    check_case(older_kernel, forked_died + SIGSEGV, "a kernel without the guards: a mapping each");
    check_case(sandbox, forked_died + SIGSEGV, "a sandbox that refuses them: the same");
    check_case(no_madvise, forked_died + SIGSEGV, "no madvise at all: the same");
    check_case(lies, forked_died + SIGSEGV, "a kernel that does nothing and says 0: the same");
    check_case(locked, forked_died + SIGSEGV, "locked memory: the same");
    check_case(ceases, forked_died + SIGSEGV,
               "guards that are refused later: the same from then on");
    check_case(lacks_memory, right, "guards that memory lacks for: no refusal for ever");
    check_case(lacks_memory_for_many, right, "of many at a time: they are begun later");
    return tap_done();
}
