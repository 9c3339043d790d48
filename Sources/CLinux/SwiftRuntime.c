#include <stddef.h>

// Before the program's first line the Swift runtime looks in eight places for swift-backtrace, which shows where a program has crashed.
// What a release links to instead (Package.swift) finds none: who wants it names it in SWIFT_BACKTRACE, as for any static program.
const char *__wrap_swift_copyAuxiliaryExecutablePath(const char *name);
const char *__wrap_swift_copyAuxiliaryExecutablePath(const char *name) {
  (void)name;
  return NULL;
}
