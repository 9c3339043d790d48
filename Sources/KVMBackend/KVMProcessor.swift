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
  private let gathered: WriteRing?
  private let sharedSize: Int
  let traps = Mutex(DebugTraps())
  /// Made when it is first needed.
  let standIn = Mutex<StandIn?>(nil)
  private let thread = Atomic<Int32>(0)
  private let kicked = Atomic<Bool>(false)
  /// The legacy controllers may want to interrupt this processor.
  private let isInterrupted = Atomic<Bool>(false)

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
    unsafe gathered = backend.gatheredWrites.ring(in: mapped, byteCount: sharedSize)
    if index == 0, let chips = backend.splitChips {
      chips.whenRaised.set { [weak self] in self?.takeInterrupt() }
      if chips.isRaised { takeInterrupt() }
    }
    backend.haltWatch.watch(self)
    setModelSpecificRegisters()
    try setIdentification()  // Last: another thread may still ask KVM for it.
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

  /// Whether writes have been gathered, of any processor, that nobody has heard of yet.
  var hasGathered: Bool { gathered?.isEmpty == false }

  /// Makes the present KVM_RUN, or the next one, end soon.
  func interruptRun() {
    unsafe linux_kvm_request_exit(shared, 1)
    let id = thread.load(ordering: .acquiring)
    if id != 0 { _ = linux_signal_thread(id, Self.kickSignal) }
  }

  /// The legacy controllers have raised their interrupt.
  private func takeInterrupt() {
    isInterrupted.store(true, ordering: .sequentiallyConsistent)
    interruptRun()
  }

  public func run(on bus: SystemBus) throws(ProcessorError) -> Pause {
    linux_unblock_signal(Self.kickSignal)
    thread.store(linux_thread_id(), ordering: .releasing)
    defer { thread.store(0, ordering: .releasing) }
    var window: SystemBus.Window<PortSpace>?
    while true {
      switch try run(on: bus, in: window) {
      case .paused(let pause): return pause
      case .accessed(let port):
        window = bus.window(at: port)
        backend.gatheredWrites.sawAccess(to: port)
      }
    }
  }

  /// How a stretch of the guest's work ends.
  private enum Stretch {
    case paused(Pause)
    /// It has accessed a port outside the window.
    case accessed(Port)
  }

  /// Runs the guest as long as it accesses no port but those in the window: where the last access led, because a guest asks the
  /// same device again and again.
  private func run(on bus: SystemBus, in window: SystemBus.Window<PortSpace>?) throws(ProcessorError) -> Stretch {
    while true {
      if isInterrupted.load(ordering: .acquiring) { offerInterrupt() }
      let result = linux_kvm_run(descriptor)
      let isCalled = result == -EINTR || isKicked
      // Taken back before the flag is looked at: a kick that comes in between asks again, and costs at most one exit for nothing.
      if isCalled { unsafe linux_kvm_request_exit(shared, 0) }
      let mustStop = isCalled && kicked.exchange(false, ordering: .acquiringAndReleasing)
      if let gathered, !gathered.isEmpty { backend.gatheredWrites.carryOut(gathered, on: bus) }
      if result >= 0 {
        if unsafe shared.pointee.exit_reason == UInt32(KVM_EXIT_IO) {
          backend.exitCounts.note(KVM_EXIT_IO)
          let isInside = doPortAccess(in: window, on: bus)
          if !isInside, !mustStop { return unsafe .accessed(Port(shared.pointee.io.port)) }
        } else if let pause = try finish(on: bus) {
          return .paused(pause)
        }
      }
      // An access that came with the kick has been finished, so that it is not lost.
      if mustStop { return .paused(.kicked) }
      if result == -EINTR || result == -EAGAIN {
        // EAGAIN: a processor that just received its start-up message.
        if backend.haltWatch.isStuck(with: self) { return .paused(.halted) }
      } else if result < 0 {
        throw runFailure(result)
      }
    }
  }

  /// Does what the exit asks for, if it is no access to a port; nil to go on.
  private func finish(on bus: SystemBus) throws(ProcessorError) -> Pause? {
    let reason = unsafe CInt(bitPattern: shared.pointee.exit_reason)
    backend.exitCounts.note(reason)
    switch reason {
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

  /// What the legacy controllers ask for, the first processor only, is given to KVM as soon as the guest can take it.
  @inline(never)
  private func offerInterrupt() {
    // Before the look, so that one that comes in between is not missed.
    isInterrupted.store(false, ordering: .sequentiallyConsistent)
    guard let chips = backend.splitChips else { return }
    if chips.isRaised, unsafe shared.pointee.ready_for_interrupt_injection != 0 {
      var interrupt = kvm_interrupt()
      interrupt.irq = UInt32(chips.acknowledge())
      // Nothing to report: KVM refuses a second one before it took the first, and then it was not ready.
      _ = unsafe linux_ioctl_pointer(descriptor, linux_KVM_INTERRUPT, &interrupt)
    }
    let isRaised = chips.isRaised
    if isRaised { isInterrupted.store(true, ordering: .releasing) }
    unsafe shared.pointee.request_interrupt_window = isRaised ? 1 : 0
  }

  /// `count` elements of `size` bytes lie packed in the shared page; the port stays the same. False if that is outside the window.
  @inline(__always)
  private func doPortAccess(in window: SystemBus.Window<PortSpace>?, on bus: SystemBus) -> Bool {
    let access = unsafe shared.pointee.io
    guard let width = AccessWidth(byteCount: Int(access.size)) else { return true }
    let place = unsafe UnsafeMutableRawPointer(shared) + Int(truncatingIfNeeded: access.data_offset)
    let isWrite = CInt(access.direction) == KVM_EXIT_IO_OUT
    guard access.count == 1 else {
      for element in 0..<Int(access.count) {
        unsafe Self.move(width, Port(access.port), isWrite, at: place + element * width.byteCount, in: nil, on: bus)
      }
      return true
    }
    return unsafe Self.move(width, Port(access.port), isWrite, at: place, in: window, on: bus)
  }

  /// One element. False if its port is outside the window.
  @discardableResult
  @inline(__always)
  private static func move(
    _ width: AccessWidth, _ port: Port, _ isWrite: Bool, at place: UnsafeMutableRawPointer, in window: SystemBus.Window<PortSpace>?,
    on bus: SystemBus
  ) -> Bool {
    if isWrite {
      let value = unsafe place.load(width)
      if window?.write(value, width, to: port) == true { return true }
      bus.write(value, width, to: port)
      return false
    }
    let value = window?.read(width, from: port)
    unsafe place.store(value ?? bus.read(width, from: port), width)
    return value != nil
  }

  /// KVM reports up to eight bytes at any alignment and of any length; the bus knows powers of two.
  private func doMemoryAccess(on bus: SystemBus) {
    let address = unsafe GuestAddress(shared.pointee.mmio.phys_addr)
    let count = unsafe min(Int(shared.pointee.mmio.len), 8)
    let isWrite = unsafe shared.pointee.mmio.is_write != 0
    var value: UInt64 = 0
    if isWrite {
      backend.gatheredWrites.sawWrite(to: address)
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

extension UnsafeMutableRawPointer {
  /// The low bytes of a value, as many as are accessed.
  fileprivate func load(_ width: AccessWidth) -> UInt64 {
    switch width {
    case .byte: unsafe UInt64(guest_load8(self))
    case .word: unsafe UInt64(guest_load16(self))
    case .dword: unsafe UInt64(guest_load32(self))
    case .qword: unsafe guest_load64(self)
    }
  }

  fileprivate func store(_ value: UInt64, _ width: AccessWidth) {
    switch width {
    case .byte: unsafe guest_store8(self, UInt8(truncatingIfNeeded: value))
    case .word: unsafe guest_store16(self, UInt16(truncatingIfNeeded: value))
    case .dword: unsafe guest_store32(self, UInt32(truncatingIfNeeded: value))
    case .qword: unsafe guest_store64(self, value)
    }
  }
}
