#include "BareMetal.h"
#include <stddef.h>

/* What compiled code calls without being asked, and the bulk moves. */

static void copy_up(uint8_t *to, const uint8_t *from, size_t count) {
  size_t words = count / 4, rest = count % 4;
  __asm__ volatile("rep movsl; movl %3, %%ecx; rep movsb" : "+&D"(to), "+&S"(from), "+&c"(words) : "r"(rest) : "memory");
}

static void copy_down(uint8_t *to, const uint8_t *from, size_t count) {
  while (count--) to[count] = from[count];
}

static void fill(uint8_t *to, uint8_t byte, size_t count) {
  size_t words = count / 4, rest = count % 4;
  uint32_t pattern = byte * 0x01010101u;
  __asm__ volatile("rep stosl; movl %3, %%ecx; rep stosb" : "+&D"(to), "+&c"(words) : "a"(pattern), "r"(rest) : "memory");
}

void *memmove(void *to, const void *from, size_t count) {
  if ((uintptr_t)to - (uintptr_t)from >= count) copy_up(to, from, count);
  else copy_down(to, from, count);
  return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  copy_up(to, from, count);
  return to;
}

void *memset(void *to, int byte, size_t count) {
  fill(to, (uint8_t)byte, count);
  return to;
}

int memcmp(const void *a, const void *b, size_t count) {
  const uint8_t *p = a, *q = b;
  for (; count--; p++, q++)
    if (*p != *q) return *p - *q;
  return 0;
}

void memory_copy(uint32_t to, uint32_t from, uint32_t count) { memmove((void *)to, (const void *)from, count); }
void memory_fill(uint32_t to, uint8_t byte, uint32_t count) { fill((uint8_t *)to, byte, count); }

/* 64-bit division by shifting and subtracting: the processor has only 64 by 32. */
static uint64_t divide(uint64_t number, uint64_t divisor, uint64_t *remainder) {
  uint64_t quotient = 0, rest = 0;
  for (int bit = 63; bit >= 0; bit--) {
    rest = rest << 1 | (number >> bit & 1);
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= 1ull << bit;
    }
  }
  *remainder = rest;
  return quotient;
}

uint64_t __udivdi3(uint64_t number, uint64_t divisor) {
  uint64_t rest;
  return divide(number, divisor, &rest);
}

uint64_t __umoddi3(uint64_t number, uint64_t divisor) {
  uint64_t rest;
  divide(number, divisor, &rest);
  return rest;
}

/* Shifts by a number that is not known when compiling. */
uint64_t __lshrdi3(uint64_t number, int by) {
  uint32_t low = (uint32_t)number, high = (uint32_t)(number >> 32);
  if (by >= 32) return high >> (by - 32);
  if (by == 0) return number;
  return (uint64_t)(high >> by) << 32 | (low >> by | high << (32 - by));
}

uint64_t __ashldi3(uint64_t number, int by) {
  uint32_t low = (uint32_t)number, high = (uint32_t)(number >> 32);
  if (by >= 32) return (uint64_t)(low << (by - 32)) << 32;
  if (by == 0) return number;
  return (uint64_t)(high << by | low >> (32 - by)) << 32 | low << by;
}
