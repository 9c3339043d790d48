// Open-file-description locks and thread names are GNU extensions.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "HostCalls.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

const char *linux_error_text(int code) { return strerrordesc_np(code); }

int linux_lock_byte(int fd, int64_t offset) {
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? (errno == EACCES ? -EAGAIN : -errno) : 0;
}

int linux_byte_is_locked(int fd, int64_t offset) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(fd, F_OFD_GETLK, &lock) < 0 ? -errno : lock.l_type != F_UNLCK;
}

static int letter(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return 'f';
    case S_IFDIR: return 'd';
    case S_IFIFO: return 'p';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    case S_IFSOCK: return 's';
    case S_IFLNK: return 'l';
    default: return '?';
  }
}

int linux_file_kind(int fd) {
  struct stat status;
  return fstat(fd, &status) < 0 ? -errno : letter(status.st_mode);
}

int linux_path_kind(const char *path, int follow) {
  struct stat status;
  int r = follow ? stat(path, &status) : lstat(path, &status);
  return r < 0 ? -errno : letter(status.st_mode);
}

int linux_path_identity(const char *path, uint64_t *device, uint64_t *number) {
  struct stat status;
  if (stat(path, &status) < 0) return -errno;
  *device = status.st_dev;
  *number = status.st_ino;
  return 0;
}

int64_t linux_file_size(int fd) {
  // A block device has no st_size, but an end to seek to.
  off_t size = lseek(fd, 0, SEEK_END);
  return size < 0 ? -errno : size;
}

void linux_name_thread(const char *name, int number) {
  char limited[16] = "";
  if (number < 0) strncpy(limited, name, sizeof limited - 1);
  else snprintf(limited, sizeof limited, "%s %d", name, number);
  pthread_setname_np(pthread_self(), limited);
}

int linux_current_processor(void) { return sched_getcpu(); }

// As the host counts them: three averages, then the number of those that run and of all: "0.02 0.05 0.01 2/123 4567".
static int count_running_threads(void) {
  char text[64] = "";
  int file = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  long size = read(file, text, sizeof text - 1);
  close(file);
  const char *number = size > 0 ? strchr(text, '/') : NULL;
  while (number && number > text && number[-1] != ' ') number--;
  return number ? atoi(number) : -1;
}

int linux_run_at_most(int most) {
  // The host's own threads mostly run for a moment only; and whoever made this process may have waited for this processor since, only to wait
  // for something else.
  for (int tries = 3; tries > 0; tries--) {
    int count = count_running_threads();
    if (count <= most) return count > 0;
    sched_yield();
  }
  return 0;
}

// Whether the calling thread keeps to one processor or off one, and where it may run else.
static _Thread_local int keeps_place;
static _Thread_local cpu_set_t usual_places;

static int get_usual_places(cpu_set_t *places) {
  if (!keeps_place) return sched_getaffinity(0, sizeof *places, places) == 0;
  *places = usual_places;
  return 1;
}

static cpu_set_t get_own_place(void) {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(sched_getcpu(), &here);
  return here;
}

void linux_keep_processor(void) {
  cpu_set_t here = get_own_place();
  if (keeps_place || sched_getaffinity(0, sizeof usual_places, &usual_places) != 0) return;
  keeps_place = sched_setaffinity(0, sizeof here, &here) == 0;
}

void linux_run_anywhere(void) {
  if (keeps_place) sched_setaffinity(0, sizeof usual_places, &usual_places);
  keeps_place = 0;
}

struct beginning {
  void *(*body)(void *);
  void *argument;
  cpu_set_t usual_places;
};

static void *begin_in_place(void *argument) {
  struct beginning beginning = *(struct beginning *)argument;
  free(argument);
  usual_places = beginning.usual_places;
  keeps_place = 1;
  return beginning.body(beginning.argument);
}

// A thread that keeps to those places; where its maker may run now if none are given. An errno if the host has no memory or does not let us choose.
static int make_thread_in_place(pthread_t *thread, const cpu_set_t *places, const cpu_set_t *usual, void *(*body)(void *), void *argument) {
  struct beginning *beginning = malloc(sizeof *beginning);
  if (!beginning) return ENOMEM;
  *beginning = (struct beginning){body, argument, *usual};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (places) pthread_attr_setaffinity_np(&attributes, sizeof *places, places);
  int code = pthread_create(thread, &attributes, begin_in_place, beginning);
  pthread_attr_destroy(&attributes);
  if (code != 0) free(beginning);
  return code;
}

int linux_make_thread(pthread_t *thread, int is_elsewhere, void *(*body)(void *), void *argument) {
  cpu_set_t usual, others;
  if (!(is_elsewhere || keeps_place) || !get_usual_places(&usual)) return pthread_create(thread, NULL, body, argument);
  others = usual;
  CPU_CLR(sched_getcpu(), &others);
  if (is_elsewhere && CPU_COUNT(&others) > 0 && make_thread_in_place(thread, &others, &usual, body, argument) == 0) return 0;
  return make_thread_in_place(thread, NULL, &usual, body, argument);
}

