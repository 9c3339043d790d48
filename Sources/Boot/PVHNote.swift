import Primitives

/// The note by which a kernel offers an entry for virtual machines (Xen, XEN_ELFNOTE_PHYS32_ENTRY).
enum PVHNote {
  static let kind: UInt32 = 18
  /// More than any kernel has.
  static let limit: UInt64 = 1 << 20

  /// The entry's physical address; nil where the notes hold none.
  static func entry(in notes: [UInt8], file: String) throws(LoadError) -> UInt64? {
    var at = 0
    while at < notes.count {
      guard let nameSize = notes.load(UInt32.self, at: at), let dataSize = notes.load(UInt32.self, at: at + 4),
        let kind = notes.load(UInt32.self, at: at + 8)
      else { throw .field(file: file, name: "the last ELF note", problem: "is cut off") }
      let name = at + 12
      let data = name + Int(nameSize).roundedUpToFour
      guard data <= notes.count else { throw .field(file: file, name: "n_namesz", problem: "leads past the notes") }
      guard Int(dataSize) <= notes.count - data else {
        throw .field(file: file, name: "n_descsz", problem: "leads past the notes")
      }
      if kind == Self.kind, nameSize == 4, Array(notes[name..<name + 4]) == [0x58, 0x65, 0x6E, 0] {
        if dataSize == 8 { return notes.load(UInt64.self, at: data) }
        if dataSize == 4 { return notes.load(UInt32.self, at: data).map(UInt64.init) }
        throw .field(file: file, name: "n_descsz", problem: "of the PVH note is \(dataSize), neither 4 nor 8")
      }
      at = data + Int(dataSize).roundedUpToFour
    }
    return nil
  }
}

extension Int {
  fileprivate var roundedUpToFour: Int { (self + 3) & ~3 }
}
