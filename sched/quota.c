/*
 * The CPU quota of control groups. A container that may use half a CPU sees all CPUs of its host in
 * the affinity mask; workers that it has no time for would only take it from each other.
 *
 * Where to look:
 *   1. /proc/self/cgroup says in which group the process is, in each hierarchy. Version 2 has one
 *      hierarchy ("0::/a/b"), version 1 one for each set of controllers ("4:cpu,cpuacct:/a/b"). On
 * a hybrid system both stand there, and the controller `cpu` belongs to one of the two.
 *   2. /proc/self/mountinfo says where these hierarchies are mounted, if they are, and which group
 *      of each is the mount's root: in a container often the process's own group or an ancestor.
 *   3. From the group's folder up to the mount's root each has its quota: cpu.max, or
 *      cpu.cfs_quota_us and cpu.cfs_period_us. An ancestor's counts as well, and the smallest is
 *      what the process has.
 *
 * Both paths, of the group and of a mount's root, are as seen from the process's cgroup namespace:
 * "/" is the namespace's root, "/.." the group above it, "/../x" a sibling. So the two can be
 * compared, but for the names of groups above the namespace's root, which nobody tells.
 *
 * What cannot be read says nothing: without /proc, or where the hierarchy is not mounted, there is
 * no quota to be seen. Nothing is allocated: the texts lie on the caller's stack, in buffers larger
 * than what container engines make; a line that is longer than its buffer is left out. All of it
 * takes about 12 KiB of stack.
 */

#include "sched/quota.h"

#include <stddef.h>

#include "base/file.h"
#include "base/memory.h"

enum { line_room = 2048, group_room = 1024, number_room = 64 };

/* ---- texts */

static bool begins_with(const char *text, const char *beginning)
{
    while (*beginning != '\0') {
        if (*text++ != *beginning++)
            return false;
    }
    return true;
}

static bool is_same(const char *left, const char *right)
{
    return strlen(left) == strlen(right) && begins_with(left, right);
}

/* Where the first `byte` of the text is, or its end. */
static const char *find(const char *text, char byte)
{
    while (*text != byte && *text != '\0')
        text++;
    return text;
}

/* Whether `word` is one of the words of the list, which ends at `end` and has commas between. */
static bool has_word(const char *list, const char *end, const char *word)
{
    size_t len = strlen(word);
    while (list < end) {
        const char *comma = list;
        while (comma < end && *comma != ',')
            comma++;
        if ((size_t)(comma - list) == len && memcmp(list, word, len) == 0)
            return true;
        list = comma + 1;
    }
    return false;
}

/* ---- /proc/self/cgroup */

bool sched_quota_parse_membership(const char *line, enum sched_quota_version *version,
                                  const char **path)
{
    const char *controllers = find(line, ':');
    if (controllers == line || *controllers == '\0')
        return false;
    controllers++;
    const char *end = find(controllers, ':');
    if (end[0] != ':' || end[1] != '/')
        return false;
    *path = end + 1;
    if (controllers == end) {
        *version = SCHED_QUOTA_V2;
        return begins_with(line, "0:");
    }
    *version = SCHED_QUOTA_V1;
    return has_word(controllers, end, "cpu");
}

/* ---- /proc/self/mountinfo */

/* Takes the next field, which a space ends. NULL at the end of the line. */
static char *next_field(char **rest)
{
    char *field = *rest;
    if (*field == '\0')
        return NULL;
    char *end = field + (find(field, ' ') - field);
    *rest = *end == ' ' ? end + 1 : end;
    *end = '\0';
    return field;
}

static bool is_octal(char digit)
{
    return digit >= '0' && digit <= '7';
}

/* The kernel writes spaces, tabs, newlines and backslashes of a path as a backslash and 3 digits.
 */
