#pragma once

// Stops a thread of a child process where it is, as a host call stops it that does not come back. Zero, or a negative
// errno. The calling thread must later wait for its end.
int hold_thread(int thread);

// Waits until the process of a held thread ends, and then lets that one end, too. Whether it has; if not within the time,
// the thread goes on.
int held_thread_ends(int thread, int milliseconds);
