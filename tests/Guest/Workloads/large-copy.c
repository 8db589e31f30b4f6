// Data past the page caches, in one piece, and in one copy: large-copy FOLDER
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 4096, MIB = 1 << 20 };

static char *buffer;

static void check(const char *what, long long found, long long expected)
{
    if (found != expected) {
        printf("%s: %lld instead of %lld (%s)\n", what, found, expected, strerror(errno));
        exit(1);
    }
}

// Direct I/O of any length at any place, as FUSE takes it, and what the page cache has to say of it.
static void go_direct(void)
{
    int direct = open("direct", O_CREAT | O_RDWR | O_DIRECT, 0644), cached = open("direct", O_RDWR);
    memset(buffer, 'a', MIB);
    check("aligned write", pwrite(direct, buffer, MIB, 0), MIB);
    check("read back", pread(cached, buffer, MIB, 0), MIB);
    check("its end", buffer[MIB - 1], 'a');
    memset(buffer, 'b', MIB);
    check("cached write", pwrite(cached, buffer, 10, 100), 10);
    memset(buffer, 0, MIB);
    check("direct read", pread(direct, buffer, BLOCK, 0), BLOCK);
    check("what was cached", buffer[105], 'b');
    check("direct read at the end", pread(direct, buffer, 2 * BLOCK, MIB - BLOCK), BLOCK);
    check("direct read behind it", pread(direct, buffer, BLOCK, MIB), 0);
    close(direct);
    close(cached);
}

static void go_unaligned(void)
{
    int direct = open("unaligned", O_CREAT | O_RDWR | O_DIRECT, 0644);
    memset(buffer, 'c', MIB);
    check("unaligned write", pwrite(direct, buffer + 1, 1001, 7), 1001);
    memset(buffer, 0, MIB);
    check("unaligned read", pread(direct, buffer + 3, 5000, 8), 1000);
    check("its byte", buffer[3 + 999], 'c');
    close(direct);
}

// More than 32 bits can tell, of which nearly all is a hole.
static void copy(void)
{
    const long long size = (5LL << 30) + 123;
    int from = open("large", O_CREAT | O_RDWR, 0644), to = open("copied", O_CREAT | O_RDWR, 0644);
    check("truncate", ftruncate(from, size), 0);
    check("write", pwrite(from, "middle", 6, 3LL << 30), 6);
    check("write", pwrite(from, "end", 3, size - 3), 3);
    long long copied = 0, calls = 0;
    for (ssize_t now; (now = copy_file_range(from, NULL, to, NULL, (size_t)size, 0)) > 0; copied += now)
        calls++;
    check("copied bytes", copied, size);
    struct stat status;
    fstat(to, &status);
    check("size", status.st_size, size);
    check("read", pread(to, buffer, 6, 3LL << 30), 6);
    check("middle", memcmp(buffer, "middle", 6), 0);
    check("read", pread(to, buffer, 10, size - 3), 3);
    check("end", memcmp(buffer, "end", 3), 0);
    printf("copied in %lld calls\n", calls);
    unlink("large");
    unlink("copied");
}

int main(int count, char **arguments)
{
    if (count < 2 || chdir(arguments[1]) < 0 || posix_memalign((void **)&buffer, BLOCK, MIB + BLOCK)) {
        fputs("usage: large-copy FOLDER\n", stderr);
        return 2;
    }
    memset(buffer, 0, MIB + BLOCK);
    go_direct();
    if (count < 3)
        go_unaligned();
    copy();
    return 0;
}
