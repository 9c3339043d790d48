// Ten small programs, as compilers translate them: what software spends its time with. bench-soft runs each as a guest.
typedef unsigned long long u64;
typedef long long i64;
typedef unsigned u32;
typedef unsigned char u8;
#define apart static __attribute__((noinline))

// Primes below 65536.
apart u64 sieve(u64 rounds, u8 *composite) {
  u64 primes = 0;
  while (rounds--) {
    primes = 0;
    for (u32 i = 0; i < 65536; i++) composite[i] = 0;
    for (u32 i = 2; i < 65536; i++) {
      if (composite[i]) continue;
      primes++;
      for (u32 j = i + i; j < 65536; j += i) composite[j] = 1;
    }
  }
  return primes;
}

// CRC-32 by a table.
apart u64 checksum(u64 rounds, u8 *data) {
  u32 *table = (u32 *)(data + 4096), sum = ~0u;
  for (u32 i = 0; i < 256; i++) {
    u32 entry = i;
    for (int bit = 0; bit < 8; bit++) entry = entry >> 1 ^ (entry & 1 ? 0xEDB88320 : 0);
    table[i] = entry;
  }
  for (u32 i = 0; i < 4096; i++) data[i] = (u8)(i * 7);
  while (rounds--)
    for (u32 i = 0; i < 4096; i++) sum = table[(u8)(sum ^ data[i])] ^ sum >> 8;
  return sum;
}

// Calls that call.
apart u64 recursion(u64 n) { return n < 2 ? n : recursion(n - 1) + recursion(n - 2); }
apart u64 fibonacci(u64 n, u8 *memory) { return recursion(n + *memory); }

// Quicksort with a comparison through a pointer.
typedef int comparison(const u64 *, const u64 *);
apart int compare(const u64 *a, const u64 *b) { return *a < *b ? -1 : *a > *b; }
apart void quicksort(u64 *a, i64 low, i64 high, comparison *order) {
  while (low < high) {
    u64 pivot = a[(low + high) / 2];
    i64 i = low, j = high;
    while (i <= j) {
      while (order(&a[i], &pivot) < 0) i++;
      while (order(&a[j], &pivot) > 0) j--;
      if (i > j) break;
      u64 kept = a[i];
      a[i++] = a[j];
      a[j--] = kept;
    }
    if (j - low < high - i) {
      quicksort(a, low, j, order);
      low = i;
    } else {
      quicksort(a, i, high, order);
      high = j;
    }
  }
}
apart u64 sort(u64 rounds, u8 *memory) {
  u64 *numbers = (u64 *)memory, seed = 12345, result = 0;
  comparison *volatile order = compare;
  while (rounds--) {
    for (u32 i = 0; i < 8192; i++) {
      seed ^= seed << 13;
      seed ^= seed >> 7;
      seed ^= seed << 17;
      numbers[i] = seed;
    }
    quicksort(numbers, 0, 8191, order);
    result ^= numbers[100];
  }
  return result;
}

// An interpreter of byte code: indirect jumps.
apart u64 bytecode(u64 rounds, u8 *memory) {
  static const u8 program[] = {0, 1, 2, 3, 4, 5, 6, 7, 1, 3, 0, 5, 2, 6, 4, 8};
  u8 *code = memory;
  for (u32 i = 0; i < sizeof program; i++) code[i] = program[i];
  u64 a = 1, b = 2, c = 3, at = 0;
  u8 *cells = memory + 4096;
  for (;;) switch (code[at++]) {
    case 0: a += b; break;
    case 1: b ^= a; break;
    case 2: c = c << 3 | c >> 61; break;
    case 3: a -= c; break;
    case 4: b += c * 5; break;
    case 5: if (a & 1) c += b; break;
    case 6: *(u64 *)(cells + (a & 0xFF8)) = b; break;
    case 7: c ^= *(u64 *)(cells + (b & 0xFF8)); break;
    case 8: if (!--rounds) return a ^ b ^ c; at = 0; break;
    default: __builtin_unreachable();
  }
}

