import Glibc
import Testing

@testable import KVMBackend

@Suite struct KVMTests {
  private static let isUsable = if case .unusable = KVM.classify() { false } else { true }

  @Test("what is prepared is the first machine's, and the next gets a VM of its own", .enabled(if: isUsable, "/dev/kvm cannot be used here"))
  func prepared() throws {
    let kvm = try KVM()
    kvm.prepare()
    let vms = try (0..<2).map { _ in try kvm.makeVM() }
    defer { for vm in vms { close(vm) } }
    #expect(vms[0] != vms[1])
    let leaves = try kvm.supportedLeaves()
    #expect((0..<leaves.count).contains { leaves[$0].function == 1 })
  }
}
