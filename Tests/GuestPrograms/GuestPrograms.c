#include "GuestPrograms.h"
#include <string.h>

struct program {
  const char *name;
  const unsigned char *start, *end;
};

/* The bounds of the section that each PROGRAM adds a row to; the linker defines them. */
extern const struct program __start_guest_programs[], __stop_guest_programs[];

const unsigned char *guest_program(const char *name, size_t *size) {
  for (const struct program *p = __start_guest_programs; p < __stop_guest_programs; p++) {
    if (strcmp(p->name, name)) continue;
    *size = (size_t)(p->end - p->start);
    return p->start;
  }
  return NULL;
}
