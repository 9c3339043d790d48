import Devices
import Primitives

/// A bzImage of a few bytes, as the board hands it over.
struct SmallKernel {
  var setup = [UInt8](repeating: 0, count: 1024)
  var code: [UInt8] = [0xB0, 0x15, 0xE6, 0xF4, 0xF4]  // writes 0x15 to the debug-exit port
  var initrd: [UInt8] = []
  var commandLine = ""

  init(version: UInt16 = 0x020F) {
    setup.store(UInt8(1), at: 0x1F1)
    setup.store(UInt16(0xAA55), at: 0x1FE)
    setup.store(UInt8(0x6A), at: 0x201)
    setup.store(UInt32(0x5372_6448), at: 0x202)
    setup.store(version, at: 0x206)
    setup.store(UInt8(1), at: 0x211)
    setup.store(UInt32(0x7FFF_FFFF), at: 0x22C)
    setup.store(UInt32(0x20_0000), at: 0x230)
    setup.store(UInt8(1), at: 0x234)
    setup.store(UInt32(255), at: 0x238)
    setup.store(UInt64(0x100_0000), at: 0x258)
    setup.store(UInt32(0x1_0000), at: 0x260)
  }

  var items: [FirmwareItem] {
    func number(_ value: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      bytes.append(littleEndian: UInt32(value))
      return bytes
    }
    let text = Array(commandLine.utf8) + [0]
    return [
      .init(.key(0x17), number(setup.count)), .init(.key(0x18), setup), .init(.key(0x08), number(code.count)),
      .init(.key(0x11), code), .init(.key(0x0B), number(initrd.count)), .init(.key(0x12), initrd),
      .init(.key(0x14), number(text.count)), .init(.key(0x15), text),
    ]
  }
}
