import Glibc
import TestSupport

/// Intel's ACPI compiler and disassembler, run in a folder of its own.
struct Compiler {
  static let path = "/usr/bin/iasl"
  static var isInstalled: Bool { unsafe access(path, X_OK) == 0 }

  let folder: String

  init?() {
    var template = Array("/tmp/swboot-iasl-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { return nil }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func remove() { _ = ChildProcess.run("/bin/rm", ["-rf", folder]) }

  /// What the compiler said, and whether it was content.
  func run(_ arguments: [String]) -> (succeeded: Bool, output: String) {
    let end = ChildProcess.run(Self.path, arguments)
    return (end.status == 0, end.output + end.errors)
  }

  /// The disassembly of a table, without what names files, dates and the compiler.
  func disassemble(_ table: [UInt8], as name: String) -> String? {
    let stem = folder + "/" + name
    guard Self.write(table, to: stem + ".aml"), run(["-p", stem, "-d", stem + ".aml"]).succeeded else { return nil }
    guard let bytes = Self.read(stem + ".dsl") else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    guard let end = lines.firstIndex(where: { $0.hasSuffix("*/") }) else { return nil }
    return lines[(end + 1)...].prefix { !$0.hasPrefix("Raw Table Data") }
      .filter { line in !Self.compilersOwn.contains { line.contains($0) } }.joined(separator: "\n")
  }

  /// Fields that the compiler fills in itself.
  private static let compilersOwn = ["  Checksum : ", "Asl Compiler ID : ", "Asl Compiler Revision : "]

  static func read(_ path: String) -> [UInt8]? {
    let file = unsafe open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe Glibc.read(file, &chunk, chunk.count)
      guard count > 0 else { return count == 0 ? bytes : nil }
      bytes += chunk.prefix(count)
    }
  }

  static func write(_ bytes: [UInt8], to path: String) -> Bool {
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0 else { return false }
    defer { close(file) }
    return unsafe Glibc.write(file, bytes, bytes.count) == bytes.count
  }
}