static void undo_escapes(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; to++) {
        if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* 36 35 98:0 /root /mount/point rw,noatime shared:1 master:2 - type source rw,options */
bool sched_quota_parse_mount(char *line, struct sched_quota_mount *mount)
{
    enum { root_field = 3, point_field = 4, options_field = 5 };
    char *fields[options_field + 1];
    char *rest = line;
    for (int i = 0; i <= options_field; i++) {
        fields[i] = next_field(&rest);
        if (fields[i] == NULL)
            return false;
    }
    char *field;
    do
        field = next_field(&rest);
    while (field != NULL && !is_same(field, "-"));
    char *type = next_field(&rest);
    char *source = type == NULL ? NULL : next_field(&rest);
    char *options = source == NULL ? NULL : next_field(&rest);
    if (options == NULL || fields[root_field][0] != '/' || fields[point_field][0] != '/')
        return false;
    undo_escapes(fields[root_field]);
    undo_escapes(fields[point_field]);
    mount->root = fields[root_field];
    mount->point = fields[point_field];
    if (is_same(type, "cgroup2")) {
        mount->version = SCHED_QUOTA_V2;
        return true;
    }
    mount->version = SCHED_QUOTA_V1;
    return is_same(type, "cgroup") && has_word(options, options + strlen(options), "cpu");
}

/* ---- the group's place below a mount */

/* Skips each "/.." at the beginning, and counts them. */
static unsigned skip_parents(const char **path)
{
    unsigned count = 0;
    while (begins_with(*path, "/..") && ((*path)[3] == '/' || (*path)[3] == '\0')) {
        *path += 3;
        count++;
    }
    return count;
}

const char *sched_quota_path_below(const char *path, const char *root)
{
    unsigned above = skip_parents(&path);
    unsigned root_above = skip_parents(&root);
    if (root[0] == '/' && root[1] == '\0')
        root++;
    if (path[0] == '/' && path[1] == '\0')
        path++;
    if (root_above > above && root[0] == '\0')
        return "";
    size_t len = strlen(root);
    if (root_above != above || strlen(path) < len || memcmp(path, root, len) != 0 ||
        (path[len] != '/' && path[len] != '\0'))
        return NULL;
    return path + len;
}

/* ---- quotas */

/* Digits, which a space, a newline or the end follows; *text then points behind. */
static bool parse_number(const char **text, uint64_t *number)
{
    const char *at = *text;
    uint64_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return false;
    }
    if (at == *text || (*at != '\0' && *at != '\n' && *at != ' '))
        return false;
    *text = at;
    *number = value;
    return true;
}

/* A quota of 0 cannot be set; where one is read all the same, it is not believed. */
static unsigned count_cpus(uint64_t quota, uint64_t period)
{
    if (quota == 0 || period == 0)
        return sched_quota_none;
    uint64_t count = quota / period + (quota % period != 0);
    return count < sched_quota_none ? (unsigned)count : sched_quota_none;
}

unsigned sched_quota_parse_v1(const char *quota, const char *period)
{
    uint64_t quota_number, period_number;
    if (!parse_number(&quota, &quota_number) || !parse_number(&period, &period_number))
        return sched_quota_none;
    return count_cpus(quota_number, period_number);
}

unsigned sched_quota_parse_v2(const char *text)
{
    uint64_t quota, period;
    if (!parse_number(&text, &quota) || *text != ' ')
        return sched_quota_none;
    text++;
    if (!parse_number(&text, &period))
        return sched_quota_none;
    return count_cpus(quota, period);
}

/* ---- reading */

/* A file as lines. */
struct line_reader {
    int descriptor;
    size_t at, len;
    char buffer[4096];
};

static bool next_byte(struct line_reader *reader, char *byte)
{
    if (reader->at == reader->len) {
        long got = file_read(reader->descriptor, reader->buffer, sizeof reader->buffer);
        if (got <= 0)
            return false;
        reader->at = 0;
        reader->len = (size_t)got;
    }
    *byte = reader->buffer[reader->at++];
    return true;
}

/* The next line that fits into `room`, without its newline. False at the end. */
static bool next_line(struct line_reader *reader, char *line, size_t room)
{
    size_t len = 0;
    char byte;
    while (next_byte(reader, &byte)) {
        if (byte == '\n' && len < room) {
            line[len] = '\0';
            return true;
        }
        if (byte == '\n')
            len = 0;
        else if (len < room)
            line[len++] = byte;
    }
    return false;
}

/* A path under construction. Once something did not fit it stays cut, and names nothing. */
struct path {
    size_t len;
    bool cut;
    char text[line_room];
};

