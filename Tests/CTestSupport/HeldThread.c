#define _GNU_SOURCE
#include "CTestSupport.h"
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int hold_thread(int thread) {
  if (ptrace(PTRACE_SEIZE, thread, 0, 0) != 0 || ptrace(PTRACE_INTERRUPT, thread, 0, 0) != 0) return -errno;
  int status;
  return waitpid(thread, &status, __WALL) == thread ? 0 : -errno;
}

int held_thread_ends(int thread, int milliseconds) {
  for (int passed = 0; passed < milliseconds; passed++) {
    int status;
    if (waitpid(thread, &status, __WALL | WNOHANG) == thread && !WIFSTOPPED(status)) return 1;
    usleep(1000);
  }
  ptrace(PTRACE_DETACH, thread, 0, 0);
  return 0;
}
