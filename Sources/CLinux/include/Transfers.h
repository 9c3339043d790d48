// Bytes to and from the host. A signal interrupts none of these: what it would interrupt is done again.
#pragma once
#include <stdint.h>
#include <sys/uio.h>

// Reads until there are so many bytes, or the file ends: how many, or -errno.
long linux_read_at(int fd, void *bytes, unsigned long count, int64_t offset);
// Writes all of it: 0, or -errno.
long linux_write_at(int fd, const void *bytes, unsigned long count, int64_t offset);
// As one call of the host reads or writes pieces of memory, one after the other: how many bytes, or -errno. A read that
// may not wait gives what the host has at hand; an error if that is nothing, or if the host cannot tell. It begins to get the rest.
long linux_readv_at(int fd, const struct iovec *pieces, int count, int64_t offset, int may_wait);
long linux_writev_at(int fd, const struct iovec *pieces, int count, int64_t offset);
// Waits for bytes of a stream: how many, 0 at its end, or -errno.
long linux_receive(int fd, void *bytes, unsigned long count);
// Writes what a stream takes now: how many bytes, or -errno.
long linux_write(int fd, const void *bytes, unsigned long count);
// Writes what a stream takes without any waiting: how many bytes, or -errno; -EOPNOTSUPP where that cannot be told.
long linux_write_at_once(int fd, const void *bytes, unsigned long count);
// Sends all of it, without a signal where nobody listens any more: 0, or -errno.
long linux_send(int fd, const void *bytes, unsigned long count);
// Waits until everything written is on stable storage: 0, or -errno.
long linux_synchronize(int fd, int data_only);
// Gives or takes space in a file: 0, or -errno.
long linux_fallocate(int fd, int mode, int64_t offset, int64_t count);
// So many random bytes: 0, or -errno.
long linux_getrandom(void *bytes, unsigned long count);
