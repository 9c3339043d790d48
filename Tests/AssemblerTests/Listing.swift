import Assembler
import Glibc
import TestSupport
import Testing

/// Instructions, each as GNU as reads it and as our assembler wrote it.
struct Listing {
  private var lines: [(text: String, bytes: [UInt8])] = []

  mutating func add(_ text: String, _ emit: (inout Assembler) -> Void) {
    var asm = Assembler()
    emit(&asm)
    lines.append((text, asm.bytes))
  }

  static let pairs: [(Register, Register)] = Register.allCases.flatMap { a in Register.allCases.map { (a, $0) } }

  /// Every base with every length of displacement; with indices; indices alone; GS.
  static let places: [Memory] = {
    var places: [Memory] = []
    for base in Register.allCases {
      for displacement: Int32 in [0, 1, -128, 127, 128, 0x1234_5678] { places.append(Memory(base, displacement: displacement)) }
      for (k, index) in Register.allCases.enumerated() where index != .rsp {
        places.append(Memory(base, index: index, scale: UInt8(k & 3), displacement: [0, -7, 0x4000][k % 3]))
      }
    }
    for index in Register.allCases where index != .rsp { places.append(Memory(nil, index: index, scale: 3, displacement: 0x100)) }
    return places + [Memory(displacement: 0x1234), .gs(0x700), .gs(-8), .gs(0x40, index: .r15), .gs(0x40, index: .rbp)]
  }()

  /// Whether GNU as writes the same bytes for all of them.
  func check() throws {
    guard let bytes = Self.assemble(lines.map { "\($0.text)\n.balign 16, 0xF4" }.joined(separator: "\n")) else { return }
    try #require(bytes.count == 16 * lines.count)
    for (k, line) in lines.enumerated() {
      let expected = Array(bytes[16 * k..<16 * (k + 1)])
      let ours = line.bytes + [UInt8](repeating: 0xF4, count: 16 - line.bytes.count)
      #expect(ours == expected, "\(line.text)")
      if ours != expected { return }
    }
  }

  /// What GNU as makes of a text.
  static func assemble(_ text: String) -> [UInt8]? {
    let (source, object, binary) = (TemporaryFile(Array((text + "\n").utf8)), TemporaryFile(), TemporaryFile())
    let made = ChildProcess.run("/usr/bin/as", ["--64", "-o", object.path, source.path])
    #expect(made.status == 0, "\(made.errors.prefix(400))")
    let copied = ChildProcess.run("/usr/bin/objcopy", ["-O", "binary", "-j", ".text", object.path, binary.path])
    #expect(copied.status == 0, "\(copied.errors)")
    return made.status == 0 && copied.status == 0 ? binary.bytes : nil
  }

  static let hasAssembler = ["/usr/bin/as", "/usr/bin/objcopy"].allSatisfy { (path: String) in unsafe access(path, X_OK) == 0 }
}

extension Memory {
  /// As AT&T syntax has it.
  var text: String {
    let index = self.index.map { ", \($0.name(.quad)), \(1 << scale)" } ?? ""
    let inside = base == nil && self.index == nil ? "" : "(\(base?.name(.quad) ?? "")\(index))"
    return "\(isInGS ? "%gs:" : "")\(displacement)\(inside)"
  }
}

extension Width {
  var suffix: String {
    switch self {
    case .byte: "b"
    case .word: "w"
    case .long: "l"
    case .quad: "q"
    }
  }
}

extension Condition {
  var suffix: String { ["o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"][Int(rawValue)] }
}

extension Register {
  func name(_ width: Width) -> String {
    let word = "\(self)"
    if rawValue >= 8 { return "%" + word + (width == .byte ? "b" : width == .word ? "w" : width == .long ? "d" : "") }
    let short = String(word.dropFirst())
    switch width {
    case .byte: return "%" + (rawValue < 4 ? "\(short.first ?? "a")l" : short + "l")
    case .word: return "%" + short
    case .long: return "%e" + short
    case .quad: return "%" + word
    }
  }
}
