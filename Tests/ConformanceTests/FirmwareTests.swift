import GuestRAM
import Primitives
import Processor
import TestSupport
import Testing

extension ConformanceTests {
  @Suite struct FirmwareTests {
    @Test("the first instruction is the one at FFFFFFF0, even with 1 MiB of RAM", arguments: BackendKind.available)
    func resetVector(kind: BackendKind) throws {
      let end = try GuestRun(firmware: firmware(program("reset_vector"))).run(on: kind)
      #expect(end.accesses == [.out(0xE0, .word, 0xC0DE), .out(0xE2, .word, 0xF000)])
      #expect(end.state.cs.base == 0xFFFF_0000)
    }

    @Test("the firmware's last 128 KiB are seen below 1 MiB too", arguments: BackendKind.available)
    func lowCopy(kind: BackendKind) throws {
      var image = firmware(program("low_copy"), size: 0x2_0000)
      image.replaceSubrange(0..<2, with: [0xEF, 0xBE])
      let end = try GuestRun(firmware: image).run(on: kind)
      #expect(end.accesses == [.out(0xE0, .word, 0xC0DE), .out(0xE0, .word, 0xBEEF)])
    }

    @Test("a write to firmware goes to the bus and changes nothing", arguments: BackendKind.available)
    func writeToFirmware(kind: BackendKind) throws {
      let run = try GuestRun(
        firmware: firmware(program("write_firmware")), recorderMemory: MemoryRange(0xF_0000, count: 0x1_0000))
      let end = try run.run(on: kind)
      #expect(
        end.accesses == [.store(0xF_8000, .byte, 0x55), .out(0xE0, .byte, 0xCC), .out(0xE0, .byte, 0xCC)])
    }

    @Test("firmware of 16 MiB is there whole", arguments: BackendKind.available)
    func largest(kind: BackendKind) throws {
      var image = firmware([], size: 0x100_0000)
      image.replaceSubrange(0..<4, with: [1, 2, 3, 4])
      image.replaceSubrange(0x80_0000..<0x80_0004, with: [5, 6, 7, 8])
      let run = try GuestRun(firmware: image)
      let start = try LongMode.start(program("read_three"), in: run.memory) {
        $0[.rsi] = 0xFF00_0000
        $0[.rdi] = 0xFF80_0000
        $0.registers[8] = 0xFFFF_FFF0
      }
      let end = try run.run(on: kind, from: start)
      #expect(
        end.accesses == [
          .out(0xE4, .dword, 0x0403_0201), .out(0xE4, .dword, 0x0807_0605), .out(0xE4, .dword, 0xCC00_0DE9),
        ])
    }

    @Test("shadow RAM follows its register while the guest runs", arguments: BackendKind.available)
    func shadow(kind: BackendKind) throws {
      var image = firmware(program("shadow"), size: 0x2_0000)
      image[0] = 0x11
      let run = try GuestRun(firmware: image)
      let end = try run.run(on: kind)
      let values: [UInt64] = [0x11, 0x11, 0x77, 0x77, 0x99, 0x11]
      #expect(end.accesses == values.map { .out(0xE0, .byte, $0) })
      #expect(try run.memory.load(UInt8.self, at: 0xE_0000) == 0x99)
    }
  }
}
