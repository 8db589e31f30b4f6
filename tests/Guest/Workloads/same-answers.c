// Asks a file system many questions and writes down the answers, so that those of two file systems can be compared.
//   same-answers FOLDER [QUESTION TO LEAVE OUT]...
// It runs as root. Nothing is written that differs from one run to the next: no times, no inode numbers, only how they relate.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { USER = 4321, GROUP = 4321, OTHER_GROUP = 5432, BLOCK = 4096 };

static char block[17 * BLOCK];
static const char *topic = "";

// Writes down what a call answered. Its value goes on, so that calls can be nested.
static long say(const char *call, long result)
{
    if (result < 0)
        printf("%s: %s = %s\n", topic, call, strerrorname_np(errno));
    else
        printf("%s: %s = %ld\n", topic, call, result);
    fflush(stdout);
    return result;
}

#define ASK(call) say(#call, (long)(call))

// For calls whose answer is a number that nobody can foresee.
#define ASK_DONE(call) ({ long result_ = (long)(call); say(#call, result_ < 0 ? -1 : 0); result_; })

static void tell(const char *what, long value)
{
    printf("%s: %s: %ld\n", topic, what, value);
    fflush(stdout);
}

static long mode_of(const char *path)
{
    struct stat status;
    return lstat(path, &status) < 0 ? -1 : (long)status.st_mode;
}

static long owner_of(const char *path)
{
    struct stat status;
    return lstat(path, &status) < 0 ? -1 : (long)status.st_uid * 100000 + status.st_gid;
}

static long size_of(const char *path)
{
    struct stat status;
    return lstat(path, &status) < 0 ? -1 : (long)status.st_size;
}

static void tell_mode(const char *path)
{
    long mode = mode_of(path);
    printf("%s: mode of %s: %lo\n", topic, path, mode < 0 ? 0 : mode);
}

static void make(const char *path, mode_t mode, size_t size)
{
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (file < 0 || write(file, block, size) != (ssize_t)size || fchmod(file, mode) < 0 || close(file) < 0) {
        perror(path);
        exit(2);
    }
}

// Does something as an ordinary user who is a member of one more group, and waits for it.
static void as_user(void (*what)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        gid_t groups[] = { OTHER_GROUP };
        if (setgroups(1, groups) < 0 || setgid(GROUP) < 0 || setuid(USER) < 0)
            exit(3);
        what();
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    tell("exit status of the user's part", status);
}

// ------------------------------------------------------------------ names

static void ask_names(void)
{
    topic = "names";
    char longest[300];
    memset(longest, 'n', sizeof longest);
    longest[255] = 0;
    make("file", 0644, 10);
    ASK(mkdir("folder", 0755));
    ASK(mkdir("folder", 0755));
    ASK(mkdir("folder/", 0755));
    ASK(mkdir("other/", 0755));
    ASK(rmdir("other"));
    ASK(mkdir("file/below", 0755));
    ASK(rmdir("file"));
    ASK(unlink("folder"));
    ASK(unlink("missing"));
    ASK(open("file/", O_RDONLY));
    ASK(open("missing/", O_CREAT | O_WRONLY, 0644));
    say("a name of 255 bytes", open(longest, O_CREAT | O_WRONLY, 0644) < 0 ? -1 : 0);
    ASK(unlink(longest));
    longest[255] = 'n';
    longest[256] = 0;
    say("a name of 256 bytes", open(longest, O_CREAT | O_WRONLY, 0644) < 0 ? -1 : 0);
    ASK(symlink("file", "link"));
    ASK(symlink("file", "link"));
    ASK(symlink("", "empty"));
    ASK(symlink("circle", "circle"));
    ASK(open("circle", O_RDONLY));
    ASK(open("link", O_RDONLY | O_NOFOLLOW));
    ASK(open("link", O_CREAT | O_EXCL | O_WRONLY, 0644));
    ASK(open("file", O_RDONLY | O_DIRECTORY));
    ASK(open("folder", O_WRONLY));
    ASK(open("folder", O_CREAT | O_RDONLY, 0644));
    char target[64] = "";
    ASK(readlink("link", target, sizeof target));
    ASK(readlink("link", target, 2));
    ASK(readlink("file", target, sizeof target));
    tell("size of the link", size_of("link"));
    ASK(link("file", "second"));
    ASK(link("file", "second"));
    ASK(link("folder", "third"));
    ASK(link("link", "link-to-link"));
    tell("mode of a link to a link", mode_of("link-to-link"));
    ASK(linkat(AT_FDCWD, "link", AT_FDCWD, "link-to-file", AT_SYMLINK_FOLLOW));
    struct stat status;
    ASK(stat("file", &status));
    tell("links", (long)status.st_nlink);
    ASK(stat("folder", &status));
    ASK(rename("folder", "folder/inside"));
    ASK(mkdir("full", 0755));
    make("full/file", 0644, 0);
    ASK(rename("folder", "full"));
    ASK(rename("full", "folder"));
    ASK(rename("file", "folder"));
    ASK(rename("folder", "file"));
    ASK(rename("file", "second"));
    ASK(access("file", F_OK));
    ASK(rmdir("folder"));
    ASK(rename("missing", "file"));
    ASK(unlink("folder/file"));
    ASK(chdir("folder"));
    ASK(rmdir("../folder"));
    ASK(open("new", O_CREAT | O_WRONLY, 0644));
    ASK(mkdir("new", 0755));
    ASK(syscall(SYS_getcwd, target, sizeof target));
    ASK(chdir(".."));
}

