#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "Transfers.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// The result of a call, or -errno; again as long as signals interrupt it.
#define RESULT(call)                           \
  ({                                           \
    long r;                                    \
    do r = (call);                             \
    while (r < 0 && errno == EINTR);           \
    r < 0 ? -errno : r;                        \
  })

long linux_read_at(int fd, void *bytes, unsigned long count, int64_t offset) {
  unsigned long done = 0;
  while (done < count) {
    long n = RESULT(pread(fd, (char *)bytes + done, count - done, offset + (int64_t)done));
    if (n < 0) return n;
    if (n == 0) break;
    done += (unsigned long)n;
  }
  return (long)done;
}

long linux_write_at(int fd, const void *bytes, unsigned long count, int64_t offset) {
  unsigned long done = 0;
  while (done < count) {
    long n = RESULT(pwrite(fd, (const char *)bytes + done, count - done, offset + (int64_t)done));
    if (n <= 0) return n < 0 ? n : -ENOSPC;
    done += (unsigned long)n;
  }
  return 0;
}

long linux_readv_at(int fd, const struct iovec *pieces, int count, int64_t offset, int may_wait) {
  long done = RESULT(preadv2(fd, pieces, count, offset, may_wait ? 0 : RWF_NOWAIT));
  if (!may_wait && done == -EOPNOTSUPP) {
    // This file system cannot tell what it has, but gets what it is told to. The others do by the attempt to read it.
    int64_t size = 0;
    for (int i = 0; i < count; i++) size += (int64_t)pieces[i].iov_len;
    posix_fadvise(fd, offset, size, POSIX_FADV_WILLNEED);
  }
  return done;
}

long linux_writev_at(int fd, const struct iovec *pieces, int count, int64_t offset) { return RESULT(pwritev(fd, pieces, count, offset)); }

long linux_receive(int fd, void *bytes, unsigned long count) { return RESULT(read(fd, bytes, count)); }

long linux_write(int fd, const void *bytes, unsigned long count) { return RESULT(write(fd, bytes, count)); }

long linux_write_at_once(int fd, const void *bytes, unsigned long count) {
  struct iovec piece = {(void *)bytes, count};
  return RESULT(pwritev2(fd, &piece, 1, -1, RWF_NOWAIT));
}

long linux_send(int fd, const void *bytes, unsigned long count) {
  unsigned long done = 0;
  while (done < count) {
    long n = RESULT(send(fd, (const char *)bytes + done, count - done, MSG_NOSIGNAL));
    if (n <= 0) return n < 0 ? n : -EPIPE;
    done += (unsigned long)n;
  }
  return 0;
}

long linux_synchronize(int fd, int data_only) { return RESULT(data_only ? fdatasync(fd) : fsync(fd)); }

long linux_fallocate(int fd, int mode, int64_t offset, int64_t count) { return RESULT(fallocate(fd, mode, offset, count)); }

long linux_getrandom(void *bytes, unsigned long count) {
  unsigned long done = 0;
  while (done < count) {
    long n = RESULT(getrandom((char *)bytes + done, count - done, 0));
    if (n < 0) return n;
    done += (unsigned long)n;
  }
  return 0;
}
