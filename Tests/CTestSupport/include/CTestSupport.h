#pragma once
#include <stdint.h>

// Stops a thread of a child process where it is, as a host call stops it that does not come back. Zero, or a negative
// errno. The calling thread must later wait for its end.
int hold_thread(int thread);

// Waits until the process of a held thread ends, and then lets that one end, too. Whether it has; if not within the time,
// the thread goes on.
int held_thread_ends(int thread, int milliseconds);

// renameat2(2) and fallocate(2), which the C library's module does not have for Swift; zero, or below zero with errno.
int host_rename(const char *from, const char *to, uint32_t flags);
int host_allocate(int file, int mode, int64_t offset, int64_t count);
