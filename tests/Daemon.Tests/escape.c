#define _GNU_SOURCE
// Makes threads of another process make system calls, as code would that has got hold of them: escape PID COMM SHARED PARENT [ATTEMPT].
// For each attempt a line: its name, and the result, or "killed" where the process did not live through it.
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

// One system call in the thread; 1 where it ended the process.
static int call(long *result, long number, long a, long b, long c, long d, long e, long f) {
  struct user_regs_struct regs = saved;
  regs.rip = saved.rip - 2;
  regs.orig_rax = -1;
  regs.rax = number, regs.rdi = a, regs.rsi = b, regs.rdx = c, regs.r10 = d, regs.r8 = e, regs.r9 = f;
  int status;
  if (ptrace(PTRACE_SETREGS, thread, 0, &regs) || ptrace(PTRACE_SINGLESTEP, thread, 0, 0)) perror("ptrace"), exit(3);
  if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) return 1;
  if (WSTOPSIG(status) == SIGSYS) {
    ptrace(PTRACE_CONT, thread, 0, SIGSYS);
    return 1;
  }
  if (ptrace(PTRACE_GETREGS, thread, 0, &regs)) return 1;
  *result = regs.rax;
  return 0;
}

struct attempt { const char *name; long number, a, b, c, d, e; const char *path; };

int main(int argc, char **argv) {
  // It may have to be made yet, or be between two calls.
  for (int round = 0;; round++) {
    int status;
    unsigned short instruction = 0;
    thread = find(argv[1], argv[2]);
    if (thread) {
      if (ptrace(PTRACE_ATTACH, thread, 0, 0)) return perror("attach"), 2;
      waitpid(thread, &status, __WALL);
      ptrace(PTRACE_GETREGS, thread, 0, &saved);
      struct iovec to = {&instruction, 2}, from = {(void *)(saved.rip - 2), 2};
      if (process_vm_readv(thread, &to, 1, &from, 1, 0) == 2 && instruction == 0x050f) break;
      ptrace(PTRACE_DETACH, thread, 0, 0);
    }
    if (round == 1000) return fprintf(stderr, thread ? "not in a system call\n" : "no thread %s\n", argv[2]), 4;
    usleep(20000);
  }
  room = (saved.rsp - 65536) & ~4095ul;

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
  int dead = 0;
  for (unsigned i = 0; i < sizeof attempts / sizeof *attempts && !dead; i++) {
    struct attempt t = attempts[i];
    if (argc > 5 && strcmp(argv[5], t.name)) continue;
    if (t.path) {
      poke(room, t.path, strlen(t.path) + 1);
      if (t.a == AT_FDCWD) t.b = room; else t.a = room;
      if (t.number == 155 || t.number == 165) t.b = room;
      if (t.number == 165) t.d = 0x1000;
    }
    if (t.number == 310) {
      // Nothing is mapped there: EFAULT is the answer of a kernel that would have read.
      struct iovec vectors[] = {{(void *)room, 8}, {(void *)1, 8}};
      poke(room, vectors, sizeof vectors);
      t.b = room, t.c = 1, t.d = room + sizeof *vectors, t.e = 1;
    }
    long result = 0;
    dead = call(&result, t.number, t.a, t.b, t.c, t.d, t.e, 0);
    if (dead) printf("%s\tkilled\n", t.name);
    else printf("%s\t%ld\n", t.name, result);
  }
  if (!dead) {
    ptrace(PTRACE_SETREGS, thread, 0, &saved);
    ptrace(PTRACE_DETACH, thread, 0, 0);
  }
  return 0;
}
