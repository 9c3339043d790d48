// Open-file-description locks and thread names are GNU extensions.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "HostCalls.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

const char *linux_error_text(int code) { return strerrordesc_np(code); }

int linux_lock_file(int fd, int exclusive) {
  struct flock lock = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
  return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? (errno == EACCES ? -EAGAIN : -errno) : 0;
}

int linux_file_kind(int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return -errno;
  switch (status.st_mode & S_IFMT) {
    case S_IFREG: return 'f';
    case S_IFDIR: return 'd';
    case S_IFIFO: return 'p';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    case S_IFSOCK: return 's';
    default: return '?';
  }
}

int64_t linux_file_size(int fd) {
  // A block device has no st_size, but an end to seek to.
  off_t size = lseek(fd, 0, SEEK_END);
  return size < 0 ? -errno : size;
}

void linux_name_thread(const char *name) {
  char limited[16];
  strncpy(limited, name, sizeof limited - 1);
  limited[sizeof limited - 1] = 0;
  pthread_setname_np(pthread_self(), limited);
}

static struct termios saved;
static volatile sig_atomic_t saved_fd = -1;

int linux_terminal_make_raw(int fd) {
  if (!isatty(fd)) return 0;
  struct termios mode;
  if (tcgetattr(fd, &mode) < 0) return -errno;
  if (saved_fd < 0) {
    saved = mode;
    saved_fd = fd;
  }
  cfmakeraw(&mode);
  // Newlines of our own messages still return the carriage.
  mode.c_oflag |= OPOST | ONLCR;
  return tcsetattr(fd, TCSANOW, &mode) < 0 ? -errno : 1;
}

void linux_terminal_restore(void) {
  int fd = saved_fd, code = errno;
  if (fd >= 0) {
    // What the terminal answered to the guest, or the user typed for it, is not for the shell to execute.
    tcflush(fd, TCIFLUSH);
    tcsetattr(fd, TCSANOW, &saved);
    saved_fd = -1;
  }
  errno = code;
}

int linux_terminal_is_raw(void) { return saved_fd >= 0; }

static void restore_and_die(int number) {
  linux_terminal_restore();
  raise(number);  // the handler is already gone: the signal ends the process when we return
}

void linux_terminal_restore_on_fatal_signals(void) {
  static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGTRAP};
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = restore_and_die;
  action.sa_flags = SA_RESETHAND;
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
}
