// Calls of the Host target: errors in words, locks, the terminal, threads.
#pragma once
#include <pthread.h>
#include <stdint.h>

// The sentence of an errno value, in English whatever the locale; NULL if there is none.
const char *linux_error_text(int code);
// Shares the lock of one byte for this open file description; -EAGAIN if somebody else has it alone.
int linux_lock_byte(int fd, int64_t offset);
// 1 if somebody else holds a lock of this byte, 0 if nobody does, or -errno.
int linux_byte_is_locked(int fd, int64_t offset);
// 'f' regular, 'd' directory, 'p' FIFO, 'c' character device, 'b' block device, 's' socket, 'l' link, '?' other; or -errno.
int linux_file_kind(int fd);
// The same of a path; of a symbolic link itself unless it is followed.
int linux_path_kind(const char *path, int follow);
// What tells a file from all others, whatever its path; or -errno.
int linux_path_identity(const char *path, uint64_t *device, uint64_t *number);
// The size of a regular file or block device, or -errno.
int64_t linux_file_size(int fd);
// With a number behind the name, unless that is negative.
void linux_name_thread(const char *name, int number);
// Where the calling thread runs at the moment; negative if the host does not say.
int linux_current_processor(void);
// Whether at most so many threads of the whole host run or want to. No, if the host does not say.
int linux_run_at_most(int most);
// Makes a thread: 0, or an errno. It may run where the caller may; but until it says that it runs anywhere, it keeps off the caller's
// processor, if that is asked for and can be, or to it, if the caller does.
int linux_make_thread(pthread_t *thread, int is_elsewhere, void *(*body)(void *), void *argument);
// Moves a thread, which may run where the caller may, to the caller's processor.
void linux_fetch_thread(pthread_t thread);
// Keeps the calling thread on the processor where it runs, until it runs anywhere again where it may.
void linux_keep_processor(void);
void linux_run_anywhere(void);
// Makes the calling thread, and those that it makes from then on, one that leaves its processor to whoever runs there when it is woken, or a
// usual one again: 0, or -errno; -EPERM if it is not the other one.
int linux_set_patience(int is_patient);
// How long the calling thread ever waited for a processor; -1 if the host does not say.
int64_t linux_nanoseconds_waited(void);

// Listens at a TCP port of this host only, or at a path that only this user may connect to; the socket, or -errno.
int linux_listen_port(unsigned short port);
int linux_listen_path(const char *path);
// Waits for somebody to connect.
int linux_accept(int fd);

// A set of event counters to wait for together; its descriptor, or -errno.
int linux_counter_set(void);
// From now on a counter is one of the set, under a name: 0, or -errno.
int linux_counter_watch(int set, int counter, uint64_t name);
void linux_counter_forget(int set, int counter);
// Waits until one of them counts: 1, and its name; 0 after a signal, or -errno. Of several each has its turn.
int linux_counter_wait(int set, uint64_t *name);

// Raw mode on a terminal; 1 if it is one, 0 if it is not, or -errno. With `ends_lines` a newline still returns the carriage.
int linux_terminal_make_raw(int fd, int ends_lines);
// Gives the terminal back. Safe in signal handlers, and when nothing was changed.
void linux_terminal_restore(void);
// Whether a terminal is raw now, and whether a newline does no more there than to feed the line.
int linux_terminal_is_raw(void);
int linux_terminal_only_feeds_lines(void);
// Lets the signals of our own faults give the terminal back before they end the process.
void linux_terminal_restore_on_faults(void);
// Whether the caller of this program wants a signal ignored.
int linux_signal_is_ignored(int number);
// A variable of this program's environment, as NAME=VALUE; NULL behind the last.
const char *linux_variable(int index);
// The version of the host's kernel.
const char *linux_release(void);
// An argument of this program, its name first; NULL behind the last.
const char *linux_argument(int index);
// Blocks of memory of at least so many bytes go back to the kernel when they are freed; smaller ones when together they are as large.
void linux_return_blocks(int size);
// Threads that are made from now on have no heaps of their own.
void linux_share_heap(void);
// A pipe that other programs do not get: the end to read from, then that to write to; 0 or -errno.
int linux_pipe(int ends[2]);
