/*
 * How many CPUs the process's control groups let it use. quota.c says how it is found out.
 *
 * The parsers are here to be tested on texts; all but sched_quota_read work without the kernel.
 */
#ifndef KEEL_SCHED_QUOTA_H
#define KEEL_SCHED_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

enum { sched_quota_none = UINT16_MAX }; /* more CPUs than workers can be */

/*
 * The smallest quota, in CPUs and rounded up, of the process's control groups and of all their
 * ancestors that it can see; sched_quota_none when none says one. `root` is put before every path:
 * "" but in tests.
 */
unsigned sched_quota_read(const char *root);

/* Versions of control groups: each limits CPUs in files of its own. */
enum sched_quota_version { SCHED_QUOTA_V1, SCHED_QUOTA_V2, SCHED_QUOTA_VERSIONS };

/*
 * A line of /proc/self/cgroup: the group's path within the hierarchy that limits CPUs. False for
 * other hierarchies and for what is no such line. *path points into the line.
 */
bool sched_quota_parse_membership(const char *line, enum sched_quota_version *version,
                                  const char **path);

struct sched_quota_mount {
    enum sched_quota_version version;
    const char *root;  /* which group of the hierarchy stands at `point` */
    const char *point; /* absolute */
};

/*
 * A line of /proc/self/mountinfo, which is cut into its fields in place. False for other mounts and
 * for what is no such line.
 */
bool sched_quota_parse_mount(char *line, struct sched_quota_mount *mount);

/*
 * Where below a mount whose root is the group `root` the group `path` stands: "" or "/a/b",
 * pointing into `path`. NULL when it does not stand there. When the names between are unknown, "":
 * the root is an ancestor, and the only one to be seen there.
 */
const char *sched_quota_path_below(const char *path, const char *root);

/*
 * CPUs, rounded up, of a quota and the period for which it is given, in microseconds as the kernel
 * writes them ("max" or "-1": none). sched_quota_none for none and for what makes no sense.
 */
unsigned sched_quota_parse_v1(const char *quota, const char *period);

/* The same of a cpu.max: "50000 100000", "max 100000". */
unsigned sched_quota_parse_v2(const char *text);

#endif