static void path_add(struct path *path, const char *text)
{
    size_t len = strlen(text);
    if (path->cut || len >= sizeof path->text - path->len) {
        path->cut = true;
        return;
    }
    memcpy(path->text + path->len, text, len + 1);
    path->len += len;
}

static void path_shorten(struct path *path, size_t len)
{
    path->len = len;
    path->text[len] = '\0';
    path->cut = false;
}

static void path_begin(struct path *path, const char *text)
{
    path_shorten(path, 0);
    path_add(path, text);
}

/* A file of the folder that the path names, as a string; empty when there is none. */
static void read_in_folder(struct path *folder, const char *name, char *text, size_t room)
{
    size_t len = folder->len;
    text[0] = '\0';
    path_add(folder, name);
    if (!folder->cut)
        file_read_text(folder->text, text, room);
    path_shorten(folder, len);
}

static unsigned quota_of_folder(struct path *folder, enum sched_quota_version version)
{
    char quota[number_room], period[number_room];
    if (version == SCHED_QUOTA_V2) {
        read_in_folder(folder, "/cpu.max", quota, sizeof quota);
        return sched_quota_parse_v2(quota);
    }
    read_in_folder(folder, "/cpu.cfs_quota_us", quota, sizeof quota);
    if (quota[0] == '\0' || quota[0] == '-')
        return sched_quota_none;
    read_in_folder(folder, "/cpu.cfs_period_us", period, sizeof period);
    return sched_quota_parse_v1(quota, period);
}

/* What the process's groups are called; an empty path: none. */
struct membership {
    char path[SCHED_QUOTA_VERSIONS][group_room];
};

static unsigned smallest_below(const char *root, const struct sched_quota_mount *mount,
                               const char *below)
{
    struct path folder;
    path_begin(&folder, root);
    path_add(&folder, mount->point);
    size_t top = folder.len;
    path_add(&folder, below);
    if (folder.cut)
        path_shorten(&folder, top);
    unsigned smallest = sched_quota_none;
    for (;;) {
        unsigned quota = quota_of_folder(&folder, mount->version);
        if (quota < smallest)
            smallest = quota;
        if (folder.len == top)
            return smallest;
        size_t len = folder.len;
        do
            len--;
        while (len > top && folder.text[len] != '/');
        path_shorten(&folder, len);
    }
}

static bool open_below(struct line_reader *reader, const char *root, const char *name)
{
    struct path path;
    path_begin(&path, root);
    path_add(&path, name);
    reader->at = reader->len = 0;
    reader->descriptor = path.cut ? -1 : file_open(path.text);
    return reader->descriptor >= 0;
}

static bool read_membership(const char *root, struct membership *membership)
{
    struct line_reader reader;
    char line[group_room];
    bool found = false;
    for (int i = 0; i < SCHED_QUOTA_VERSIONS; i++)
        membership->path[i][0] = '\0';
    if (!open_below(&reader, root, "/proc/self/cgroup"))
        return false;
    while (next_line(&reader, line, sizeof line)) {
        enum sched_quota_version version;
        const char *path;
        if (!sched_quota_parse_membership(line, &version, &path))
            continue;
        memcpy(membership->path[version], path, strlen(path) + 1);
        found = true;
    }
    file_close(reader.descriptor);
    return found;
}

unsigned sched_quota_read(const char *root)
{
    struct membership membership;
    struct line_reader reader;
    char line[line_room];
    unsigned smallest = sched_quota_none;
    if (!read_membership(root, &membership) || !open_below(&reader, root, "/proc/self/mountinfo"))
        return smallest;
    while (next_line(&reader, line, sizeof line)) {
        struct sched_quota_mount mount;
        if (!sched_quota_parse_mount(line, &mount) || membership.path[mount.version][0] == '\0')
            continue;
        const char *below = sched_quota_path_below(membership.path[mount.version], mount.root);
        if (below == NULL)
            continue;
        unsigned quota = smallest_below(root, &mount, below);
        if (quota < smallest)
            smallest = quota;
    }
    file_close(reader.descriptor);
    return smallest;
}
