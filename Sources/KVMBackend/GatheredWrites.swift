internal import CLinux
internal import DeviceModel
internal import Glibc
internal import Primitives
import Synchronization
internal import SystemBus

/// Writes that need not be heard of before the next access: KVM puts them into a ring and the guest goes on.
///
/// KVM is asked for this when a guest first uses such a register, because asking takes longer than an exit. It gathers every write
/// within a register's range. In the middle of 0xCF8 is 0xCF9, where a guest may reset the machine and do nothing more:
/// `HaltWatch` calls a guest out that has been silent since, so that even such a reset comes within a quarter of a second.
final class GatheredWrites: Sendable {
  private let vm: Int32
  /// Which page of a processor's the ring is in; nil where KVM has none.
  private let page: Int?
  private let takesPorts: Bool
  private struct State {
    /// Those that KVM does not know of yet, and those that it does.
    var waiting: [SelectRegister] = [], known: [SelectRegister] = []
  }
  private let state = Mutex(State())
  private let isWaiting = Atomic<Bool>(false)
  private let taking = Mutex(())

  init(in vm: Int32, of kvm: borrowing KVM) {
    self.vm = vm
    let page = kvm.has(KVM_CAP_COALESCED_MMIO)
    self.page = page > 0 ? page : nil
    takesPorts = kvm.has(KVM_CAP_COALESCED_PIO) > 0
  }

  func ring(in pages: UnsafeMutableRawPointer, byteCount: Int) -> WriteRing? {
    guard let page, (page + 1) * 4096 <= byteCount else { return nil }
    return unsafe WriteRing(pages + page * 4096)
  }

  /// Writes to these registers, and no others, may be gathered.
  func allow(_ registers: [SelectRegister]) {
    guard page != nil else { return }
    state.withLock { state in
      for register in state.known where !registers.contains(register) { tell(register, linux_KVM_UNREGISTER_COALESCED_MMIO) }
      state.known.removeAll { !registers.contains($0) }
      state.waiting = registers.filter { !state.known.contains($0) }
      isWaiting.store(!state.waiting.isEmpty, ordering: .relaxed)
    }
  }

  func sawWrite(to address: GuestAddress) {
    ask { if case .memory(let range) = $0 { range.contains(address) } else { false } }
  }

  func sawAccess(to port: Port) {
    ask { if case .ports(let range) = $0 { range.contains(port) } else { false } }
  }

  private func ask(_ isUsed: (SelectRegister) -> Bool) {
    guard isWaiting.load(ordering: .relaxed) else { return }
    state.withLock { state in
      guard let index = state.waiting.firstIndex(where: isUsed) else { return }
      let register = state.waiting.remove(at: index)
      tell(register, linux_KVM_REGISTER_COALESCED_MMIO)
      state.known.append(register)
      isWaiting.store(!state.waiting.isEmpty, ordering: .relaxed)
    }
  }

  private func tell(_ register: SelectRegister, _ request: UInt) {
    var zone = kvm_coalesced_mmio_zone()
    switch register {
    case .ports(let range):
      guard takesPorts else { return }
      (zone.addr, zone.size) = (UInt64(range.first.value), UInt32(truncatingIfNeeded: range.count))
      zone.pio = 1
    case .memory(let range): (zone.addr, zone.size) = (range.first.value, UInt32(truncatingIfNeeded: range.count))
    }
    // Ignored: each write is then an exit.
    _ = unsafe linux_ioctl_pointer(vm, request, &zone)
  }

  /// Does what the guest has written, in order, whichever processor did. Whoever comes meanwhile waits, because its access comes after that.
  func carryOut(_ ring: WriteRing, on bus: SystemBus) {
    taking.withLock { _ in
      ring.forEach { write in
        guard let width = AccessWidth(byteCount: write.count) else { return }
        if write.isPort {
          bus.write(write.value & width.mask, width, to: Port(UInt16(truncatingIfNeeded: write.address)))
        } else {
          bus.write(write.value & width.mask, width, to: GuestAddress(write.address))
        }
      }
    }
  }
}
