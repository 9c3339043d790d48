internal import CLinux
internal import DeviceModel
internal import Glibc
internal import Host
internal import GuestRAM
internal import Primitives
public import Processor
internal import SoftCPU
import Synchronization
public import SystemBus

/// One vCPU of KVM.
///
/// Safe because the page shared with the kernel is touched only by the thread in `run`, except for the
/// exit request, which is atomic.
@safe public final class KVMProcessor: Processor {
  let backend: KVMBackend
  let index: Int
  let descriptor: Int32
  nonisolated(unsafe) let shared: UnsafeMutablePointer<kvm_run>
  private let sharedSize: Int
  let traps = Mutex(DebugTraps())
  /// Made when it is first needed.
  let standIn = Mutex<StandIn?>(nil)
  private let thread = Atomic<Int32>(0)
  private let kicked = Atomic<Bool>(false)

  /// Interrupts a KVM_RUN from another thread.
  static let kickSignal = HostSignals.kick

  init(_ index: Int, of backend: KVMBackend) throws(ProcessorError) {
    self.backend = backend
    self.index = index
    _ = linux_install_kick_handler(Self.kickSignal)
    descriptor = linux_ioctl(backend.vm, linux_KVM_CREATE_VCPU, UInt(index))
    guard descriptor >= 0 else { throw failure("KVM_CREATE_VCPU", descriptor) }
    sharedSize = Int(linux_ioctl(backend.kvm.descriptor, linux_KVM_GET_VCPU_MMAP_SIZE, 0))
    let mapped = unsafe mmap(nil, max(sharedSize, 4096), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      let code = errno
      close(descriptor)
      throw failure("mmap of a vCPU", -code)
    }
    unsafe shared = mapped.assumingMemoryBound(to: kvm_run.self)
    try setIdentification()
    setModelSpecificRegisters()
    if index == 0 { backend.splitChips?.whenRaised.set { [weak self] in self?.interruptRun() } }
    backend.haltWatch.watch(self)
  }

  deinit {
    unsafe munmap(UnsafeMutableRawPointer(shared), max(sharedSize, 4096))
    close(descriptor)
  }

  public func kick() {
    kicked.store(true, ordering: .releasing)
    backend.haltWatch.withdraw()
    interruptRun()
  }

  var isKicked: Bool { kicked.load(ordering: .acquiring) }

  /// How long its thread has worked so far, for the guest or for us; nil while it does not run.
  var work: UInt64? {
    let id = thread.load(ordering: .acquiring)
    return id == 0 ? nil : linux_thread_work(id)
  }

  /// Makes the present KVM_RUN, or the next one, end soon.
  func interruptRun() {
    unsafe linux_kvm_request_exit(shared, 1)
    let id = thread.load(ordering: .acquiring)
    if id != 0 { _ = linux_signal_thread(id, Self.kickSignal) }
  }

  public func run(on bus: SystemBus) throws(ProcessorError) -> Pause {
    linux_unblock_signal(Self.kickSignal)
    thread.store(linux_thread_id(), ordering: .releasing)
    defer { thread.store(0, ordering: .releasing) }
    let splitChips = backend.splitChips
    while true {
      if let splitChips, index == 0 { offerInterrupt(of: splitChips) }
      let result = linux_ioctl(descriptor, linux_KVM_RUN, 0)
      // Taken back before the flag is looked at: a kick that comes in between asks again, and costs at most
      // one exit for nothing.
      if result == -EINTR || isKicked { unsafe linux_kvm_request_exit(shared, 0) }
      if kicked.exchange(false, ordering: .acquiringAndReleasing) {
        // An I/O exit that came with the kick is finished first, so that no access is lost.
        if result >= 0, let pause = try finish(on: bus) { return pause }
        return .kicked
      }
      // EAGAIN: a processor that just received its start-up message.
      if result == -EINTR || result == -EAGAIN {
        if backend.haltWatch.isStuck(with: self) { return .halted }
        continue
      }
      guard result >= 0 else { throw runFailure(result) }
      if let pause = try finish(on: bus) { return pause }
    }
  }

  /// Does what the exit asks for; nil to go on.
  private func finish(on bus: SystemBus) throws(ProcessorError) -> Pause? {
    switch unsafe CInt(bitPattern: shared.pointee.exit_reason) {
    case KVM_EXIT_IO: doPortAccess(on: bus)
    case KVM_EXIT_MMIO: doMemoryAccess(on: bus)
    case KVM_EXIT_HLT: return .halted
    case KVM_EXIT_SHUTDOWN: return .shutdown
    case KVM_EXIT_SYSTEM_EVENT:
      return switch unsafe CInt(bitPattern: shared.pointee.system_event.type) {
      case KVM_SYSTEM_EVENT_SHUTDOWN: .power(.off)
      case KVM_SYSTEM_EVENT_CRASH: .power(.panicked)
      default: .power(.reset)
      }
    case KVM_EXIT_IOAPIC_EOI: unsafe backend.splitChips?.endOfInterrupt(shared.pointee.eoi.vector)
    case KVM_EXIT_DEBUG: return .trapped(debugTrap)
    case KVM_EXIT_INTR, KVM_EXIT_IRQ_WINDOW_OPEN: break
    case KVM_EXIT_FAIL_ENTRY: throw entryFailure()
    case KVM_EXIT_INTERNAL_ERROR: return try handOver(on: bus)
    case let other: throw ProcessorError("KVM stopped the guest for a reason swboot does not know (\(other)).\(place())")
    }
    return nil
  }

