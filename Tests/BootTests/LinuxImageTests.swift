import Host
import Primitives
import TestSupport
import Testing

@testable import Boot

@Suite struct LinuxImageTests {
  static func parse(_ bytes: [UInt8]) throws(LoadError) -> LinuxImage {
    try LinuxImage(Array(bytes.prefix(LinuxImage.headerReach)), fileSize: UInt64(bytes.count), file: "k")
  }

  struct Lie: Sendable, CustomTestStringConvertible {
    let field: String
    let offset: Int
    let value: UInt64
    let size: Int
    var testDescription: String { "\(field) = \(value)" }
    init(_ field: String, _ offset: Int, _ value: UInt64, size: Int) {
      (self.field, self.offset, self.value, self.size) = (field, offset, value, size)
    }
    func tell(_ bytes: inout [UInt8]) {
      for i in 0..<size { bytes[offset + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
    }
  }

  @Test(
    "BZ-01 a lying header is refused by the name of its field",
    arguments: [
      Lie("boot_flag", 0x1FE, 0, size: 2), Lie("header", 0x202, 0, size: 4),
      Lie("version", 0x206, 0x0205, size: 2), Lie("jump", 0x201, 0, size: 1),
      Lie("setup_sects", 0x1F1, 255, size: 1), Lie("setup_sects", 0x1F1, 10, size: 1),
      Lie("syssize", 0x1F4, 0xFFFF_FFFF, size: 4), Lie("syssize", 0x1F4, 4096 / 16 + 1, size: 4),
      Lie("payload_length", 0x248, 0xFFFF_FFFF, size: 4), Lie("payload_length", 0x24C, 4097, size: 4),
      Lie("loadflags", 0x211, 0, size: 1), Lie("code32_start", 0x214, 0x1000, size: 4),
      Lie("kernel_alignment", 0x230, 0, size: 4), Lie("kernel_alignment", 0x230, 3, size: 4),
      Lie("init_size", 0x260, 0, size: 4),
    ])
  func lies(lie: Lie) {
    let error = #expect(throws: LoadError.self) { try Self.parse(SmallLinux.make(lie.tell)) }
    guard case .field(let file, let name, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(file == "k" && name == lie.field)
  }

  @Test("C4 the refusal of a program with an old header, such as iPXE, says which firmware starts it")
  func old() {
    let error = #expect(throws: LoadError.self) { try Self.parse(SmallLinux.make { $0[0x206] = 5 }) }
    #expect(error?.description.contains("--firmware builtin starts it") == true)
  }

  @Test("BZ-01 a file cut at any length is refused")
  func cutOff() {
    let bytes = SmallLinux.make()
    // syssize counts paragraphs of 16 bytes: a shorter tail is as good as none.
    for length in stride(from: 0, through: bytes.count - 16, by: 7) {
      #expect(throws: LoadError.self) { try Self.parse(Array(bytes.prefix(length))) }
    }
  }

  @Test("BZ-01 no setup sectors mean four")
  func fourSectors() throws {
    let bytes = SmallLinux.make {
      $0[0x1F1] = 0
      $0.store(UInt32(0), at: 0x1F4)
    }
    #expect(try Self.parse(bytes).setupSize == 5 * 512)
  }

  @Test func a_kernel_that_does_not_fit_at_its_preferred_place_moves_down() throws {
    let image = try Self.parse(SmallLinux.make())
    #expect(try image.loadAddress(lowSize: 0x110_0000, file: "k") == 0x100_0000)
    #expect(try image.loadAddress(lowSize: 0x10F_F000, file: "k") == 0x20_0000)
  }

  @Test(
    "BZ-01 a place beyond RAM is refused by the name of its field",
    arguments: [
      (Lie("init_size", 0x260, 0xFFFF_FFFF, size: 4), true), (Lie("init_size", 0x230, 1 << 31, size: 4), true),
      (Lie("pref_address", 0x258, .max, size: 8), false), (Lie("pref_address", 0x258, 0x9_0000, size: 8), false),
      (Lie("pref_address", 0x258, 1 << 32, size: 8), false),
    ])
  func beyondRAM(lie: Lie, relocatable: Bool) throws {
    let bytes = SmallLinux.make {
      lie.tell(&$0)
      $0[0x234] = relocatable ? 1 : 0
    }
    let image = try Self.parse(bytes)
    let error = #expect(throws: LoadError.self) { try image.loadAddress(lowSize: 0x100_0000, file: "k") }
    #expect(error?.description.hasPrefix("k: \(lie.field) ") == true)
  }

  @Test func a_file_is_known_by_its_first_bytes() {
    #expect(Payload(SmallLinux.make()) == .linux)
    #expect(Payload([0x7F, 0x45, 0x4C, 0x46]) == .elf)
    #expect(Payload([0xD0, 0x0D, 0xFE, 0xED]) == .flatImageTree)
    #expect(Payload([0x1F, 0x8B, 8]) == .compressed(.gzip))
    #expect(Payload([]) == nil)
    #expect(Payload([UInt8](repeating: 0, count: 8192)) == nil)
  }
}
