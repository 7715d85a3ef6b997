/*
 * The parsers of the CPU quota on the texts that kernels and container engines write, and on what
 * they never write.
 */
#include "sched/quota.h"

#include "base/memory.h"
#include "tests/tap.h"

static bool is_same(const char *left, const char *right)
{
    return strlen(left) == strlen(right) && memcmp(left, right, strlen(left)) == 0;
}

/* ---- /proc/self/cgroup */

enum { neither = SCHED_QUOTA_VERSIONS };

static const struct {
    const char *line;
    int version; /* neither: refused */
    const char *path;
} memberships[] = {
    {"0::/", SCHED_QUOTA_V2, "/"},
    {"0::/user.slice/user-1000.slice/session-3.scope", SCHED_QUOTA_V2,
     "/user.slice/user-1000.slice/session-3.scope"},
    {"0::/system.slice/docker-4a5f.scope", SCHED_QUOTA_V2, "/system.slice/docker-4a5f.scope"},
    {"0::/..", SCHED_QUOTA_V2, "/.."},
    {"0::/../../kubepods.slice/x", SCHED_QUOTA_V2, "/../../kubepods.slice/x"},
    {"0::/gone (deleted)", SCHED_QUOTA_V2, "/gone (deleted)"},
    {"0::/a:b::c", SCHED_QUOTA_V2, "/a:b::c"},
    {"4:cpu,cpuacct:/docker/4a5f", SCHED_QUOTA_V1, "/docker/4a5f"},
    {"4:cpuacct,cpu:/docker/4a5f", SCHED_QUOTA_V1, "/docker/4a5f"},
    {"11:cpu:/kubepods/burstable/pod1-2/4a5f", SCHED_QUOTA_V1, "/kubepods/burstable/pod1-2/4a5f"},
    {"2:cpuset,cpu,cpuacct:/", SCHED_QUOTA_V1, "/"},
    {"3:cpuset:/docker/4a5f", neither, NULL},
    {"3:pid:/docker/4a5f", neither, NULL},
    {"3:cpuacct:/docker/4a5f", neither, NULL},
    {"1:name=systemd:/docker/4a5f", neither, NULL},
    {"1:name=cpu:/", neither, NULL},
    {"5:::/", neither, NULL},
    {"7::/", neither, NULL},
    {"4:cpu:", neither, NULL},
    {"4:cpu:docker", neither, NULL},
    {"4:cpu", neither, NULL},
    {"4:", neither, NULL},
    {"4", neither, NULL},
    {":cpu:/", neither, NULL},
    {"::", neither, NULL},
    {"", neither, NULL},
    {"4:,cpu,:/x", SCHED_QUOTA_V1, "/x"},
    {"4:,,:/x", neither, NULL},
};

static void check_memberships(void)
{
    for (size_t i = 0; i < sizeof memberships / sizeof memberships[0]; i++) {
        enum sched_quota_version version = SCHED_QUOTA_VERSIONS;
        const char *path = NULL;
        bool found = sched_quota_parse_membership(memberships[i].line, &version, &path);
        bool wanted = memberships[i].version != neither;
        check(found == wanted && (!found || ((int)version == memberships[i].version &&
                                             is_same(path, memberships[i].path))),
              memberships[i].line);
    }
}

/* ---- /proc/self/mountinfo */

static const struct {
    const char *line;
    int version;
    const char *root, *point;
} mounts[] = {
    {"35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
     "rw,nsdelegate,memory_recursiveprot",
     SCHED_QUOTA_V2, "/", "/sys/fs/cgroup"},
    {"35 24 0:30 /../../.. /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw", SCHED_QUOTA_V2,
     "/../../..", "/sys/fs/cgroup"},
    {"1203 1202 0:34 /docker/4a5f /sys/fs/cgroup/cpu,cpuacct ro,nosuid,nodev,noexec,relatime "
     "master:13 - cgroup cgroup rw,cpu,cpuacct",
     SCHED_QUOTA_V1, "/docker/4a5f", "/sys/fs/cgroup/cpu,cpuacct"},
    {"33 31 0:30 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu", SCHED_QUOTA_V1, "/",
     "/sys/fs/cgroup/cpu"},
    {"33 31 0:30 / /mnt/with\\040a\\011space\\134 rw shared:1 master:2 propagate_from:3 - cgroup "
     "none rw,cpuset,cpu",
     SCHED_QUOTA_V1, "/", "/mnt/with a\tspace\\"},
    {"33 31 0:30 / /mnt/\\04 rw - cgroup2 x rw", SCHED_QUOTA_V2, "/", "/mnt/\\04"},
    {"33 31 0:30 / /mnt/\\ rw - cgroup2 x rw", SCHED_QUOTA_V2, "/", "/mnt/\\"},
    {"33 31 0:30 / /mnt/\\/12\\1x2\\12x\\812 rw - cgroup2 x rw", SCHED_QUOTA_V2, "/",
     "/mnt/\\/12\\1x2\\12x\\812"},
    {"34 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset", neither, NULL, NULL},
    {"34 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct", neither, NULL, NULL},
    {"34 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd", neither, NULL,
     NULL},
    {"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755", neither, NULL, NULL},
    {"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard", neither, NULL, NULL},
    {"31 23 0:28 / /x rw - tmpfs cgroup2 rw,cpu", neither, NULL, NULL},
    {"31 23 0:28 / /x rw cgroup2 - - rw,cpu", neither, NULL, NULL},
    {"31 23 0:28 /proc/1/net net:[4026531833] rw - nsfs nsfs rw", neither, NULL, NULL},
    {"31 23 0:28 / relative rw - cgroup2 cgroup2 rw", neither, NULL, NULL},
    {"31 23 0:28 / /x rw - cgroup2 cgroup2", neither, NULL, NULL},
    {"31 23 0:28 / /x rw - cgroup2", neither, NULL, NULL},
    {"31 23 0:28 / /x rw -", neither, NULL, NULL},
    {"31 23 0:28 / /x rw", neither, NULL, NULL},
    {"31 23", neither, NULL, NULL},
    {" ", neither, NULL, NULL},
    {"", neither, NULL, NULL},
    {"- - - - - - - - - - - -", neither, NULL, NULL},
};