void linux_fetch_thread(pthread_t thread) {
  cpu_set_t usual, here = get_own_place();
  if (!get_usual_places(&usual)) return;
  if (pthread_setaffinity_np(thread, sizeof here, &here) == 0) pthread_setaffinity_np(thread, sizeof usual, &usual);
}

int linux_set_patience(int is_patient) {
  int before = is_patient ? SCHED_OTHER : SCHED_BATCH, after = is_patient ? SCHED_BATCH : SCHED_OTHER;
  struct sched_param none = {0};
  if (sched_getscheduler(0) != before) return -EPERM;
  return sched_setscheduler(0, after, &none) < 0 ? -errno : 0;
}

int64_t linux_nanoseconds_waited(void) {
  int64_t worked, waited;
  FILE *file = fopen("/proc/thread-self/schedstat", "re");
  if (!file) return -1;
  int count = fscanf(file, "%" SCNd64 " %" SCNd64, &worked, &waited);
  fclose(file);
  // All zero on a host that does not count.
  return count == 2 && worked > 0 && waited >= 0 ? waited : -1;
}

int linux_listen_port(unsigned short port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0) return -errno;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0) return fd;
  int code = errno;
  close(fd);
  return -code;
}

int linux_listen_path(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  fchmod(fd, 0600);
  int result = bind(fd, (struct sockaddr *)&address, sizeof address);
  if (result < 0 && errno == EADDRINUSE) {
    // A socket at which nobody listens any more was left behind.
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int dead = connect(probe, (struct sockaddr *)&address, sizeof address) < 0 && errno == ECONNREFUSED;
    close(probe);
    struct stat status;
    if (dead && lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && unlink(path) == 0)
      result = bind(fd, (struct sockaddr *)&address, sizeof address);
    else
      errno = EADDRINUSE;
  }
  if (result == 0 && listen(fd, 1) == 0) return fd;
  int code = errno;
  close(fd);
  return -code;
}

int linux_accept(int fd) {
  int peer = accept4(fd, 0, 0, SOCK_CLOEXEC), on = 1;
  if (peer < 0) return -errno;
  setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return peer;
}

int linux_counter_set(void) {
  int set = epoll_create1(EPOLL_CLOEXEC);
  return set < 0 ? -errno : set;
}

int linux_counter_watch(int set, int counter, uint64_t name) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = name};
  return epoll_ctl(set, EPOLL_CTL_ADD, counter, &event) < 0 ? -errno : 0;
}

void linux_counter_forget(int set, int counter) { epoll_ctl(set, EPOLL_CTL_DEL, counter, 0); }

int linux_counter_wait(int set, uint64_t *name) {
  struct epoll_event event;
  int count = epoll_wait(set, &event, 1, -1);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  if (count > 0) *name = event.data.u64;
  return count;
}

static struct termios saved;
static volatile sig_atomic_t saved_fd = -1, only_feeds_lines;

int linux_terminal_make_raw(int fd, int ends_lines) {
  if (!isatty(fd)) return 0;
  struct termios mode;
  if (tcgetattr(fd, &mode) < 0) return -errno;
  if (saved_fd < 0) {
    saved = mode;
    saved_fd = fd;
  }
  cfmakeraw(&mode);
  if (ends_lines) mode.c_oflag |= OPOST | ONLCR;
  only_feeds_lines = !ends_lines;
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
int linux_terminal_only_feeds_lines(void) { return saved_fd >= 0 && only_feeds_lines; }

static void restore_and_die(int number) {
  linux_terminal_restore();
  raise(number);  // the handler is already gone: the signal ends the process when we return
}

void linux_terminal_restore_on_faults(void) {
  static const int signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = restore_and_die;
  action.sa_flags = SA_RESETHAND | SA_ONSTACK;
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
}

int linux_signal_is_ignored(int number) {
  struct sigaction action;
  return sigaction(number, 0, &action) == 0 && !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN;
}

// The C library calls each function of this list with what the kernel gave the program.
static int argument_count;
static char **arguments;
static void keep_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}
__attribute__((section(".init_array"), used)) static void (*const keep)(int, char **) = keep_arguments;

// The Swift library looks for the arguments in /proc/self/maps, at every start. It does not have that part of itself where these
// two are.
char **_swift_stdlib_getUnsafeArgvArgc(int *count) {
  *count = argument_count;
  return arguments;
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **values, int count) { keep_arguments(count, values); }

const char *linux_variable(int index) { return index >= 0 && environ ? environ[index] : 0; }

const char *linux_release(void) {
  static struct utsname name;
  return uname(&name) < 0 ? "" : name.release;
}

const char *linux_argument(int index) { return index >= 0 && index < argument_count ? arguments[index] : 0; }

void linux_return_blocks(int size) {
  mallopt(M_MMAP_THRESHOLD, size);
  mallopt(M_TRIM_THRESHOLD, size);
}

void linux_share_heap(void) { mallopt(M_ARENA_MAX, 1); }

int linux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0; }
