#pragma once
#include <stddef.h>

/* The bytes of a guest program by its name, their number in *size; null where there is none of that name.
   A program runs wherever it is placed: real-mode ones reach their data through CS. */
const unsigned char *guest_program(const char *name, size_t *size);
