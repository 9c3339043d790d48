// Calls of the file server: each names a file by a descriptor, or by one name in the folder of a descriptor.
#pragma once
#include <stdint.h>

// What the host tells of a file.
struct linux_file_status {
  uint64_t device, mount, number, size, blocks, special_device;
  uint32_t mode, links, user, group, block_size;
  int64_t accessed, modified, changed;
  uint32_t accessed_nanoseconds, modified_nanoseconds, changed_nanoseconds;
};

// Finds a file without opening it: what a path leads to, or what has a name in a folder, and is itself not followed if it is
// a link. The descriptor, or -errno.
int linux_find_path(const char *path);
int linux_find(int folder, const char *name);
// Makes and opens a regular file that was not there, in a folder and never outside of it; the descriptor, or -errno.
int linux_create(int folder, const char *name, int flags, uint32_t mode);
// Opens the file of an O_PATH descriptor itself; the descriptor, or -errno.
int linux_reopen(int file, int flags);
int linux_status(int file, struct linux_file_status *status);
// The kind of file system, as statfs(2) numbers them; or -errno.
int64_t linux_file_system(int file);
// Raw entries of a folder from a place on, as getdents64(2) gives them; how many bytes, or -errno.
long linux_read_folder(int folder, int64_t place, void *bytes, unsigned long count);
int linux_rename(int from_folder, const char *from, int to_folder, const char *to, uint32_t flags);
// Another name for the file of a descriptor.
int linux_link(int file, int folder, const char *name);
int linux_set_mode(int file, uint32_t mode);
int linux_set_owner(int file, uint32_t user, uint32_t group);
int linux_truncate(int file, int64_t size);
// For nanoseconds: the time of the call, or the time that there is.
enum { linux_time_now = (1 << 30) - 1, linux_time_kept = (1 << 30) - 2 };
int linux_set_times(int file, int64_t accessed, int64_t accessed_nanoseconds, int64_t modified, int64_t modified_nanoseconds);
int linux_allocate(int file, int mode, int64_t offset, int64_t length);
// Where the next hole or the next data begins; or -errno.
int64_t linux_seek(int file, int64_t offset, int to_hole);
