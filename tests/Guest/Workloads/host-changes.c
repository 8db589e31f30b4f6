// Measures when a guest sees what its host changes: looks at something through a share, changes it on the host, and counts the
// milliseconds until the share shows it.
//   host-changes FOLDER-IN-THE-SHARE SAME-FOLDER-ON-THE-HOST
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 20000 };

static const char *share, *host;
static int kept = -1, folder = -1;

static const char *in(const char *where, const char *name)
{
    static char paths[4][PATH_MAX];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_MAX, "%s/%s", where, name);
    return path;
}

static void fail(const char *what)
{
    printf("%s failed: %s\n", what, strerror(errno));
    exit(1);
}

static void must(const char *what, int result)
{
    if (result < 0)
        fail(what);
}

static void put(const char *path, const char *text)
{
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    must(path, file);
    must(path, (int)write(file, text, strlen(text)));
    must(path, close(file));
}

static bool holds(int file, const char *text)
{
    char found[64] = "";
    ssize_t length = pread(file, found, sizeof found - 1, 0);
    if (length < 0)
        fail("reading");
    return strcmp(found, text) == 0;
}

// Only a name may be missing for a while; whatever else goes wrong is a failure, ESTALE above all.
static bool file_holds(const char *name, const char *text)
{
    int file = open(in(share, name), O_RDONLY);
    if (file < 0 && errno == ENOENT)
        return false;
    must(name, file);
    bool same = holds(file, text);
    close(file);
    return same;
}

static bool exists(const char *name)
{
    struct stat status;
    if (stat(in(share, name), &status) == 0)
        return true;
    if (errno != ENOENT)
        fail(name);
    return false;
}

static bool is_listed(const char *name)
{
    DIR *listing = opendir(share);
    bool found = false;
    for (struct dirent *entry; listing && (entry = readdir(listing));)
        found = found || strcmp(entry->d_name, name) == 0;
    closedir(listing);
    return found;
}

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void measure(const char *what, bool (*is_seen)(void), void (*change)(void))
{
    if (is_seen()) {
        printf("%s: seen before it was changed\n", what);
        exit(1);
    }
    long begin = now();
    change();
    while (!is_seen()) {
        if (now() - begin > PATIENCE) {
            printf("%s: never seen\n", what);
            exit(1);
        }
        usleep(5000);
    }
    printf("%s: %ld\n", what, now() - begin);
    fflush(stdout);
}

static bool sees_longer(void) { return file_holds("longer", "much longer than before"); }
static void make_longer(void) { put(in(host, "longer"), "much longer than before"); }
static bool sees_kept_open(void) { return holds(kept, "other"); }
static void change_kept_open(void) { put(in(host, "kept"), "other"); }

static bool sees_mode(void)
{
    struct stat status;
    must("stat", stat(in(share, "mode"), &status));
    return (status.st_mode & 0777) == 0600;
}
static void change_mode(void) { must("chmod", chmod(in(host, "mode"), 0600)); }

static bool sees_new(void) { return exists("new"); }
static void make_new(void) { put(in(host, "new"), "new"); }
static bool misses_deleted(void) { return !exists("deleted"); }
static void delete_it(void) { must("unlink", unlink(in(host, "deleted"))); }
static bool lists_it(void) { return is_listed("listed"); }
static void make_listed(void) { put(in(host, "listed"), ""); }
static bool lists_no_more(void) { return !is_listed("listed"); }
static void delete_listed(void) { must("unlink", unlink(in(host, "listed"))); }

static bool sees_replaced(void) { return file_holds("replaced", "after!"); }
static void replace(void)
{
    put(in(host, "replaced.new"), "after!");
    must("rename", rename(in(host, "replaced.new"), in(host, "replaced")));
}

static bool sees_made_again(void) { return file_holds("again", "second"); }
static void make_again(void)
{
    must("unlink", unlink(in(host, "again")));
    put(in(host, "again"), "second");
}

static bool sees_moved(void) { return file_holds("moved-folder/file", "inside"); }
static void move_folder(void) { must("rename", rename(in(host, "folder"), in(host, "moved-folder"))); }

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: host-changes FOLDER-IN-THE-SHARE SAME-FOLDER-ON-THE-HOST\n", stderr);
        return 2;
    }
    share = arguments[1];
    host = arguments[2];
    put(in(host, "longer"), "short");
    put(in(host, "kept"), "first");
    put(in(host, "mode"), "");
    put(in(host, "deleted"), "");
    put(in(host, "replaced"), "before");
    put(in(host, "again"), "first!");
    must("mkdir", mkdir(in(host, "folder"), 0755));
    put(in(host, "folder/file"), "inside");
    kept = open(in(share, "kept"), O_RDONLY);
    must("open", kept);
    folder = open(in(share, "folder"), O_RDONLY | O_DIRECTORY);
    must("open", folder);

    measure("data and size", sees_longer, make_longer);
    measure("data of the same size, open file", sees_kept_open, change_kept_open);
    measure("mode", sees_mode, change_mode);
    measure("missing name", sees_new, make_new);
    measure("deleted name", misses_deleted, delete_it);
    measure("listing", lists_it, make_listed);
    measure("shorter listing", lists_no_more, delete_listed);

    int before = open(in(share, "replaced"), O_RDONLY);
    measure("replaced by rename", sees_replaced, replace);
    if (!holds(before, "before"))
        printf("the replaced file lost its content\n");
    measure("deleted and made again", sees_made_again, make_again);
    exists("folder/file");
    measure("moved folder", sees_moved, move_folder);
    int inside = openat(folder, "file", O_RDONLY);
    must("opening a file in a folder that was moved", inside);
    if (!holds(inside, "inside"))
        printf("the moved file lost its content\n");
    must("making a file in a folder that was moved", openat(folder, "made", O_CREAT | O_WRONLY, 0644));

    must("unlink", unlink(in(host, "replaced")));
    struct stat status;
    must("looking at an open file that the host deleted", fstat(before, &status));
    if (!holds(before, "before"))
        printf("the deleted file lost its content\n");
    puts("done");
    return 0;
}
