import Testing

/// What a guest must see whoever executes it. One at a time: some look at the process as a whole.
@Suite(.serialized)
struct ConformanceTests {
  /// Says so, if they do not.
  @Test("these guests run on KVM, too", .enabled(if: BackendKind.kvm.isAvailable, "/dev/kvm is not usable here"))
  func onKVM() { #expect(BackendKind.available.contains(.kvm)) }

  @Test(
    "these guests run on KVM with only the local APICs in the kernel, too",
    .enabled(if: BackendKind.splitKVM.isAvailable, "this host's KVM keeps all or none"))
  func onSplitKVM() { #expect(BackendKind.available.contains(.splitKVM)) }
}
