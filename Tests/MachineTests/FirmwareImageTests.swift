import Machine
import TestSupport
import Testing

@Suite("Firmware images")
struct FirmwareImageTests {
  private func refusal(of path: String, variables: String? = nil) -> String? {
    var configuration = Configuration()
    configuration.console = .none
    configuration.firmware = .file(path)
    configuration.firmwareVariables = variables
    do throws(MachineError) {
      _ = try Machine(configuration)
      return nil
    } catch {
      #expect(error.exitStatus == 202)
      return error.message
    }
  }

  @Test(
    "BZ-04 an image smaller than 64 KiB or larger than 16 MiB is refused with its size",
    arguments: [
      0, 1, 0xFFFF, 0x100_0001,
    ])
  func wrongSize(size: Int) {
    let file = TemporaryFile([UInt8](repeating: 0, count: size))
    #expect(refusal(of: file.path) == "\(file.path): is \(size) bytes long, and a firmware image has 64 KiB to 16 MiB")
  }

  @Test("BZ-04 what is no file is refused", arguments: ["/tmp", "/dev/zero", "/nowhere"])
  func noFile(path: String) {
    #expect(refusal(of: path)?.hasPrefix("\(path): ") == true)
  }

  @Test("an image of any size between is taken", arguments: [0x1_0000, 0x1_0001, 0x100_0000])
  func rightSize(size: Int) {
    let file = TemporaryFile([UInt8](repeating: 0, count: size))
    #expect(refusal(of: file.path) == nil)
  }

  @Test("FL-03 a flash file that is empty, or ends within a block, is refused", arguments: [0, 1, 4095, 4097])
  func partialBlock(size: Int) {
    let (code, variables) = (TemporaryFile([UInt8](repeating: 0, count: 0x1_0000)), TemporaryFile([UInt8](repeating: 0, count: size)))
    #expect(refusal(of: code.path, variables: variables.path)?.hasPrefix("\(variables.path): is \(size) bytes long") == true)
  }

  @Test(
    "FL-03 code and variables that do not fit together below 4 GiB are refused",
    arguments: [
      (0x1_0001, 0x1000), (0xFF_F000, 0x2000),
    ])
  func tooLargeTogether(code: Int, variables: Int) {
    let (code, variables) = (TemporaryFile([UInt8](repeating: 0, count: code)), TemporaryFile([UInt8](repeating: 0, count: variables)))
    #expect(refusal(of: code.path, variables: variables.path)?.contains("16 MiB") == true)
  }

  @Test func a_flash_file_of_whole_blocks_is_taken() {
    let (code, variables) = (TemporaryFile([UInt8](repeating: 0, count: 0x1_0000)), TemporaryFile([UInt8](repeating: 0, count: 0x2000)))
    #expect(refusal(of: code.path, variables: variables.path) == nil)
  }
}