  /// What the legacy controllers ask for is given to KVM as soon as the guest can take it.
  private func offerInterrupt(of chips: SplitChips) {
    if chips.isRaised, unsafe shared.pointee.ready_for_interrupt_injection != 0 {
      var interrupt = kvm_interrupt()
      interrupt.irq = UInt32(chips.acknowledge())
      // Nothing to report: KVM refuses a second one before it took the first, and then it was not ready.
      _ = unsafe linux_ioctl_pointer(descriptor, linux_KVM_INTERRUPT, &interrupt)
    }
    unsafe shared.pointee.request_interrupt_window = chips.isRaised ? 1 : 0
  }

  /// `count` elements of `size` bytes lie packed in the shared page; the port stays the same.
  private func doPortAccess(on bus: SystemBus) {
    let access = unsafe shared.pointee.io
    guard let width = AccessWidth(byteCount: Int(access.size)) else { return }
    let port = Port(access.port)
    for element in 0..<Int(access.count) {
      let place = unsafe UnsafeMutableRawPointer(shared) + Int(access.data_offset) + element * width.byteCount
      if CInt(access.direction) == KVM_EXIT_IO_OUT {
        var value: UInt64 = 0
        unsafe memcpy(&value, place, width.byteCount)
        bus.write(value, width, to: port)
      } else {
        var value = bus.read(width, from: port)
        unsafe memcpy(place, &value, width.byteCount)
      }
    }
  }

  /// KVM reports up to eight bytes at any alignment and of any length; the bus knows powers of two.
  private func doMemoryAccess(on bus: SystemBus) {
    let address = unsafe GuestAddress(shared.pointee.mmio.phys_addr)
    let count = unsafe min(Int(shared.pointee.mmio.len), 8)
    let isWrite = unsafe shared.pointee.mmio.is_write != 0
    var value: UInt64 = 0
    if isWrite {
      unsafe withUnsafeBytes(of: shared.pointee.mmio.data) { data in
        for byte in 0..<count { value |= unsafe UInt64(data[byte]) << UInt64(byte * 8) }
      }
    }
    var done = 0
    while done < count {
      var width = AccessWidth.qword
      while width.byteCount > count - done { width = AccessWidth(byteCount: width.byteCount / 2) ?? .byte }
      let shift = UInt64(done * 8)
      if isWrite {
        let part = value >> shift & width.mask
        if !backend.memory.writeBehind(part, width, at: address + done) {
          bus.write(part, width, to: address + done)
        }
      } else {
        value |= bus.read(width, from: address + done) << shift
      }
      done += width.byteCount
    }
    if !isWrite { unsafe withUnsafeMutableBytes(of: &shared.pointee.mmio.data) { unsafe $0.storeBytes(of: value, as: UInt64.self) } }
  }

  // MARK: When KVM cannot go on

  private func runFailure(_ result: Int32) -> ProcessorError {
    ProcessorError("KVM_RUN failed (\(unsafe String(cString: strerror(-result)))).\(place())")
  }

  private func entryFailure() -> ProcessorError {
    let reason = unsafe shared.pointee.fail_entry.hardware_entry_failure_reason
    return ProcessorError("The host's processor refused to enter the guest (reason 0x\(reason.hex())).\(place())")
  }

  func internalError() -> ProcessorError {
    let failure = unsafe shared.pointee.emulation_failure
    var text = "KVM could not go on (internal error \(failure.suberror)"
    if failure.suberror == UInt32(KVM_INTERNAL_ERROR_EMULATION), failure.flags & 1 == 1 {
      let bytes = unsafe withUnsafeBytes(of: failure.insn_bytes) { raw in
        unsafe raw.prefix(Int(min(failure.insn_size, 15))).map { $0.hex(digits: 2) }
      }
      text += ", it cannot emulate the instruction \(bytes.joined(separator: " "))"
    }
    return ProcessorError(text + "). Run with --accel soft.\(place())")
  }

  /// Where the guest was, for a message.
  private func place() -> String {
    guard let state = try? state() else { return "" }
    return " The guest was at \(state.cs.selector.hex()):\(state.rip.hex()) on processor \(index)."
  }
}
