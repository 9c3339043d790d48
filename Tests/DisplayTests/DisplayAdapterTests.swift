import DeviceModel
@testable import Display
import GuestRAM
import PCI
import PCIBus
import Primitives
import Synchronization
import SystemBus
import Testing

/// A machine that counts how often the display moves, and clears its memory.
final class CountingBackplane: Backplane {
  let mapChanges = Atomic<Int>(0)
  private let memory: GuestMemory
  init(_ memory: GuestMemory) { self.memory = memory }
  var now: Instant { .start }
  func carryOut(_ cycle: Cycle, of placement: Placement) {
    if cycle.changes.contains(.memoryMap) { mapChanges.add(1, ordering: .relaxed) }
    if cycle.effects.contains(.clearVideo) { memory.clearVideo() }
  }
}

/// A bus with a display, its ports and the bridge.
struct DisplayBench {
  let memory: GuestMemory
  let backplane: CountingBackplane
  let display: FunctionSlot<DisplayAdapter>
  let bus: SystemBus
  let framebuffer: GuestAddress = 0xE000_0000
  let registers: GuestAddress = 0xC000_0000

  init() throws {
    memory = try GuestMemory(size: 1 << 20, video: Platform.video.count)
    backplane = CountingBackplane(memory)
    let wires = PCIWires(on: backplane)
    display = FunctionSlot(
      DisplayAdapter(memorySize: Int(memory.videoSize), preferred: (1024, 768)), at: FunctionAddress(slot: 2), Placement("display"), wires: wires,
      on: backplane)
    var bus = SystemBus()
    try bus.add(HostBridge([display], wires: wires, on: backplane))
    try bus.add(FixedPorts(of: display))
    self.bus = bus
    configure(framebuffer.value, 0x10)
    configure(registers.value, 0x18)
    configure(3, 0x04)
  }

  func configure(_ value: UInt64, _ register: Int) {
    bus.write(value, .dword, to: Platform.ecam.first + (2 << 15 | register))
  }
  func configuration(_ register: Int) -> UInt64 { bus.read(.dword, from: Platform.ecam.first + (2 << 15 | register)) }

  func set(_ value: UInt64, _ register: DisplayInterface.Register) {
    bus.write(UInt64(register.rawValue), .word, to: 0x1CE as Port)
    bus.write(value, .word, to: 0x1CF as Port)
  }
  func get(_ register: DisplayInterface.Register) -> UInt64 {
    bus.write(UInt64(register.rawValue), .word, to: 0x1CE as Port)
    return bus.read(.word, from: 0x1CF as Port)
  }
  func setMode(_ width: UInt64, _ height: UInt64, _ depth: UInt64) {
    set(0, .enable)
    set(width, .width)
    set(height, .height)
    set(depth, .depth)
    set(0x41, .enable)
  }
  /// Writes to the framebuffer as a processor does.
  func draw(_ bytes: [UInt8], at offset: Int) throws {
    memory.storeVideo(bytes, at: offset)
  }
  var picture: Picture { Picture(of: display.inspect { $0.screen }, in: memory) }
}

@Suite struct DisplayAdapterTests {
  @Test func driversFindTheDeviceTheyKnow() throws {
    let bench = try DisplayBench()
    #expect(bench.configuration(0) == 0x1111_1234)
    #expect(bench.configuration(8) >> 8 == 0x03_0000)
    #expect(bench.get(.id) == 0xB0C5)
    #expect(bench.get(.videoMemory) == 256)
    #expect(bench.bus.read(.word, from: bench.registers + 0x500) == 0xB0C5)
    #expect(bench.bus.read(.qword, from: bench.registers) == 0x00FF_FFFF_FFFF_FF00)
  }

  @Test func theMonitorDescribesItself() throws {
    let description = MonitorDescription(width: 1024, height: 768).bytes
    #expect(description.count == 128)
    #expect(description.reduce(0, &+) == 0)
  }

  @Test func theFramebufferMovesWithItsBaseAddress() throws {
    let bench = try DisplayBench()
    #expect(bench.display.inspect { $0.framebufferPlace } == bench.framebuffer)
    let before = bench.backplane.mapChanges.load(ordering: .relaxed)
    bench.configure(0xFFFF_FFFF, 0x10)
    #expect(bench.configuration(0x10) == 0xFF00_0008)
    bench.configure(0, 0x04)
    #expect(bench.display.inspect { $0.framebufferPlace } == nil)
    #expect(bench.backplane.mapChanges.load(ordering: .relaxed) == before + 2)
  }

