#define _GNU_SOURCE
// Makes threads of another process make system calls, as code would that has got hold of them: escape PID COMM SHARED PARENT [[-]ATTEMPT].
// One attempt alone is made where one is named, all but that one where "-" precedes it. For each a line: its name, and the result, or "killed" where the
// process did not live through it. Of several, SIGSYS is kept from the process, so that it lives until the last: "trapped".
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>

static pid_t thread;
static struct user_regs_struct saved;
static unsigned long room;
static int keeps;

enum { DONE, KILLED, TRAPPED };

static pid_t find(const char *pid, const char *comm) {
  char path[300], name[64] = "";
  snprintf(path, sizeof path, "/proc/%s/task", pid);
  DIR *tasks = opendir(path);
  for (struct dirent *task; tasks && (task = readdir(tasks));) {
    snprintf(path, sizeof path, "/proc/%s/task/%s/comm", pid, task->d_name);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    int read = fscanf(file, "%63s", name);
    fclose(file);
    if (read == 1 && !strcmp(name, comm)) return atoi(task->d_name);
  }
  return 0;
}

static void poke(unsigned long where, const void *what, size_t size) {
  struct iovec from = {(void *)what, size}, to = {(void *)where, size};
  if (process_vm_writev(thread, &from, 1, &to, 1, 0) != (ssize_t)size) perror("process_vm_writev"), exit(3);
}

// Waits until the thread stands still; signals of others reach it on the way. 0 where it ended.
static int settle(void) {
  int status;
  for (;;) {
    if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) return 0;
    if (WSTOPSIG(status) == SIGSTOP) return 1;
    if (ptrace(PTRACE_CONT, thread, 0, WSTOPSIG(status))) return 0;
  }
}

// One system call in the thread.
static int call(long *result, long number, long a, long b, long c, long d, long e, long f) {
  struct user_regs_struct regs = saved;
  regs.rip = saved.rip - 2;
  regs.orig_rax = -1;
  regs.rax = number, regs.rdi = a, regs.rsi = b, regs.rdx = c, regs.r10 = d, regs.r8 = e, regs.r9 = f;
  struct user_regs_struct again = regs;
  int status;
  if (ptrace(PTRACE_SETREGS, thread, 0, &regs) || ptrace(PTRACE_SINGLESTEP, thread, 0, 0)) perror("ptrace"), exit(3);
  if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) return KILLED;
  if (WSTOPSIG(status) == SIGSYS) {
    // The step's own signal waits behind it.
    if (ptrace(PTRACE_SINGLESTEP, thread, 0, 0) || waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) return KILLED;
    if (keeps) return TRAPPED;

    // Once more, untraced: the kernel lets no signal end the first process of a namespace while it is traced.
    ptrace(PTRACE_SETREGS, thread, 0, &again);
    ptrace(PTRACE_DETACH, thread, 0, 0);
    return KILLED;
  }
  if (ptrace(PTRACE_GETREGS, thread, 0, &regs)) return KILLED;
  *result = regs.rax;
  return DONE;
}

struct attempt { const char *name; long number, a, b, c, d, e; const char *path; };

