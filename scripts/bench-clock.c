// Runs a command and prints microseconds until its first byte of output, microseconds until its end, and its peak memory in KiB; its own
// status is the command's. No shell's time is in it. After a minute the command is ended.
//
//     bench-clock COMMAND [ARGUMENT...]
#include <err.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long microseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int main(int count, char **arguments) {
  int ends[2], status;
  char bytes[4096];
  struct rusage usage;
  if (count < 2) errx(64, "usage: bench-clock COMMAND [ARGUMENT...]");
  if (pipe(ends) != 0) err(70, "pipe");
  long start = microseconds();
  pid_t child = vfork();
  if (child < 0) err(70, "vfork");
  if (child == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    alarm(60);
    execvp(arguments[1], arguments + 1);
    _exit(127);
  }
  close(ends[1]);
  long size = read(ends[0], bytes, sizeof bytes), first = microseconds() - start;
  while (size > 0) size = read(ends[0], bytes, sizeof bytes);
  if (wait4(child, &status, 0, &usage) != child) err(70, "wait4");
  printf("%ld %ld %ld\n", first, microseconds() - start, usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}
