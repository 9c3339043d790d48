#pragma once
/// Version and commit, as Package.swift found them.
extern const char *const _Nonnull swboot_version;