int main(int argc, char **argv) {
  // It may have to be made yet, or be between two calls.
  for (int round = 0;; round++) {
    unsigned short instruction = 0;
    thread = find(argv[1], argv[2]);
    if (thread) {
      if (ptrace(PTRACE_ATTACH, thread, 0, 0)) return perror("attach"), 2;
      if (!settle()) return fprintf(stderr, "%s has ended\n", argv[2]), 4;
      ptrace(PTRACE_GETREGS, thread, 0, &saved);
      struct iovec to = {&instruction, 2}, from = {(void *)(saved.rip - 2), 2};
      if (process_vm_readv(thread, &to, 1, &from, 1, 0) == 2 && instruction == 0x050f) break;
      ptrace(PTRACE_DETACH, thread, 0, 0);
    }
    if (round == 1000) return fprintf(stderr, thread ? "not in a system call\n" : "no thread %s\n", argv[2]), 4;
    usleep(20000);
  }
  room = (saved.rsp - 65536) & ~4095ul;

  // Only what a call itself brings about may reach the thread: a signal in between would be taken for the call's end.
  unsigned long mask, brought = ~(1ul << (SIGSYS - 1) | 1ul << (SIGTRAP - 1));
  if (ptrace(PTRACE_GETSIGMASK, thread, sizeof mask, &mask) || ptrace(PTRACE_SETSIGMASK, thread, sizeof brought, &brought)) return perror("mask"), 3;

  char above[4096], made[4200];
  snprintf(above, sizeof above, "%s", argv[3]);
  *strrchr(above, '/') = 0;
  snprintf(made, sizeof made, "%s/made", above);
  // A path is the second argument where the first is AT_FDCWD, else the first.
  const struct attempt attempts[] = {
    {"open(/etc/shadow)", 257, AT_FDCWD, 0, O_RDONLY, 0, 0, "/etc/shadow"},
    {"open(/proc/self/mem)", 257, AT_FDCWD, 0, O_RDWR, 0, 0, "/proc/self/mem"},
    {"open above the share", 257, AT_FDCWD, 0, O_RDONLY, 0, 0, above},
    {"make a file above the share", 257, AT_FDCWD, 0, O_WRONLY | O_CREAT, 0600, 0, made},
    {"ptrace of the parent", 101, 0x4206, atoi(argv[4]), 0, 0, 0},
    {"kill of the parent", 62, atoi(argv[4]), 0, 0, 0, 0},
    {"pidfd_open of the parent", 434, atoi(argv[4]), 0, 0, 0, 0},
    {"process_vm_readv of the parent", 310, atoi(argv[4]), 0, 0, 0, 0},
    {"kill of all", 62, -1, 0, 0, 0, 0},
    {"execve", 59, 0, 0, 0, 0, 0, "/bin/sh"},
    {"mount", 165, 0, 0, 0, 0, 0, "/"},
    {"pivot_root", 155, 0, 0, 0, 0, 0, "/"},
    {"chroot", 161, 0, 0, 0, 0, 0, "/"},
    {"unshare", 272, 0x20000, 0, 0, 0, 0},
    {"setns", 308, 0, 0x20000, 0, 0, 0},
    {"socket(AF_INET)", 41, 2, 1, 0, 0, 0},
    {"socket(AF_UNIX)", 41, 1, 1, 0, 0, 0},
    {"bpf", 321, 0, 0, 0, 0, 0},
    {"perf_event_open", 298, 0, 0, 0, -1, 0},
    {"io_uring_setup", 425, 1, 0, 0, 0, 0},
    {"userfaultfd", 323, 1, 0, 0, 0, 0},
    {"keyctl", 250, 0, -3, 0, 0, 0},
    {"init_module", 175, 0, 0, 0, 0, 0},
    {"reboot", 169, 0, 0, 0, 0, 0},
  };
  const char *only = argc > 5 && *argv[5] != '-' ? argv[5] : NULL, *without = argc > 5 && *argv[5] == '-' ? argv[5] + 1 : "";
  keeps = !only;
  int end = DONE;
  for (unsigned i = 0; i < sizeof attempts / sizeof *attempts && end != KILLED; i++) {
    struct attempt t = attempts[i];
    if ((only && strcmp(only, t.name)) || !strcmp(without, t.name)) continue;
    if (t.path) {
      poke(room, t.path, strlen(t.path) + 1);
      if (t.a == AT_FDCWD) t.b = room; else t.a = room;
      if (t.number == 155) t.b = room;
      if (t.number == 165) t.a = room + 4096, t.b = room, t.d = 0x1000, poke(t.a, "/nowhere", 9);
    }
    if (t.number == 310) {
      // Nothing is mapped there: EFAULT is the answer of a kernel that would have read.
      struct iovec vectors[] = {{(void *)room, 8}, {(void *)1, 8}};
      poke(room, vectors, sizeof vectors);
      t.b = room, t.c = 1, t.d = room + sizeof *vectors, t.e = 1;
    }
    long result = 0;
    end = call(&result, t.number, t.a, t.b, t.c, t.d, t.e, 0);
    if (end == DONE) printf("%s\t%ld\n", t.name, result);
    else printf("%s\t%s\n", t.name, end == KILLED ? "killed" : "trapped");
  }
  if (end != KILLED) {
    ptrace(PTRACE_SETSIGMASK, thread, sizeof mask, &mask);
    ptrace(PTRACE_SETREGS, thread, 0, &saved);
    ptrace(PTRACE_DETACH, thread, 0, 0);
  }
  return 0;
}
