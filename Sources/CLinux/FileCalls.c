#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "FileCalls.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

static int result(long r) { return r < 0 ? -errno : (int)r; }

// The path by which the kernel leads to the very file of a descriptor.
struct path { char text[32]; };
static struct path path_of(int file) {
  struct path path;
  snprintf(path.text, sizeof path.text, "/proc/self/fd/%d", file);
  return path;
}

static int open_beneath(int folder, const char *name, uint64_t flags, uint32_t mode, uint64_t more) {
  struct open_how how = {
      .flags = flags | O_CLOEXEC | O_NOFOLLOW, .mode = mode, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | more};
  return result(syscall(SYS_openat2, folder, name, &how, sizeof how));
}

int linux_find_path(const char *path) { return result(open(path, O_PATH | O_CLOEXEC)); }

int linux_find(int folder, const char *name) { return open_beneath(folder, name, O_PATH, 0, 0); }

int linux_create(int folder, const char *name, int flags, uint32_t mode) {
  uint64_t wanted = (unsigned)flags | O_CREAT | O_EXCL | O_NONBLOCK | O_NOCTTY;
  return open_beneath(folder, name, wanted, mode, RESOLVE_NO_SYMLINKS);
}

int linux_reopen(int file, int flags) { return result(open(path_of(file).text, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)); }

int linux_status(int file, struct linux_file_status *status) {
  struct statx s;
  if (statx(file, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID, &s) < 0) return -errno;
  *status = (struct linux_file_status){
      .device = makedev(s.stx_dev_major, s.stx_dev_minor), .mount = s.stx_mnt_id, .number = s.stx_ino, .size = s.stx_size,
      .blocks = s.stx_blocks, .special_device = makedev(s.stx_rdev_major, s.stx_rdev_minor), .mode = s.stx_mode,
      .links = s.stx_nlink, .user = s.stx_uid, .group = s.stx_gid, .block_size = s.stx_blksize, .accessed = s.stx_atime.tv_sec,
      .modified = s.stx_mtime.tv_sec, .changed = s.stx_ctime.tv_sec, .accessed_nanoseconds = s.stx_atime.tv_nsec,
      .modified_nanoseconds = s.stx_mtime.tv_nsec, .changed_nanoseconds = s.stx_ctime.tv_nsec};
  return 0;
}

int64_t linux_file_system(int file) {
  struct statfs s;
  return fstatfs(file, &s) < 0 ? -errno : (int64_t)s.f_type;
}

long linux_read_folder(int folder, int64_t place, void *bytes, unsigned long count) {
  if (lseek(folder, place, SEEK_SET) < 0) return -errno;
  long n = syscall(SYS_getdents64, folder, bytes, count);
  return n < 0 ? -errno : n;
}

int linux_rename(int from_folder, const char *from, int to_folder, const char *to, uint32_t flags) {
  return result(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

int linux_link(int file, int folder, const char *name) {
  return result(linkat(AT_FDCWD, path_of(file).text, folder, name, AT_SYMLINK_FOLLOW));
}

int linux_set_mode(int file, uint32_t mode) { return result(chmod(path_of(file).text, mode)); }

int linux_set_owner(int file, uint32_t user, uint32_t group) {
  return result(fchownat(file, "", user, group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

int linux_truncate(int file, int64_t size) { return result(truncate(path_of(file).text, size)); }

int linux_set_times(int file, int64_t accessed, int64_t accessed_nanoseconds, int64_t modified, int64_t modified_nanoseconds) {
  struct timespec times[2] = {{accessed, accessed_nanoseconds}, {modified, modified_nanoseconds}};
  return result(utimensat(AT_FDCWD, path_of(file).text, times, 0));
}

int64_t linux_seek(int file, int64_t offset, int to_hole) {
  off_t place = lseek(file, offset, to_hole ? SEEK_HOLE : SEEK_DATA);
  return place < 0 ? -errno : place;
}

_Static_assert(linux_time_now == UTIME_NOW && linux_time_kept == UTIME_OMIT, "the words of utimensat(2)");
