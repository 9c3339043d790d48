#pragma once
#include <stddef.h>
#include <stdint.h>

/* What Swift cannot express: a system call of Linux on x86-64. */
static inline intptr_t system_call(intptr_t number, intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e) {
  register intptr_t r10 __asm__("r10") = d, r8 __asm__("r8") = e;
  intptr_t result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
}
