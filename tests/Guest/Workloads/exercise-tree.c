// Several processes change one tree at once, at random, for a while. Losing a race is fine; errors that no race explains are not.
//   exercise-tree FOLDER PROCESSES SECONDS SEED
// At the end the tree must be whole: every entry can be looked at, every file read, and all of it removed.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { NAMES = 12, DEPTH = 4, BLOCK = 8192 };

static char one[512], other[512], block[BLOCK];
static long done, lost;

static void choose(char *target)
{
    int depth = 1 + (int)(random() % DEPTH);
    char *end = target;
    for (int i = 0; i < depth; i++)
        end += sprintf(end, "%sn%ld", i ? "/" : "", random() % NAMES);
}

// What may happen when somebody else was quicker, or the names chosen do not go together.
static bool is_fair(int error)
{
    switch (error) {
    case ENOENT: case EEXIST: case ENOTDIR: case EISDIR: case ENOTEMPTY: case EINVAL: case ELOOP: case EMLINK: case EBUSY: case ENODATA:
    case EXDEV: case EPERM: case ENAMETOOLONG: case EOPNOTSUPP: case ETXTBSY:
        return true;
    default:
        return false;
    }
}

static void note(const char *what, long result)
{
    done++;
    if (result >= 0)
        return;
    lost++;
    if (!is_fair(errno)) {
        fprintf(stderr, "%s of %s (%s): %s\n", what, one, other, strerror(errno));
        exit(1);
    }
}

static void write_file(void)
{
    int file = open(one, O_RDWR | O_CREAT | (random() % 4 ? 0 : O_TRUNC) | O_NOFOLLOW, 0600 | (random() & 077));
    note("open", file);
    if (file < 0)
        return;
    off_t place = random() % (16 * BLOCK);
    note("write", pwrite(file, block, (size_t)(1 + random() % BLOCK), place));
    note("read", pread(file, block + BLOCK / 2, BLOCK / 2, place));
    if (random() % 8 == 0)
        note("fsync", fsync(file));
    if (random() % 4 == 0)
        note("ftruncate", ftruncate(file, random() % (16 * BLOCK)));
    if (random() % 8 == 0)
        note("fchmod", fchmod(file, 0600 | (mode_t)(random() & 077)));
    if (close(file) < 0) {
        perror("close");
        exit(1);
    }
}

static void list(void)
{
    DIR *directory = opendir(random() % 2 ? one : ".");
    note("opendir", directory ? 0 : -1);
    if (!directory)
        return;
    struct dirent *entry;
    errno = 0;
    while ((entry = readdir(directory)) != NULL) {
        struct stat status;
        if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            note("fstatat", -1);
        errno = 0;
    }
    note("readdir", errno ? -1 : 0);
    closedir(directory);
}

static void change(void)
{
    struct stat status;
    choose(one);
    choose(other);
    switch (random() % 14) {
    case 0: case 1: case 2: case 3: write_file(); break;
    case 4: note("mkdir", mkdir(one, 0755)); break;
    case 5: note("rename", rename(one, other)); break;
    case 6: note("renameat2", renameat2(AT_FDCWD, one, AT_FDCWD, other, random() % 2 ? RENAME_NOREPLACE : RENAME_EXCHANGE)); break;
    case 7: note("link", link(one, other)); break;
    case 8: note("symlink", symlink(other, one)); break;
    case 9: note("unlink", unlink(one)); break;
    case 10: note("rmdir", rmdir(one)); break;
    case 11: note("setxattr", lsetxattr(one, "user.exercise", block, (size_t)(random() % 100), 0)); break;
    case 12: note("lstat", lstat(one, &status)); break;
    default: list(); break;
    }
}

static int look(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)place;
    if (kind == FTW_NS || kind == FTW_DNR) {
        fprintf(stderr, "%s cannot be looked at: %s\n", path, strerror(errno));
        return 1;
    }
    if (!S_ISREG(status->st_mode))
        return 0;
    int file = open(path, O_RDONLY);
    off_t total = 0;
    ssize_t got = 0;
    while (file >= 0 && (got = read(file, block, BLOCK)) > 0)
        total += got;
    if (file < 0 || got < 0 || total != status->st_size) {
        fprintf(stderr, "%s: read %lld bytes of %lld: %s\n", path, (long long)total, (long long)status->st_size, strerror(errno));
        return 1;
    }
    return close(file);
}

static int take_away(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    if (place->level == 0)
        return 0;
    if (remove(path) == 0)
        return 0;
    fprintf(stderr, "%s cannot be removed: %s\n", path, strerror(errno));
    return 1;
}

int main(int count, char **words)
{
    if (count < 5) {
        fprintf(stderr, "usage: exercise-tree FOLDER PROCESSES SECONDS SEED\n");
        return 2;
    }
    if ((mkdir(words[1], 0755) < 0 && errno != EEXIST) || chdir(words[1]) < 0) {
        perror(words[1]);
        return 1;
    }
    int processes = atoi(words[2]);
    time_t end = time(NULL) + atol(words[3]);
    for (int i = 0; i < processes; i++) {
        if (fork() != 0)
            continue;
        srandom((unsigned)(atol(words[4]) + i));
        while (time(NULL) < end)
            for (int j = 0; j < 50; j++)
                change();
        printf("process %d: %ld operations, %ld of them in vain\n", i, done, lost);
        return 0;
    }
    int failed = 0, status;
    while (wait(&status) > 0)
        failed |= status != 0;
    failed = failed || nftw(".", look, 20, FTW_PHYS) != 0;
    failed = failed || nftw(".", take_away, 20, FTW_PHYS | FTW_DEPTH) != 0;
    return failed;
}