static void ask_renames(void)
{
    topic = "renameat2";
    make("a", 0644, 1);
    make("b", 0644, 2);
    ASK(mkdir("d", 0755));
    make("d/inside", 0644, 0);
    ASK(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
    ASK(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
    ASK(renameat2(AT_FDCWD, "c", AT_FDCWD, "b", RENAME_EXCHANGE));
    tell("size of b", size_of("b"));
    tell("size of c", size_of("c"));
    ASK(renameat2(AT_FDCWD, "b", AT_FDCWD, "d", RENAME_EXCHANGE));
    tell_mode("b");
    tell_mode("d");
    ASK(renameat2(AT_FDCWD, "b", AT_FDCWD, "missing", RENAME_EXCHANGE));
    ASK(renameat2(AT_FDCWD, "b", AT_FDCWD, "b/inside", RENAME_EXCHANGE));
    ASK(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE | RENAME_NOREPLACE));
    ASK(renameat2(AT_FDCWD, "d", AT_FDCWD, "e", RENAME_WHITEOUT));
    tell_mode("d");
    ASK(renameat2(AT_FDCWD, "c", AT_FDCWD, "e", 64));
    ASK(unlink("d"));
}

// ------------------------------------------------------------------ open files

static void ask_open_files(void)
{
    topic = "open";
    make("file", 0644, 100);
    int file = open("file", O_RDWR | O_APPEND);
    ASK(pwrite(file, "x", 1, 0));
    tell("size after appending", size_of("file"));
    ASK(lseek(file, -1, SEEK_SET));
    ASK(lseek(file, 0, SEEK_END));
    ASK(pread(file, block, 10, 1000));
    ASK(pread(file, block, 10, -1));
    ASK(ftruncate(file, -1));
    ASK(ftruncate(file, 5000));
    ASK(truncate("file", 50));
    ASK(truncate("missing", 50));
    ASK(truncate(".", 50));
    ASK(fdatasync(file));
    ASK(fsync(file));
    ASK(sync_file_range(file, 0, 10, SYNC_FILE_RANGE_WRITE));
    ASK(syncfs(file));
    ASK(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED));
    ASK(close(file));
    file = open("file", O_RDONLY);
    ASK(write(file, "x", 1));
    ASK(ftruncate(file, 0));
    ASK(fallocate(file, 0, 0, 10));
    ASK(close(file));
    file = open("file", O_WRONLY);
    ASK(read(file, block, 1));
    ASK(close(file));
    file = open("file", O_RDONLY | O_PATH);
    ASK(read(file, block, 1));
    ASK(fchmod(file, 0600));
    ASK(close(file));
    file = open("file", O_RDONLY | O_TRUNC);
    tell("size after O_TRUNC", size_of("file"));
    ASK(close(file));
    file = open("file", O_RDWR);
    ASK(unlink("file"));
    ASK(write(file, "still here", 10));
    struct stat status;
    ASK(fstat(file, &status));
    tell("size without a name", status.st_size);
    tell("links without a name", (long)status.st_nlink);
    ASK(fchmod(file, 0640));
    ASK(fchown(file, USER, GROUP));
    ASK(ftruncate(file, 3));
    ASK(futimens(file, NULL));
    ASK(fsetxattr(file, "user.name", "v", 1, 0));
    ASK(fgetxattr(file, "user.name", block, 10));
    ASK(close(file));
    file = open("created", O_CREAT | O_EXCL | O_RDWR, 0000);
    ASK(write(file, "x", 1));
    tell_mode("created");
    ASK(close(file));
    ASK(open("created", O_CREAT | O_EXCL | O_RDWR, 0644));
    int folder = open(".", O_RDONLY | O_DIRECTORY);
    ASK(fsync(folder));
    ASK(fdatasync(folder));
    ASK(read(folder, block, 10));
    ASK(fstatfs(folder, &(struct statfs){ 0 }));
    ASK(flock(folder, LOCK_EX));
    ASK(close(folder));
}

