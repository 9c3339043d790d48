import Glibc
import Processor
import Testing

@testable import SoftCPU

/// Where translated code is, for whoever gives names to it.
@Suite struct CodePlaceTests {
  @Test("each block is told with the guest's address, one behind another, and nothing before the first was made")
  func places() throws {
    // mov eax, 1; jmp to the next instruction; hlt
    let guest = try TranslatedGuest([0xB8, 1, 0, 0, 0, 0xEB, 0, 0xF4])
    let translator = guest.processor.translator
    #expect(translator.places.isEmpty)
    #expect(try guest.run() == 1)
    let places = translator.places
    #expect(places.map(\.guest) == [nil, 0x1000, 0x1007])
    #expect(zip(places, places.dropFirst()).allSatisfy { $0.host.upperBound == $1.host.lowerBound && !$1.host.isEmpty })
  }

  @Test("the host knows code memory by no file, in which perf would look for names, and never both writes and executes it")
  func unnamedMemory() throws {
    let memory = try #require(ExecutableMemory(size: 8192, trailing: 4096))
    #expect(memory.write([0xC3], at: 4096))
    let mappings = try mappings()
    let code = try #require(mappings.first { $0.hasPrefix(String(UInt(bitPattern: unsafe memory.start), radix: 16)) })
    #expect(code.contains("r-xs") && code.contains("/dev/zero"))
    // Both of its places have the same number of a file.
    let number = code.split(separator: " ")[4]
    let rights = mappings.map { $0.split(separator: " ") }.filter { $0[4] == number }.map { $0[1] }
    #expect(rights.sorted() == ["r-xs", "rw-s"])
  }

  private func mappings() throws -> [Substring] {
    let file = unsafe try #require(fopen("/proc/self/maps", "r"))
    defer { unsafe fclose(file) }
    var text: [UInt8] = []
    while let byte = unsafe UInt8(exactly: fgetc(file)) { text.append(byte) }
    return String(decoding: text, as: UTF8.self).split(separator: "\n")
  }
}
