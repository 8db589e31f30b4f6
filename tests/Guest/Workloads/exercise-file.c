// Does what programs do to one file, in random order, and holds the file against a copy in memory after every step.
//   exercise-file FILE STEPS SEED [mmap]
// Ends with 0 when every byte was as expected; otherwise it says at which step and where the file differed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST_FILE = 512 * 1024, LARGEST_STEP = 96 * 1024, PAGE = 4096 };

static const char *path;
static int file = -1;
static unsigned char expected[LARGEST_FILE];
static unsigned char buffer[LARGEST_STEP + PAGE];
static off_t size;
static long step;
static const char *doing = "start";

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "step %ld (%s): ", step, doing);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static void check(long result)
{
    if (result < 0)
        fail("%s", strerror(errno));
}

static off_t below(off_t limit)
{
    return limit > 0 ? random() % limit : 0;
}

// A range that begins anywhere up to one step behind the end, and stays inside of the largest file.
static void choose(off_t *start, off_t *length)
{
    *start = below(size + LARGEST_STEP);
    if (*start >= LARGEST_FILE)
        *start = LARGEST_FILE - 1;
    *length = 1 + below(LARGEST_STEP);
    if (*length > LARGEST_FILE - *start)
        *length = LARGEST_FILE - *start;
}

static void grow(off_t end)
{
    if (end > size)
        size = end;
}

static void fill(off_t length)
{
    unsigned char seed = (unsigned char)random();
    for (off_t i = 0; i < length; i++)
        buffer[i] = (unsigned char)(seed + i * 7 + (i >> 8));
}

static void compare(const unsigned char *found, off_t start, off_t length)
{
    if (memcmp(found, expected + start, (size_t)length) == 0)
        return;
    for (off_t i = 0; i < length; i++)
        if (found[i] != expected[start + i])
            fail("byte %lld of a file of %lld is %02x and should be %02x", (long long)(start + i), (long long)size, found[i], expected[start + i]);
}

static void read_some(void)
{
    off_t start, length;
    choose(&start, &length);
    ssize_t got = pread(file, buffer, (size_t)length, start);
    check(got);
    off_t there = start >= size ? 0 : size - start < length ? size - start : length;
    if (got != there)
        fail("read %zd bytes at %lld and should have read %lld", got, (long long)start, (long long)there);
    compare(buffer, start, got);
}

static void write_some(void)
{
    off_t start, length;
    choose(&start, &length);
    fill(length);
    ssize_t put = pwrite(file, buffer, (size_t)length, start);
    if (put != length)
        fail("wrote %zd bytes of %lld: %s", put, (long long)length, strerror(errno));
    memcpy(expected + start, buffer, (size_t)length);
    grow(start + length);
}

static void append_some(void)
{
    off_t length = 1 + below(PAGE);
    if (size + length > LARGEST_FILE)
        return;
    fill(length);
    int appending = open(path, O_WRONLY | O_APPEND);
    check(appending);
    if (write(appending, buffer, (size_t)length) != length)
        fail("an appending write failed: %s", strerror(errno));
    check(close(appending));
    memcpy(expected + size, buffer, (size_t)length);
    grow(size + length);
}

static void truncate_it(void)
{
    off_t length = below(LARGEST_FILE);
    check(random() % 2 ? ftruncate(file, length) : truncate(path, length));
    if (length < size)
        memset(expected + length, 0, (size_t)(size - length));
    size = length;
}