static void ask_temporary_files(void)
{
    topic = "O_TMPFILE";
    char name[64];
    umask(027);
    int file = open(".", O_TMPFILE | O_RDWR, 0666);
    umask(0);
    ASK(write(file, "content", 7));
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ASK(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    ASK(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    tell_mode("named");
    tell("size", size_of("named"));
    ASK(close(file));
    file = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    say("linkat of one that is to stay nameless", linkat(AT_FDCWD, name, AT_FDCWD, "never", AT_SYMLINK_FOLLOW));
    ASK(close(file));
    ASK(open(".", O_TMPFILE | O_RDONLY, 0600));
    ASK(open("named", O_TMPFILE | O_RDWR, 0600));
    ASK(open("missing", O_TMPFILE | O_RDWR, 0600));
}

static void ask_waiting(void)
{
    topic = "poll";
    make("file", 0644, 10);
    int file = open("file", O_RDWR);
    struct pollfd awaited = { .fd = file, .events = POLLIN | POLLOUT | POLLPRI };
    ASK(poll(&awaited, 1, 0));
    tell("events", awaited.revents);
    fd_set readable, writable, special;
    FD_ZERO(&readable);
    FD_SET(file, &readable);
    writable = special = readable;
    ASK(select(file + 1, &readable, &writable, &special, &(struct timeval){ 0 }));
    ASK(close(file));
}

// ------------------------------------------------------------------ data

static void tell_map(int file)
{
    off_t end = lseek(file, 0, SEEK_END);
    for (off_t at = 0; at < end;) {
        off_t data = lseek(file, at, SEEK_DATA);
        if (data < 0)
            break;
        at = lseek(file, data, SEEK_HOLE);
        printf("%s: data from %ld to %ld\n", topic, (long)data, (long)at);
    }
    unsigned long sum = 0;
    for (off_t at = 0; at < end; at += BLOCK) {
        ssize_t count = pread(file, block, BLOCK, at);
        for (ssize_t i = 0; i < count; i++)
            sum = sum * 31 + (unsigned char)block[i];
    }
    printf("%s: %ld bytes with the sum %lx\n", topic, (long)end, sum);
}

static void ask_allocation(void)
{
    topic = "fallocate";
    int file = open("file", O_CREAT | O_RDWR, 0644);
    for (int i = 0; i < 16; i++) {
        memset(block, 'a' + i, BLOCK);
        ASK(pwrite(file, block, BLOCK, (off_t)i * BLOCK));
    }
    ASK(fsync(file));
    ASK(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, BLOCK, 2 * BLOCK));
    tell_map(file);
    ASK(fallocate(file, FALLOC_FL_PUNCH_HOLE, BLOCK, 2 * BLOCK));
    ASK(fallocate(file, FALLOC_FL_ZERO_RANGE, 4 * BLOCK, BLOCK + 10));
    ASK(fallocate(file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 15 * BLOCK, 9 * BLOCK));
    tell_map(file);
    ASK(fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 100 * BLOCK));
    tell("size after keeping it", size_of("file"));
    ASK(fallocate(file, 0, 0, 30 * BLOCK));
    tell("size", size_of("file"));
    ASK(fallocate(file, 0, -1, BLOCK));
    ASK(fallocate(file, 0, 0, 0));
    ASK(fallocate(file, 0x4000, 0, BLOCK));
    ASK(lseek(file, 0, SEEK_DATA));
    ASK(lseek(file, 31 * BLOCK, SEEK_DATA));
    ASK(lseek(file, 31 * BLOCK, SEEK_HOLE));
    ASK(lseek(file, -1, SEEK_DATA));
    ASK(close(file));
}

static void ask_copies(void)
{
    topic = "copy_file_range";
    memset(block, 'c', sizeof block);
    make("source", 0644, 16 * BLOCK);
    make("target", 0644, 10);
    int source = open("source", O_RDWR), target = open("target", O_RDWR);
    off_t from = 10, to = 5;
    ASK(copy_file_range(source, &from, target, &to, 1000, 0));
    tell("source offset", from);
    tell("target offset", to);
    tell("size", size_of("target"));
    ASK(copy_file_range(source, NULL, target, NULL, BLOCK, 0));
    from = 16 * BLOCK;
    ASK(copy_file_range(source, &from, target, NULL, BLOCK, 0));
    from = 0, to = 10;
    ASK(copy_file_range(source, &from, source, &to, 100, 0));
    from = 0, to = 200;
    ASK(copy_file_range(source, &from, source, &to, 100, 0));
    ASK(copy_file_range(source, NULL, target, NULL, 10, 1));
    int append = open("target", O_WRONLY | O_APPEND);
    ASK(copy_file_range(source, NULL, append, NULL, 10, 0));
    ASK(close(append));
    int reader = open("target", O_RDONLY);
    ASK(copy_file_range(source, NULL, reader, NULL, 10, 0));
    tell_map(target);
    ASK(close(reader));
    ASK(close(source));
    ASK(close(target));
}