static void check_mounts(void)
{
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        char line[512];
        struct sched_quota_mount mount;
        memcpy(line, mounts[i].line, strlen(mounts[i].line) + 1);
        bool found = sched_quota_parse_mount(line, &mount);
        bool wanted = mounts[i].version != neither;
        check(found == wanted && (!found || ((int)mount.version == mounts[i].version &&
                                             is_same(mount.root, mounts[i].root) &&
                                             is_same(mount.point, mounts[i].point))),
              mounts[i].line);
    }
}

/* ---- where the group stands below the mount */

static const struct {
    const char *path, *root, *below, *what;
} places[] = {
    {"/", "/", "", "the root itself"},
    {"/a/b", "/", "/a/b", "below the hierarchy's root"},
    {"/docker/4a5f", "/docker/4a5f", "", "docker without a namespace: its own group is the root"},
    {"/docker/4a5f/in", "/docker/4a5f", "/in", "a group that the container made"},
    {"/docker/4a5f", "/docker/4a", NULL, "a name that only begins alike"},
    {"/docker/4a5f", "/docker/other", NULL, "a sibling's mount"},
    {"/", "/docker", NULL, "a mount of a group below ours"},
    {"/", "/..", "", "a mount of the group above the namespace"},
    {"/", "/../../..", "", "of one further up"},
    {"/a", "/..", "", "names between are unknown"},
    {"/..", "/..", "", "above the namespace, both"},
    {"/../x/y", "/..", "/x/y", "a group beside the namespace, below a mount above it"},
    {"/../x/y", "/../x", "/y", "below a mount beside it"},
    {"/../../x", "/..", NULL, "above the mount"},
    {"/../x", "/", NULL, "outside of what is mounted"},
    {"/", "/../x", NULL, "the mount is of a group beside us"},
    {"/a", "/../a", NULL, "the same name elsewhere"},
    {"/..a", "/", "/..a", "a name with dots"},
    {"/..a", "/..", "", "is no group above"},
};

static void check_places(void)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *below = sched_quota_path_below(places[i].path, places[i].root);
        bool same = below == NULL || places[i].below == NULL ? below == places[i].below
                                                             : is_same(below, places[i].below);
        check(same, places[i].what);
    }
}

/* ---- quotas */

static const struct {
    const char *text;
    unsigned cpus;
} version_2[] = {
    {"max 100000\n", sched_quota_none},
    {"100000 100000\n", 1},
    {"50000 100000\n", 1},
    {"1000 100000\n", 1},
    {"150000 100000\n", 2},
    {"200000 100000\n", 2},
    {"200001 100000\n", 3},
    {"25000 10000\n", 3},
    {"6400000 100000", 64},
    {"100000000000000 1", sched_quota_none},
    {"18446744073709551615 1000000", sched_quota_none},
    {"18446744073709551616 1000000", sched_quota_none},
    {"18446744073709551620 1000000", sched_quota_none},
    {"99999999999999999999 1000000", sched_quota_none},
    {"50000 0\n", sched_quota_none},
    {"0 100000\n", sched_quota_none},
    {"0 0\n", sched_quota_none},
    {"50000\n", sched_quota_none},
    {"50000", sched_quota_none},
    {"50000 ", sched_quota_none},
    {"50000 max\n", sched_quota_none},
    {"-1 100000\n", sched_quota_none},
    {"50000  100000\n", sched_quota_none},
    {"5x 100000\n", sched_quota_none},
    {"50000 100000x\n", sched_quota_none},
    {" 50000 100000\n", sched_quota_none},
    {"\n", sched_quota_none},
    {"", sched_quota_none},
    {"\x7f\x45\x4c\x46", sched_quota_none},
};

static const struct {
    const char *quota, *period;
    unsigned cpus;
} version_1[] = {
    {"-1\n", "100000\n", sched_quota_none},
    {"50000\n", "100000\n", 1},
    {"100000\n", "100000\n", 1},
    {"100001\n", "100000\n", 2},
    {"400000\n", "100000\n", 4},
    {"50000\n", "0\n", sched_quota_none},
    {"50000\n", "", sched_quota_none},
    {"", "100000\n", sched_quota_none},
    {"max\n", "100000\n", sched_quota_none},
    {"0\n", "100000\n", sched_quota_none},
};

static void check_quotas(void)
{
    for (size_t i = 0; i < sizeof version_2 / sizeof version_2[0]; i++)
        check_equal(sched_quota_parse_v2(version_2[i].text), version_2[i].cpus,
                    "CPUs of a cpu.max");
    for (size_t i = 0; i < sizeof version_1 / sizeof version_1[0]; i++)
        check_equal(sched_quota_parse_v1(version_1[i].quota, version_1[i].period),
                    version_1[i].cpus, "CPUs of quota and period");
}

int main(void)
{
    char long_name[4000];
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    check_memberships();
    check_mounts();
    check_places();
    check_quotas();
    check_equal(sched_quota_read("/no/such/folder"), sched_quota_none, "without /proc");
    check_equal(sched_quota_read(long_name), sched_quota_none, "a name that is too long");
    return tap_done();
}
