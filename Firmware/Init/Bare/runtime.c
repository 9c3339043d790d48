#include "Bare.h"

/* What compiled code calls without being asked. */

void *memmove(void *to, const void *from, size_t count) {
  uint8_t *p = to;
  const uint8_t *q = from;
  if ((uintptr_t)to - (uintptr_t)from >= count) {
    __asm__ volatile("rep movsb" : "+D"(p), "+S"(q), "+c"(count) : : "memory");
  } else {
    while (count--) p[count] = q[count];
  }
  return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) { return memmove(to, from, count); }

void *memset(void *to, int byte, size_t count) {
  void *p = to;
  __asm__ volatile("rep stosb" : "+D"(p), "+c"(count) : "a"(byte) : "memory");
  return to;
}

int memcmp(const void *a, const void *b, size_t count) {
  const uint8_t *p = a, *q = b;
  for (; count--; p++, q++)
    if (*p != *q) return *p - *q;
  return 0;
}

/* Memory comes in powers of two. What is given back is used again for the same size; its power stands before it. */
static uint8_t heap[4 << 20] __attribute__((aligned(64)));
static size_t used;
static void *given_back[32];

int posix_memalign(void **result, size_t alignment, size_t size) {
  unsigned power = 5;
  while (((size_t)1 << power) < size) power++;
  if (alignment > 16 || power > 21) return 12;
  if (given_back[power]) {
    *result = given_back[power];
    given_back[power] = *(void **)*result;
    return 0;
  }
  if (((size_t)1 << power) + 16 > sizeof heap - used) return 12;
  uint8_t *place = heap + used;
  used += ((size_t)1 << power) + 16;
  *(uint64_t *)(place + 8) = power;
  *result = place + 16;
  return 0;
}

void free(void *place) {
  if (!place) return;
  uint64_t power = ((uint64_t *)place)[-1];
  *(void **)place = given_back[power];
  given_back[power] = place;
}