static void ask_mappings(void)
{
    topic = "mmap";
    memset(block, 'm', BLOCK);
    make("file", 0644, BLOCK);
    int file = open("file", O_RDWR);
    char *shared = mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    say("a shared mapping", shared == MAP_FAILED ? -1 : 0);
    if (shared == MAP_FAILED) {
        close(file);
        return;
    }
    shared[5] = 'x';
    char byte = 0;
    ASK(pread(file, &byte, 1, 5));
    tell("what was written into the mapping", byte);
    ASK(pwrite(file, "y", 1, 6));
    tell("what was written into the file", shared[6]);
    ASK(msync(shared, BLOCK, MS_SYNC));
    ASK(ftruncate(file, 2 * BLOCK));
    tell("a new page", shared[BLOCK]);
    ASK(munmap(shared, 2 * BLOCK));
    char *private = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    private[5] = 'p';
    ASK(pread(file, &byte, 1, 5));
    tell("what was written into a private mapping", byte);
    ASK(munmap(private, BLOCK));
    ASK(close(file));
    file = open("file", O_RDONLY);
    say("a shared mapping of a file that is open for reading only", mmap(NULL, BLOCK, PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED ? -1 : 0);
    ASK(close(file));
}

static void ask_program(void)
{
    topic = "execve";
    int file = open("script", O_CREAT | O_WRONLY, 0755);
    ASK(write(file, "#!/bin/sh\nexit 7\n", 17));
    fflush(stdout);
    if (fork() == 0) {
        execl("./script", "script", NULL);
        _exit(errno == ETXTBSY ? 100 : 101);
    }
    int status = 0;
    wait(&status);
    tell("status while it is open for writing", status);
    ASK(close(file));
    fflush(stdout);
    if (fork() == 0) {
        execl("./script", "script", NULL);
        _exit(101);
    }
    wait(&status);
    tell("status", status);
    ASK(chmod("script", 0644));
    ASK(access("script", X_OK));
    ASK(execl("./script", "script", NULL));
}

// ------------------------------------------------------------------ attributes

static void tell_times(const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0)
        printf("%s: times of %s: %ld.%09ld %ld.%09ld\n", topic, path, (long)status.st_atim.tv_sec, status.st_atim.tv_nsec,
            (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

static bool is_now(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return labs(now.tv_sec - then->tv_sec) < 30;
}

static void ask_times(void)
{
    topic = "times";
    make("file", 0644, 10);
    ASK(symlink("file", "link"));
    struct timespec times[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
    ASK(utimensat(AT_FDCWD, "file", times, 0));
    tell_times("file");
    times[0].tv_nsec = UTIME_OMIT;
    times[1] = (struct timespec){ 1200000000, 1 };
    ASK(utimensat(AT_FDCWD, "file", times, 0));
    tell_times("file");
    times[0].tv_nsec = times[1].tv_nsec = UTIME_OMIT;
    ASK(utimensat(AT_FDCWD, "file", times, 0));
    tell_times("file");
    struct stat status;
    times[0].tv_nsec = UTIME_NOW;
    ASK(utimensat(AT_FDCWD, "file", times, 0));
    ASK(stat("file", &status));
    tell("access time is now", is_now(&status.st_atim));
    tell("modification time", status.st_mtim.tv_sec);
    times[0] = (struct timespec){ -1000, 5 };
    times[1] = (struct timespec){ 5000000000, 7 };
    ASK(utimensat(AT_FDCWD, "file", times, 0));
    tell_times("file");
    times[0] = times[1] = (struct timespec){ 77, 88 };
    ASK(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
    tell_times("link");
    tell_times("file");
    times[1].tv_nsec = 1000000000;
    ASK(utimensat(AT_FDCWD, "file", times, 0));

    struct statx extended;
    ASK(statx(AT_FDCWD, "file", 0, STATX_ALL, &extended));
    tell("birth is told", (extended.stx_mask & STATX_BTIME) != 0);
    tell("basic attributes are told", (extended.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    tell("size", (long)extended.stx_size);
    ASK(statx(AT_FDCWD, "file", AT_STATX_SYNC_AS_STAT, 0x80000000, &extended));
    ASK(statx(AT_FDCWD, "", 0, STATX_ALL, &extended));
}

static void ask_read_times(void)
{
    topic = "access times";
    make("file", 0644, 10);
    struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };
    ASK(utimensat(AT_FDCWD, "file", old, 0));
    int file = open("file", O_RDONLY | O_NOATIME);
    ASK(read(file, block, 5));
    ASK(close(file));
    tell_times("file");
}

static void ask_attributes(void)
{
    topic = "xattr";
    make("file", 0644, 0);
    ASK(symlink("file", "link"));
    ASK(mkfifo("fifo", 0644));
    char name[300] = "user.";
    memset(name + 5, 'n', sizeof name - 5);
    name[255] = 0;
    ASK(setxattr("file", "user.one", "value", 5, XATTR_CREATE));
    ASK(setxattr("file", "user.one", "value", 5, XATTR_CREATE));
    ASK(setxattr("file", "user.two", "value", 5, XATTR_REPLACE));
    ASK(setxattr("file", "user.one", "longer value", 12, XATTR_REPLACE));
    ASK(setxattr("file", "user.empty", "", 0, 0));
    ASK(setxattr("file", "user.", "x", 1, 0));
    ASK(setxattr("file", "nonsense", "x", 1, 0));
    ASK(setxattr("file", "foo.bar", "x", 1, 0));
    ASK(setxattr("file", "", "x", 1, 0));
    ASK(setxattr("file", "trusted.one", "t", 1, 0));
    ASK(setxattr("file", "security.one", "s", 1, 0));
    say("a name of 255 bytes", setxattr("file", name, "x", 1, 0));
    say("its value", getxattr("file", name, block, 10));
    say("its end", removexattr("file", name));
    ASK(getxattr("file", "user.one", block, 5));
    ASK(getxattr("file", "user.one", NULL, 0));
    ASK(getxattr("file", "user.one", block, 100));
    ASK(getxattr("file", "user.missing", block, 100));
    ASK(getxattr("file", "user.empty", block, 100));
    ASK(listxattr("file", block, 5));
    long length = ASK(listxattr("file", block, sizeof block));
    long seen = 0;
    for (char *at = block; at < block + length; at += strlen(at) + 1)
        seen += (long)strlen(at) * (at[0] + at[strlen(at) - 1]);
    tell("sum of the names", seen);
    ASK(removexattr("file", "user.missing"));
    ASK(removexattr("file", "user.one"));
    ASK(lsetxattr("link", "user.one", "x", 1, 0));
    ASK(lsetxattr("link", "trusted.one", "x", 1, 0));
    ASK(lgetxattr("link", "trusted.one", block, 10));
    ASK(llistxattr("link", block, 100));
    ASK(setxattr("fifo", "user.one", "x", 1, 0));
    ASK(setxattr(".", "user.one", "x", 1, 0));
    say("a value that is too large", setxattr("file", "user.large", block, 65537, 0));
    ASK(chmod("file", 0400));
}

static void ask_attributes_as_user(void)
{
    topic = "xattr of a user";
    ASK(setxattr("file", "user.one", "x", 1, 0));
    ASK(getxattr("file", "user.empty", block, 10));
    ASK(setxattr("file", "trusted.two", "x", 1, 0));
    ASK(getxattr("file", "trusted.one", block, 10));
    ASK(removexattr("file", "trusted.one"));
    ASK(setxattr("file", "security.two", "x", 1, 0));
    long length = listxattr("file", block, sizeof block);
    for (char *at = block; at < block + length; at += strlen(at) + 1)
        tell("length of a name that is listed", (long)strlen(at));
}

static void ask_flags(void)
{
    topic = "flags";
    make("file", 0644, 10);
    int file = open("file", O_RDWR), flags = 0;
    ASK(ioctl(file, FS_IOC_GETFLAGS, &flags));
    tell("flags", flags & (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NOATIME_FL));
    flags |= FS_APPEND_FL;
    ASK(ioctl(file, FS_IOC_SETFLAGS, &flags));
    ASK(open("file", O_WRONLY));
    ASK(open("file", O_WRONLY | O_APPEND | O_TRUNC));
    ASK(truncate("file", 0));
    int append = open("file", O_WRONLY | O_APPEND);
    ASK(write(append, "x", 1));
    ASK(fsync(append));
    ASK(close(append));
    tell("size", size_of("file"));
    ASK(unlink("file"));
    ASK(rename("file", "other"));
    ASK(chmod("file", 0600));
    flags = (flags & ~FS_APPEND_FL) | FS_IMMUTABLE_FL;
    ASK(ioctl(file, FS_IOC_SETFLAGS, &flags));
    ASK(open("file", O_WRONLY | O_APPEND));
    ASK(open("file", O_RDONLY | O_TRUNC));
    ASK(unlink("file"));
    ASK(link("file", "other"));
    ASK(chmod("file", 0600));
    ASK(chown("file", 1, 1));
    ASK(utimensat(AT_FDCWD, "file", NULL, 0));
    ASK(setxattr("file", "user.one", "x", 1, 0));
    ASK(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 10));
    flags = 0;
    ASK(ioctl(file, FS_IOC_SETFLAGS, &flags));
    ASK(ioctl(file, FS_IOC_GETFLAGS, &flags));
    tell("flags", flags & (FS_IMMUTABLE_FL | FS_APPEND_FL));
    struct fsxattr extended;
    ASK(ioctl(file, FS_IOC_FSGETXATTR, &extended));
    extended.fsx_xflags |= FS_XFLAG_NOATIME;
    ASK(ioctl(file, FS_IOC_FSSETXATTR, &extended));
    ASK(ioctl(file, FS_IOC_FSGETXATTR, &extended));
    tell("extended flags", extended.fsx_xflags & FS_XFLAG_NOATIME);
    extended.fsx_xflags = 0;
    ASK(ioctl(file, FS_IOC_FSSETXATTR, &extended));
    ASK(ioctl(file, 0x5401 /* TCGETS */, block));
    ASK(close(file));
    int folder = open(".", O_RDONLY);
    ASK(ioctl(folder, FS_IOC_GETFLAGS, &flags));
    ASK(close(folder));
}

static void ask_flags_as_user(void)
{
    topic = "flags of a user";
    int file = open("file", O_RDONLY), flags = 0;
    ASK(ioctl(file, FS_IOC_GETFLAGS, &flags));
    flags = FS_IMMUTABLE_FL;
    ASK(ioctl(file, FS_IOC_SETFLAGS, &flags));
    flags = FS_NODUMP_FL;
    ASK(ioctl(file, FS_IOC_SETFLAGS, &flags));
}

// ------------------------------------------------------------------ owners and rights

static void ask_owners_as_user(void)
{
    topic = "a user";
    umask(022);
    ASK_DONE(open("public/file", O_CREAT | O_RDWR, 0666));
    tell("owner of a file", owner_of("public/file"));
    tell_mode("public/file");
    ASK(mkdir("public/folder", 0777));
    tell("owner of a folder", owner_of("public/folder"));
    ASK(symlink("target", "public/link"));
    tell("owner of a link", owner_of("public/link"));
    ASK(mkfifo("public/fifo", 0666));
    tell("owner of a fifo", owner_of("public/fifo"));
    ASK(mknod("public/device", S_IFCHR | 0666, makedev(1, 3)));
    ASK(mknod("public/whiteout", S_IFCHR | 0666, makedev(0, 0)));
    int temporary = open("public", O_TMPFILE | O_RDWR, 0644);
    struct stat status;
    ASK(fstat(temporary, &status));
    tell("owner of a nameless file", (long)status.st_uid * 100000 + status.st_gid);

    ASK_DONE(open("group/file", O_CREAT | O_RDWR, 02775));
    tell("owner of a file in a folder of another group", owner_of("group/file"));
    tell_mode("group/file");
    ASK(mkdir("group/folder", 0777));
    tell("owner of a folder there", owner_of("group/folder"));
    tell_mode("group/folder");
    ASK_DONE(open("foreign/file", O_CREAT | O_RDWR, 02775));
    tell("owner of a file in a folder of a group that the user is not in", owner_of("foreign/file"));
    tell_mode("foreign/file");
    ASK(mkdir("foreign/folder", 0777));
    tell_mode("foreign/folder");
    ASK(chmod("foreign/file", 02775));
    tell_mode("foreign/file");
    ASK(chown("public/file", USER, OTHER_GROUP));
    ASK(chown("public/file", USER, 9999));
    ASK(chown("public/file", 0, GROUP));
    ASK(chmod("public/file", 04755));
    tell_mode("public/file");
    ASK(chown("public/file", USER, GROUP));
    tell_mode("public/file");
    ASK(chmod("owned-by-root", 0777));
    ASK(open("owned-by-root", O_RDWR));
    ASK(unlink("sticky/of-root"));
    ASK(rename("sticky/of-root", "sticky/mine"));
    ASK(open("closed/file", O_RDONLY));
    ASK(open("closed", O_RDONLY | O_DIRECTORY));
    ASK(open("for-group", O_RDWR) < 0 ? -1 : 0);
    ASK(access("for-group", R_OK | W_OK));
    ASK(utimensat(AT_FDCWD, "everybody", NULL, 0));
    ASK(utimensat(AT_FDCWD, "everybody", (struct timespec[]){ { 1, 1 }, { 1, 1 } }, 0));
    ASK(open("everybody", O_RDONLY | O_NOATIME));

    int file = open("public/read-only", O_CREAT | O_EXCL | O_WRONLY, 0444);
    ASK(write(file, "git makes them like this", 24));
    ASK(ftruncate(file, 10));
    ASK(fallocate(file, 0, 0, 100));
    ASK(fsync(file));
    ASK(close(file));
    tell("size", size_of("public/read-only"));
    ASK(open("public/read-only", O_WRONLY));
    ASK(open("public/read-only", O_CREAT | O_WRONLY, 0444));
    file = open("public/nothing", O_CREAT | O_EXCL | O_RDWR, 0000);
    ASK(write(file, "x", 1));
    ASK(pread(file, block, 10, 0));
    ASK(close(file));
    ASK(open("public/nothing", O_RDONLY));
    ASK(unlink("public/nothing"));
}

static void prepare_owners(void)
{
    topic = "owners";
    ASK(mkdir("public", 0777));
    ASK(mkdir("group", 0777));
    ASK(chown("group", 0, OTHER_GROUP));
    ASK(chmod("group", 02777));
    ASK(mkdir("foreign", 0777));
    ASK(chown("foreign", 0, 7777));
    ASK(chmod("foreign", 02777));
    ASK(mkdir("sticky", 01777));
    make("sticky/of-root", 0666, 0);
    ASK(mkdir("closed", 0700));
    make("closed/file", 0666, 0);
    make("owned-by-root", 0644, 0);
    make("for-group", 0660, 0);
    ASK(chown("for-group", 0, OTHER_GROUP));
    make("everybody", 0666, 0);
}

static const char *const privileged[] = { "by-write", "by-truncate", "by-open", "by-chown", "by-allocate", "by-copy", "by-mapping", "not-executable" };
static const unsigned char capability[] = { 1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

static void make_privileged(void)
{
    for (size_t i = 0; i < sizeof privileged / sizeof *privileged; i++) {
        make(privileged[i], i == 7 ? 06666 : 06777, BLOCK);
        if (setxattr(privileged[i], "security.capability", capability, sizeof capability, 0) < 0)
            tell("no capability", errno);
        if (chown(privileged[i], USER, 7777) < 0 || chmod(privileged[i], i == 7 ? 06666 : 06777) < 0)
            tell("no owner", errno);
        setxattr(privileged[i], "security.capability", capability, sizeof capability, 0);
    }
}

static void change_privileged(void)
{
    int file = open("by-write", O_RDWR);
    ASK(write(file, "x", 1));
    ASK(close(file));
    ASK(truncate("by-truncate", 10));
    ASK_DONE(open("by-open", O_WRONLY | O_TRUNC));
    ASK(chown("by-chown", -1, geteuid() == 0 ? 1 : GROUP));
    file = open("by-allocate", O_RDWR);
    ASK(fallocate(file, 0, 0, 2 * BLOCK));
    ASK(close(file));
    file = open("by-copy", O_RDWR);
    int source = open("by-write", O_RDONLY);
    ASK(copy_file_range(source, NULL, file, NULL, 1, 0));
    ASK(close(file));
    ASK(close(source));
    file = open("not-executable", O_RDWR);
    ASK(write(file, "x", 1));
    ASK(close(file));
    for (size_t i = 0; i < sizeof privileged / sizeof *privileged; i++) {
        tell_mode(privileged[i]);
        say(privileged[i], getxattr(privileged[i], "security.capability", block, 100));
    }
}

static void change_privileged_as_user(void)
{
    topic = "privileges, a user";
    change_privileged();
}

static void ask_privileges(void)
{
    topic = "privileges, root";
    make_privileged();
    change_privileged();
    make_privileged();
    as_user(change_privileged_as_user);
}

// ------------------------------------------------------------------ special files and directories

static void ask_special_files(void)
{
    topic = "special files";
    ASK(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
    struct stat status;
    ASK(stat("null", &status));
    tell("device", (long)status.st_rdev);
    int file = ASK_DONE(open("null", O_RDWR));
    ASK(write(file, "x", 1));
    ASK(read(file, block, 1));
    ASK(close(file));
    ASK(mknod("disk", S_IFBLK | 0600, makedev(259, 70000)));
    ASK(stat("disk", &status));
    tell("device", (long)status.st_rdev);
    ASK(mknod("plain", S_IFREG | 0640, 0));
    tell_mode("plain");
    ASK(mknod("socket-by-mknod", S_IFSOCK | 0640, 0));
    tell_mode("socket-by-mknod");
    ASK(mkfifo("fifo", 0640));
    ASK(open("fifo", O_WRONLY | O_NONBLOCK));
    int reader = ASK_DONE(open("fifo", O_RDONLY | O_NONBLOCK)), writer = ASK_DONE(open("fifo", O_WRONLY));
    ASK(write(writer, "through", 7));
    ASK(read(reader, block, 10));
    ASK(close(reader));
    ASK(close(writer));
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), caller = socket(AF_UNIX, SOCK_STREAM, 0);
    ASK(connect(caller, (struct sockaddr *)&address, sizeof address));
    ASK(bind(listener, (struct sockaddr *)&address, sizeof address));
    ASK(listen(listener, 1));
    ASK(connect(caller, (struct sockaddr *)&address, sizeof address));
    tell_mode("socket");
    ASK(open("socket", O_RDONLY));
    ASK(unlink("socket"));
    ASK(close(listener));
    ASK(close(caller));
}

static long count_entries(DIR *folder)
{
    long count = 0;
    while (readdir(folder))
        count++;
    return count;
}

static void ask_directories(void)
{
    topic = "directories";
    enum { COUNT = 5000 };
    static char seen[COUNT];
    char name[NAME_MAX + 10];
    ASK(mkdir("many", 0755));
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "many/n%d", i);
        make(name, 0644, 0);
    }
    DIR *folder = opendir("many");
    tell("entries", count_entries(folder));
    rewinddir(folder);
    tell("entries", count_entries(folder));
    rewinddir(folder);
    // What is not deleted meanwhile comes once, also from where one was told to be.
    long places[4], told = 0, doubles = 0;
    struct dirent *entry;
    for (long i = 0; (entry = readdir(folder)); i++) {
        if (entry->d_name[0] == 'n' && seen[atoi(entry->d_name + 1)]++)
            doubles++;
        if (i % 1300 == 600 && told < 4)
            places[told++] = telldir(folder);
        if (i % 7 == 0 && entry->d_name[0] == 'n') {
            snprintf(name, sizeof name, "many/%s", entry->d_name);
            unlink(name);
        }
    }
    long missing = 0;
    for (int i = 0; i < COUNT; i++)
        missing += !seen[i];
    tell("entries that came twice", doubles);
    tell("entries that did not come", missing);
    tell("places", told);
    for (long i = told - 1; i >= 0; i--) {
        seekdir(folder, places[i]);
        tell("something is at the place", readdir(folder) != NULL);
    }
    rewinddir(folder);
    tell("entries that are left", count_entries(folder) > COUNT / 2);
    rewinddir(folder);
    long removed = 0;
    while ((entry = readdir(folder))) {
        snprintf(name, sizeof name, "many/%s", entry->d_name);
        if (entry->d_name[0] == 'n')
            removed += unlink(name) == 0;
    }
    rewinddir(folder);
    tell("entries at the end", count_entries(folder));
    ASK(closedir(folder));
    ASK(rmdir("many"));
    ASK(removed > COUNT / 2);
}

struct question {
    const char *name;
    void (*ask)(void);
    void (*ask_as_user)(void);
};

static const struct question questions[] = {
    { "names", ask_names, NULL },
    { "renames", ask_renames, NULL },
    { "open", ask_open_files, NULL },
    { "temporary", ask_temporary_files, NULL },
    { "waiting", ask_waiting, NULL },
    { "allocation", ask_allocation, NULL },
    { "copies", ask_copies, NULL },
    { "mappings", ask_mappings, NULL },
    { "program", ask_program, NULL },
    { "times", ask_times, NULL },
    { "reading", ask_read_times, NULL },
    { "attributes", ask_attributes, ask_attributes_as_user },
    { "flags", ask_flags, ask_flags_as_user },
    { "owners", prepare_owners, ask_owners_as_user },
    { "privileges", ask_privileges, NULL },
    { "special", ask_special_files, NULL },
    { "directories", ask_directories, NULL },
};

static void run(const struct question *question)
{
    umask(0);
    if (mkdir(question->name, 0755) < 0 || chdir(question->name) < 0) {
        perror(question->name);
        exit(2);
    }
    question->ask();
    if (question->ask_as_user)
        as_user(question->ask_as_user);
    if (chdir("..") < 0)
        exit(2);
}

static bool is_left_out(const char *name, char **left_out)
{
    for (; *left_out; left_out++)
        if (strcmp(*left_out, name) == 0)
            return true;
    return false;
}

int main(int count, char **arguments)
{
    if (count < 2 || chdir(arguments[1]) < 0) {
        fputs("usage: same-answers FOLDER [QUESTION TO LEAVE OUT]...\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    memset(block, 'b', sizeof block);
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (!is_left_out(questions[i].name, arguments + 2))
            run(&questions[i]);
    return 0;
}
