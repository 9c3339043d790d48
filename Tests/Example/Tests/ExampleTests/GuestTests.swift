import ExampleDevices
import Glibc
import Machine
import Testing

/// The devices on a board, and a guest of a few instructions that meets them.
@Suite(.serialized) struct GuestTests {
  private let folder: String

  init() {
    var name = Array("/tmp/swboot-example-XXXXXX".utf8CString)
    precondition(mkdtemp(&name) != nil, "a test needs /tmp")
    folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A firmware of 64 KiB that begins with this code, in real mode.
  private func run(_ code: [UInt8], trace events: [String]) throws -> (outcome: Outcome, trace: String) {
    var image = [UInt8](repeating: 0xCC, count: 0x1_0000)
    image.replaceSubrange(0..<code.count, with: code)
    image.replaceSubrange(0xFFF0..<0xFFF3, with: [0xE9, 0x0D, 0x00])  // the reset vector jumps to its start
    let (firmware, trace) = ("\(folder)/firmware", "\(folder)/trace")
    let file = fopen(firmware, "w")
    fwrite(image, 1, image.count, file)
    fclose(file)
    var configuration = Configuration()
    configuration.firmware = .file(firmware)
    configuration.memory = 1 << 20
    configuration.console = .none
    configuration.accelerator = .soft
    configuration.timeout = 60
    configuration.trace = .init(events: events, file: trace)
    var devices = AddedDevices()
    devices.add(Adder(), Adder.placement)
    devices.add(Alarm(), Alarm.placement)
    devices.add(Reverser(), name: "reverser")
    let outcome = try Machine(configuration, adding: devices).run().outcome
    var text = [CChar](repeating: 0, count: 1 << 16)
    let written = fopen(trace, "r")
    _ = fread(&text, 1, text.count - 1, written)
    fclose(written)
    return (outcome, String(cString: text))
  }

  @Test func a_guest_meets_the_adder_and_the_trace_names_it() throws {
    // mov $0x590, %dx; mov $20, %al; out %al, %dx; out %al, %dx; in %dx, %al; out %al, $0xF4
    let (outcome, trace) = try run([0xBA, 0x90, 0x05, 0xB0, 20, 0xEE, 0xEE, 0xEC, 0xE6, 0xF4], trace: ["adder"])
    #expect(outcome == .exited(code: 40 << 1 | 1))
    #expect(trace.contains("adder: write byte +0x0 0x14") && trace.contains("adder: read byte +0x0 0x28"))
  }

  @Test func a_guest_finds_the_reverser_on_the_bus() throws {
    // mov $0x8000E000, %eax; mov $0xCF8, %dx; out %eax, %dx; mov $0xCFE, %dx; in %dx, %al; out %al, $0xF4
    let code: [UInt8] = [0x66, 0xB8, 0x00, 0xE0, 0x00, 0x80, 0xBA, 0xF8, 0x0C, 0x66, 0xEF, 0xBA, 0xFE, 0x0C, 0xEC, 0xE6, 0xF4]
    let (outcome, trace) = try run(code, trace: ["reverser"])
    #expect(outcome == .exited(code: 0x6A << 1 & 0xFF | 1))
    #expect(trace.contains("reverser: read byte configuration"))
  }
}
