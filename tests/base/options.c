/*
 * Options, read from environments made for the purpose: which entries are taken for ours, what is
 * refused, and that a process with foreign rights reads none.
 */
#include "base/options.h"

#include <linux/auxvec.h>

#include "tests/forked.h"
#include "tests/tap.h"

static int64_t size, sizes;

static const struct option table[] = {
    {"KEEL_SIZE", "for this test", 5, 50, &size},
    {"KEEL_SIZES", "for this test too", 0, 999, &sizes},
};

static char *environment[4];

static int read_environment(void)
{
    process.environment = environment;
    size = sizes = -1;
    options_read(table, sizeof table / sizeof *table);
    return 0;
}

static void set_environment(char *first, char *second)
{
    environment[0] = first;
    environment[1] = second;
}

/* Whether the two entries are read without a word, and set these values. */
static bool reads(char *first, char *second, int64_t wanted_size, int64_t wanted_sizes)
{
    set_environment(first, second);
    read_environment();
    return size == wanted_size && sizes == wanted_sizes;
}

static int status(char *entry)
{
    set_environment(entry, NULL);
    return forked_status(read_environment);
}

static void test_taken(void)
{
    check(reads(NULL, NULL, -1, -1), "no environment");
    check(reads("KEEL_SIZE=20", "KEEL_SIZES=7", 20, 7), "both options");
    check(reads("KEEL_SIZES=7", "KEEL_SIZE=20", 20, 7), "in the other order");
    check(reads("KEEL_SIZE=6", "KEEL_SIZE=7", 7, -1), "the last one counts");
    check(reads("KEEL_SIZE=5", "KEEL_SIZES=0", 5, 0), "the least");
    check(reads("KEEL_SIZE=50", "KEEL_SIZES=999", 50, 999), "the most");
    check(reads("KEEL_SIZE=000000000000000007", NULL, 7, -1), "18 digits");
    check(reads("KEEL", "A=1", -1, -1), "names shorter than the prefix");
    check(reads("", "KEEP_SIZE=20", -1, -1), "other names");
    check(reads("KEEL_SIZE", "KEEL_", -1, -1), "entries without a value");
    check(reads("KEEL_HELP=10", "KEEL_HELP=", -1, -1), "only KEEL_HELP=1 calls for help");
}

static void test_refused(void)
{
    enum { usage_status = 2 };
    check_equal(status("KEEL_SIZE=20"), 0, "a right value goes on");
    check_equal(status("KEEL_SIZE=4"), usage_status, "below the least");
    check_equal(status("KEEL_SIZE=51"), usage_status, "above the most");
    check_equal(status("KEEL_SIZE="), usage_status, "no number");
    check_equal(status("KEEL_SIZE=1/"), usage_status, "a character below the digits");
    check_equal(status("KEEL_SIZE=1:"), usage_status, "one above them");
    check_equal(status("KEEL_SIZE=0000000000000000007"), usage_status, "19 digits");
    check_equal(status("KEEL_SIZ=20"), 0, "an unknown name goes on");
    check_equal(status("KEEL_HELM=1"), 0, "so does one as long as KEEL_HELP");
}

static void test_secure(void)
{
    static const struct auxiliary_entry secure[] = {{AT_SECURE, 1}, {AT_NULL, 0}};
    const struct auxiliary_entry *own = process.auxiliary;
    process.auxiliary = secure;
    check(reads("KEEL_SIZE=20", "KEEL_SIZES=7", -1, -1), "foreign rights: nothing is read");
    check_equal(status("KEEL_SIZE=4"), 0, "and nothing refused");
    process.auxiliary = own;
}

int main(void)
{
    test_taken();
    test_refused();
    test_secure();
    return tap_done();
}