  @Test func aModeShowsVideoMemory() throws {
    let bench = try DisplayBench()
    bench.setMode(640, 480, 32)
    try bench.draw([3, 2, 1, 0], at: (640 * 2 + 5) * 4)
    let picture = bench.picture
    #expect(picture.width == 640 && picture.height == 480)
    #expect(picture[5, 2] == Color(red: 1, green: 2, blue: 3))
    #expect(picture[4, 2] == Color(red: 0, green: 0, blue: 0))
  }

  @Test(
    arguments: [
      (15, [0x1F, 0x00], Color(red: 0, green: 0, blue: 255)), (16, [0xE0, 0x07], Color(red: 0, green: 255, blue: 0)),
      (24, [0, 0, 0xFF], Color(red: 255, green: 0, blue: 0)), (8, [4], Color(red: 0xAA, green: 0, blue: 0)),
    ] as [(UInt64, [UInt8], Color)])
  func eachDepthHasItsColours(depth: UInt64, bytes: [UInt8], color: Color) throws {
    let bench = try DisplayBench()
    bench.setMode(640, 480, depth)
    try bench.draw(bytes, at: 0)
    #expect(bench.picture[0, 0] == color)
  }

  @Test func aWiderLineAndAnOffsetMoveThePicture() throws {
    let bench = try DisplayBench()
    bench.setMode(640, 480, 32)
    bench.set(800, .virtualWidth)
    bench.set(1, .top)
    bench.set(2, .left)
    try bench.draw([9, 9, 9, 0], at: (800 + 2) * 4)
    #expect(bench.picture[0, 0] == Color(red: 9, green: 9, blue: 9))
    #expect(bench.get(.virtualHeight) == (16 << 20) / 3200)
  }

  @Test func turningAModeOnClearsTheScreenUnlessAskedNotTo() throws {
    let bench = try DisplayBench()
    try bench.draw([1, 1, 1, 1], at: 0)
    bench.set(0xC1, .enable)
    #expect(bench.memory.videoBytes(1, at: 0) == [1])
    bench.set(0, .enable)
    bench.set(0x41, .enable)
    #expect(bench.memory.videoBytes(1, at: 0) == [0])
  }

  @Test("VD-01 no register of the display takes the picture out of its memory")
  func anyRegisterValues() throws {
    let bench = try DisplayBench()
    var random: UInt64 = 1
    for _ in 0..<400 {
      random = random &* 6_364_136_223_846_793_005 &+ 1
      let register = DisplayInterface.Register.allCases[Int(random >> 40) % DisplayInterface.Register.allCases.count]
      bench.set(random >> 20 & 1 == 0 ? random >> 32 & 0xFFFF : random >> 32 & 0xFFF, register)
      guard case .pixels(let screen) = bench.display.inspect({ $0.screen }) else { continue }
      #expect(screen.width <= DisplayInterface.largestWidth && screen.height <= DisplayInterface.largestHeight)
      // Drawing takes its time.
      if screen.width * screen.height < 1 << 16 { _ = bench.picture }
    }
    bench.setMode(64, 64, 32)
    bench.set(0xFFFF, .virtualWidth)
    bench.set(0xFFFF, .top)
    #expect(bench.picture[0, 0] == Color(red: 0, green: 0, blue: 0))
  }

  @Test("VD-02 any VGA register of any value shows some picture")
  func anyVGARegisters() throws {
    let bench = try DisplayBench()
    var random: UInt64 = 7
    for _ in 0..<3000 {
      random = random &* 6_364_136_223_846_793_005 &+ 1
      let port = Port(0x3C0 + UInt16(random >> 33 & 0x1F))
      let width: AccessWidth = random >> 60 & 1 == 0 ? .byte : .word
      if random >> 61 & 1 == 0 { bench.bus.write(random >> 40 & 0xFFFF, width, to: port) } else { _ = bench.bus.read(width, from: port) }
      if random >> 50 & 511 == 0 { #expect(bench.picture.width > 0) }
    }
  }

  @Test func aResetForgetsTheModeAndThePicture() throws {
    let bench = try DisplayBench()
    bench.setMode(640, 480, 32)
    try bench.draw([1, 2, 3, 4], at: 0)
    bench.display.reset()
    guard case .text = bench.display.inspect({ $0.screen }) else {
      Issue.record("a display starts with text")
      return
    }
    #expect(bench.memory.videoBytes(4, at: 0) == [0, 0, 0, 0])
  }
}