static void read_mapped(void)
{
    if (size == 0)
        return;
    off_t start = below(size) & ~(off_t)(PAGE - 1);
    off_t length = 1 + below(size - start < LARGEST_STEP ? size - start : LARGEST_STEP);
    unsigned char *map = mmap(NULL, (size_t)length, PROT_READ, MAP_SHARED, file, start);
    if (map == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    compare(map, start, length);
    check(munmap(map, (size_t)length));
}

static void write_mapped(void)
{
    if (size == 0)
        return;
    off_t start = below(size) & ~(off_t)(PAGE - 1);
    off_t length = 1 + below(size - start < LARGEST_STEP ? size - start : LARGEST_STEP);
    fill(length);
    unsigned char *map = mmap(NULL, (size_t)length, PROT_READ | PROT_WRITE, MAP_SHARED, file, start);
    if (map == MAP_FAILED)
        fail("mmap: %s", strerror(errno));
    memcpy(map, buffer, (size_t)length);
    memcpy(expected + start, buffer, (size_t)length);
    if (random() % 2)
        check(msync(map, (size_t)length, MS_SYNC));
    check(munmap(map, (size_t)length));
}

// A mode that the file system behind the share does not have is passed over.
static bool allocate(int mode, off_t start, off_t length)
{
    if (fallocate(file, mode, start, length) == 0)
        return true;
    if (errno != EOPNOTSUPP)
        fail("fallocate: %s", strerror(errno));
    return false;
}

static void reserve(void)
{
    off_t start, length;
    choose(&start, &length);
    bool keep = random() % 2;
    if (allocate(keep ? FALLOC_FL_KEEP_SIZE : 0, start, length) && !keep)
        grow(start + length);
}

static void make_zero(void)
{
    off_t start, length;
    choose(&start, &length);
    int mode = random() % 2 ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
    if (!allocate(mode, start, length) || start >= size)
        return;
    memset(expected + start, 0, (size_t)(size - start < length ? size - start : length));
}

static void copy_inside(void)
{
    if (size < 2)
        return;
    off_t half = size / 2, length = 1 + below(half < LARGEST_STEP ? half : LARGEST_STEP);
    off_t from = below(half - length + 1), to = half + below(half);
    if (to + length > LARGEST_FILE)
        return;
    off_t done = 0;
    while (done < length) {
        off_t in = from + done, out = to + done;
        ssize_t copied = copy_file_range(file, &in, file, &out, (size_t)(length - done), 0);
        check(copied);
        if (copied == 0)
            fail("copy_file_range copied nothing");
        done += copied;
    }
    memmove(expected + to, expected + from, (size_t)length);
    grow(to + length);
}

static void seek_data(void)
{
    off_t start = below(size + 1);
    off_t hole = lseek(file, start, SEEK_HOLE);
    if (start == size) {
        if (hole != -1 || errno != ENXIO)
            fail("SEEK_HOLE at the end answered %lld", (long long)hole);
        return;
    }
    check(hole);
    if (hole < start || hole > size)
        fail("SEEK_HOLE from %lld answered %lld in a file of %lld", (long long)start, (long long)hole, (long long)size);
}

static void sync_it(void)
{
    check(random() % 2 ? fsync(file) : fdatasync(file));
}

static void forget_cache(void)
{
    check(fsync(file));
    check(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED));
}

static void open_anew(void)
{
    check(close(file));
    file = open(path, O_RDWR);
    check(file);
}

static void compare_all(void)
{
    struct stat status;
    check(fstat(file, &status));
    if (status.st_size != size)
        fail("the file has %lld bytes and should have %lld", (long long)status.st_size, (long long)size);
    for (off_t start = 0; start < size; start += LARGEST_STEP) {
        off_t length = size - start < LARGEST_STEP ? size - start : LARGEST_STEP;
        if (pread(file, buffer, (size_t)length, start) != length)
            fail("a read of what is there was short");
        compare(buffer, start, length);
    }
}

static const struct { const char *name; void (*run)(void); int weight; bool mapped; } steps[] = {
    { "read", read_some, 8, false }, { "write", write_some, 8, false }, { "append", append_some, 2, false },
    { "truncate", truncate_it, 3, false }, { "mapped read", read_mapped, 4, true }, { "mapped write", write_mapped, 4, true },
    { "reserve", reserve, 2, false }, { "zero", make_zero, 3, false }, { "copy", copy_inside, 2, false },
    { "seek", seek_data, 1, false }, { "sync", sync_it, 1, false }, { "forget cache", forget_cache, 1, false },
    { "reopen", open_anew, 1, false }, { "compare all", compare_all, 1, false },
};

int main(int count, char **words)
{
    if (count < 4) {
        fprintf(stderr, "usage: exercise-file FILE STEPS SEED [mmap]\n");
        return 2;
    }
    path = words[1];
    long last = atol(words[2]);
    srandom((unsigned)atol(words[3]));
    bool mapped = count > 4 && strcmp(words[4], "mmap") == 0;
    int total = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        total += steps[i].mapped && !mapped ? 0 : steps[i].weight;

    file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    check(file);
    for (step = 1; step <= last; step++) {
        int chosen = (int)below(total);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            int weight = steps[i].mapped && !mapped ? 0 : steps[i].weight;
            if (chosen < weight) {
                doing = steps[i].name;
                steps[i].run();
                break;
            }
            chosen -= weight;
        }
    }
    doing = "end";
    compare_all();
    check(close(file));
    printf("%ld steps, %lld bytes at the end\n", last, (long long)size);
    return 0;
}
