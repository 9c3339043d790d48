#include "CLinux.h"

#include <asm/prctl.h>

int linux_prepare_guest_thread(void *gs, void *signal_stack, size_t size) {
  stack_t stack = {.ss_sp = signal_stack, .ss_size = size};
  sigset_t faults;
  sigfillset(&faults);
  sigdelset(&faults, SIGSEGV);
  sigdelset(&faults, SIGBUS);
  sigdelset(&faults, SIGILL);
  sigdelset(&faults, SIGFPE);
  sigdelset(&faults, SIGTRAP);
  sigdelset(&faults, SIGABRT);
  pthread_sigmask(SIG_SETMASK, &faults, 0);
  if (sigaltstack(&stack, 0) < 0 || syscall(SYS_arch_prctl, ARCH_SET_GS, gs) < 0) return -errno;
  return 0;
}