// Product of two matrices of 64 x 64 integers.
apart u64 matrices(u64 rounds, u8 *memory) {
  u32 (*a)[64] = (void *)memory, (*b)[64] = a + 64, (*product)[64] = b + 64;
  for (u32 i = 0; i < 64 * 64; i++) a[0][i] = i * 3, b[0][i] = i ^ 5;
  while (rounds--)
    for (u32 i = 0; i < 64; i++)
      for (u32 j = 0; j < 64; j++) {
        u32 sum = 0;
        for (u32 k = 0; k < 64; k++) sum += a[i][k] * b[k][j];
        product[i][j] = sum;
      }
  return product[12][9];
}

// Loads that wait for loads, over 512 KiB.
apart u64 pointers(u64 rounds, u8 *memory) {
  u64 *cells = (u64 *)memory;
  const u32 count = 65536;
  for (u32 i = 0; i < count; i++) cells[i] = (u64)&cells[(i * 1664525u + 1013904223u) & (count - 1)];
  u64 *p = cells;
  for (u64 i = 0; i < rounds * count; i++) p = (u64 *)*p;
  return (u64)(p - cells);
}

// Long multiplication by halves, as kernels do it for public keys.
apart u64 multiply(u64 rounds, u8 *memory) {
  u64 *sum = (u64 *)memory, *number = sum + 64, carry = 0;
  for (u32 i = 0; i < 64; i++) sum[i] = i * 0x123456789ABCDEF, number[i] = ~sum[i];
  for (u64 round = 0; round < rounds; round++) {
    u64 factor = round * 0x9E3779B97F4A7C15 | 1, factorLow = (u32)factor, factorHigh = factor >> 32;
    carry = 0;
    for (u32 i = 0; i < 64; i++) {
      u64 low = (u32)number[i], high = number[i] >> 32;
      u64 least = low * factorLow, middle = low * factorHigh, other = high * factorLow, most = high * factorHigh;
      middle += least >> 32;
      middle += other;
      if (middle < other) most += 1ull << 32;
      u64 digit = (middle << 32) + (u32)least + carry;
      carry = (digit < carry) + most + (middle >> 32);
      u64 before = sum[i];
      digit += before;
      carry += digit < before;
      sum[i] = digit;
    }
  }
  return carry;
}

// Copying and measuring strings byte by byte.
apart u64 strings(u64 rounds, u8 *memory) {
  u8 *source = memory, *copy = memory + 8192;
  for (u32 i = 0; i < 4096; i++) source[i] = (u8)(i | 1);
  source[4095] = 0;
  u64 total = 0;
  while (rounds--) {
    u8 *from = source, *to = copy;
    while ((*to++ = *from++)) {}
    u64 length = 0;
    while (copy[length]) length++;
    total += length;
  }
  return total;
}

// The rounds of SHA-256.
#define rotated(x, by) ((x) >> (by) | (x) << (32 - (by)))
apart u64 digest(u64 rounds, u8 *memory) {
  u32 *words = (u32 *)memory, a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
  for (u32 i = 0; i < 64; i++) words[i] = i * 0x9E3779B9;
  while (rounds--)
    for (u32 i = 0; i < 64; i++) {
      u32 first = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) + words[i];
      u32 second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
    }
  return a ^ (u64)h << 32;
}

static u64 timeStampCounter(void) {
  u32 low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (u64)high << 32 | low;
}
static void say(char byte) { __asm__ volatile("outb %0, %1" : : "a"(byte), "Nd"((short)0x3F8)); }

apart u64 nothing(u64 rounds, u8 *memory) { return rounds + *memory; }

// Runs the chosen program and tells how far the time stamp counter went: with QEMU's -icount that is the number of instructions.
void benchmark(u8 *memory) {
  u64 before = timeStampCounter();
  volatile u64 result = PROGRAM(ROUNDS, memory);
  u64 ticks = timeStampCounter() - before;
  (void)result;
  char digits[20];
  int count = 0;
  do digits[count++] = (char)('0' + ticks % 10); while (ticks /= 10);
  while (count) say(digits[--count]);
  say('\n');
}
