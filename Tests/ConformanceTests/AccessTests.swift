import DeviceModel
import GuestRAM
import Primitives
import Processor
import TestSupport
import Testing

extension ConformanceTests {
  @Suite struct AccessTests {
    static let device = MemoryRange(0xC000_0000, count: 0x2000)

    @Test("a port access has its width, and a read replaces no more than that", arguments: BackendKind.available)
    func portWidths(kind: BackendKind) throws {
      let end = try GuestRun(firmware: firmware(program("port_widths"))).run(on: kind)
      #expect(
        end.accesses == [
          .out(0xE0, .byte, 0x11), .out(0xE2, .word, 0x2211), .out(0xE4, .dword, 0x4433_2211),
          .in(0xE0, .byte, 0xA0), .out(0xE4, .dword, 0xA0),
          .in(0xE2, .word, 0xA3A2), .out(0xE4, .dword, 0xA3A2),
          .in(0xE4, .dword, 0xA7A6_A5A4), .out(0xE4, .dword, 0xA7A6_A5A4),
        ])
    }

    @Test("string port instructions repeat on the same port", arguments: BackendKind.available)
    func stringPorts(kind: BackendKind) throws {
      let run = try GuestRun(firmware: firmware(program("string_ports")))
      let end = try run.run(on: kind)
      let bytes: [Access] = "hello".utf8.map { .out(0xE1, .byte, UInt64($0)) }
      let words: [Access] = [.out(0xE2, .word, 0x6568), .out(0xE2, .word, 0x6C6C)]
      let reads = [Access](repeating: .in(0xE1, .byte, 0xA1), count: 5)
      #expect(end.accesses == bytes + words + reads + [.out(0xE2, .word, 0x505)])
      #expect(try run.memory.bytes(6, at: 0x500) == [0xA1, 0xA1, 0xA1, 0xA1, 0xA1, 0])
    }

    @Test("an access to device memory has its width", arguments: BackendKind.available)
    func memoryWidths(kind: BackendKind) throws {
      let run = try GuestRun(recorderMemory: Self.device)
      let start = try LongMode.start(program("memory_widths"), in: run.memory) { $0[.rdi] = 0xC000_0000 }
      let end = try run.run(on: kind, from: start)
      #expect(
        end.accesses == [
          .store(0xC000_0000, .byte, 0x11), .store(0xC000_0002, .word, 0x2211),
          .store(0xC000_0004, .dword, 0x4433_2211), .store(0xC000_0008, .qword, 0x8877_6655_4433_2211),
          .load(0xC000_0011, .byte, 0xB1), .out(0xE4, .dword, 0xB1),
          .load(0xC000_0012, .word, 0xB3B2), .out(0xE4, .dword, 0xB3B2),
          .load(0xC000_0014, .dword, 0xB7B6_B5B4), .out(0xE4, .dword, 0xB7B6_B5B4),
          .load(0xC000_0018, .qword, 0xBFBE_BDBC_BBBA_B9B8), .out(0xE4, .dword, 0xBBBA_B9B8),
          .out(0xE4, .dword, 0xBFBE_BDBC),
        ])
    }

    @Test("writes that may be gathered come in the guest's order, before what it does next", arguments: BackendKind.available)
    func gatheredWrites(kind: BackendKind) throws {
      func accesses(gathered: Bool) throws -> [Access] {
        let run = try GuestRun(recorderMemory: Self.device)
        let start = try LongMode.start(program("memory_widths"), in: run.memory) { $0[.rdi] = 0xC000_0000 }
        let registers: [SelectRegister] = [.memory(MemoryRange(0xC000_0000, count: 16)), .ports(PortRange(0xE4, count: 4))]
        return try run.run(on: kind, from: start) { if gathered { $0.mayGather(writesTo: registers) } }.accesses
      }
      #expect(try accesses(gathered: true) == accesses(gathered: false))
    }

    @Test("once its registers are elsewhere, what the guest writes where they were is not gathered any more", arguments: BackendKind.withDoorbells)
    func movedRegisters(kind: BackendKind) throws {
      func exits(moving: Bool) throws -> Int {
        let run = try GuestRun(recorderMemory: Self.device) { if moving { $0.mayGather(writesTo: []) } }
        let start = try LongMode.start(program("memory_widths"), in: run.memory) { $0[.rdi] = 0xC000_0000 }
        return try run.run(on: kind, from: start) { $0.mayGather(writesTo: [.memory(MemoryRange(0xC000_0000, count: 16))]) }.memoryExits
      }
      let moved = try exits(moving: true)
      #expect(moved == 8)
      #expect(try exits(moving: false) < moved)
    }

    @Test("an access across pages reaches the device in its parts, every byte once", arguments: BackendKind.available)
    func splitAccess(kind: BackendKind) throws {
      let run = try GuestRun(recorderMemory: Self.device)
      let start = try LongMode.start(program("split_access"), in: run.memory) { $0[.rdi] = 0xC000_0FFC }
      let end = try run.run(on: kind, from: start)
      var bytes: [UInt64: UInt8] = [:]
      var stored = 0
      for access in end.accesses where access.kind == .store {
        for byte in 0..<access.width.byteCount {
          bytes[access.address + UInt64(byte)] = UInt8(truncatingIfNeeded: access.value >> UInt64(byte * 8))
          stored += 1
        }
      }
      #expect(stored == 8)
      #expect((0..<8).map { bytes[0xC000_0FFC + $0] } == [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88])
      #expect(
        end.accesses.filter { $0.kind == .output } == [
          .out(0xE4, .dword, 0x9F9E_9D9C), .out(0xE4, .dword, 0xA3A2_A1A0),
        ])
    }

    @Test("RAM goes on above 4 GiB, and costs the host only what is touched", arguments: BackendKind.available)
    func highMemory(kind: BackendKind) throws {
      let before = residentPages()
      let run = try GuestRun(memory: 3 << 30)
      let start = try LongMode.start(program("high_memory"), in: run.memory) {
        $0[.rsi] = 0x1_0000_0000
        $0[.rdi] = 0x1_3FFF_FFF8
      }
      let end = try run.run(on: kind, from: start)
      #expect(end.accesses == [.out(0xE4, .dword, 0x600D_F00D), .out(0xE4, .dword, 0x1234_5678)])
      #expect(try run.memory.load(UInt64.self, at: 0x1_0000_0000) == 0x600D_F00D)
      #expect(try run.memory.load(UInt64.self, at: 0x1_3FFF_FFF8) == 0x1234_5678)
      #expect(residentPages() - before < 8192)
    }
  }
}
