import Glibc
import TestSupport
import Testing

/// The Debian package that scripts/package makes, or nil.
private let package = unsafe getenv("SWBOOT_PACKAGE_FILE").map { unsafe String(cString: $0) }

@Suite(.enabled(if: package != nil, "needs the Debian package; scripts/test makes it"))
struct PackageTests {
  private func shell(_ script: String) -> ChildProcess.End { ChildProcess.run("/bin/bash", ["-c", "set -e; \(script)"]) }

  @Test("dpkg installs it, and what it installs works", .enabled(if: geteuid() == 0, "dpkg installs for root only"))
  func install() throws {
    let package = try #require(package)
    let end = shell(
      """
      root=$(mktemp -d); trap 'rm -rf "$root"' EXIT
      mkdir -p "$root"/var/lib/dpkg/{info,updates}; touch "$root"/var/lib/dpkg/{status,available}
      dpkg --root="$root" -i '\(package)' >/dev/null
      "$root/usr/bin/swboot" --version
      gzip -dc "$root/usr/share/man/man1/swboot.1.gz" | head -n 1
      source "$root/usr/share/bash-completion/completions/swboot"
      COMP_WORDS=(swboot --kernel-); COMP_CWORD=1; _swboot; echo "${COMPREPLY[*]}"
      dpkg --root="$root" -r swboot >/dev/null; test ! -e "$root/usr/bin/swboot" && echo removed
      """)
    let lines = end.output.split(separator: "\n")
    try #require(end.status == 0 && lines.count == 4, "\(end.output)\(end.errors)")
    #expect(lines[0].hasPrefix("swboot 0."))
    #expect(lines[1].hasPrefix(".TH SWBOOT 1"))
    #expect(lines[2...] == ["--kernel-irqchip", "removed"])
  }

  @Test("the licenses of all that is in the binary come with it")
  func licenses() throws {
    let package = try #require(package)
    let end = shell("dpkg-deb --fsys-tarfile '\(package)' | tar -xO ./usr/share/doc/swboot/NOTICE")
    for library in ["GNU C Library", "libfdt", "libpng", "lz4", "xz", "zlib", "zstd", "Swift standard library"] {
      #expect(end.output.contains(library))
    }
  }
}
