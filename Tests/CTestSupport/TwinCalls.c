#define _GNU_SOURCE
#include "CTestSupport.h"
#include <fcntl.h>
#include <stdio.h>

int host_rename(const char *from, const char *to, uint32_t flags) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags); }
int host_allocate(int file, int mode, int64_t offset, int64_t count) { return fallocate(file, mode, offset, count); }
