internal import CLinux
public import DeviceModel
internal import Glibc
public import GuestRAM
internal import Primitives
public import Processor
internal import SoftBackend
import Synchronization
public import SystemBus

/// One virtual machine of KVM: its memory slots and in-kernel interrupt chips.
@safe public final class KVMBackend: Backend, InterruptController {
  let kvm: KVM
  let vm: Int32
  let memory: GuestMemory
  let processorCount: Int
  private let doorbells: DoorbellService?
  let tally = InstructionTally()
  let whenHandedOver: (@Sendable (HandOver) -> Void)?
  private let slots = Mutex<[UInt32: MemoryWindow]>([:])

  public var interrupts: any InterruptController { self }
  public var chips: [any BusTarget] { [] }

  public var handedOver: [(name: String, count: Int)] { tally.list }

  /// - Parameter whenHandedOver: called by a processor's thread each time the software processor helped it out.
  public init(memory: GuestMemory, processors: Int, whenHandedOver: (@Sendable (HandOver) -> Void)? = nil) throws(ProcessorError) {
    kvm = try KVM()
    let missing = kvm.missing
    guard missing.isEmpty else {
      throw ProcessorError("/dev/kvm lacks \(missing.joined(separator: ", ")). Run with --accel soft.")
    }
    let most = kvm.has(KVM_CAP_MAX_VCPUS)
    guard processors <= most else {
      throw ProcessorError("--cpus \(processors): this host's KVM allows \(most). Ask for fewer.")
    }
    self.memory = memory
    processorCount = processors
    self.whenHandedOver = whenHandedOver
    vm = linux_ioctl(kvm.descriptor, linux_KVM_CREATE_VM, 0)
    guard vm >= 0 else { throw Self.failure("KVM_CREATE_VM", vm) }
    doorbells = kvm.has(KVM_CAP_IOEVENTFD) > 0 ? DoorbellService(vm, anyWidth: kvm.has(KVM_CAP_IOEVENTFD_NO_LENGTH) > 0) : nil
    do throws(ProcessorError) {
      try prepare()
    } catch {
      close(vm)
      throw error
    }
  }

  deinit {
    doorbells?.stop()
    close(vm)
  }

  private func prepare() throws(ProcessorError) {
    // Intel hosts without unrestricted guests run real mode inside these pages; others ignore them.
    var identity = Platform.kvmIdentityMap.value
    try check("KVM_SET_IDENTITY_MAP_ADDR", unsafe linux_ioctl_pointer(vm, linux_KVM_SET_IDENTITY_MAP_ADDR, &identity))
    try check("KVM_SET_TSS_ADDR", linux_ioctl(vm, linux_KVM_SET_TSS_ADDR, UInt(Platform.kvmTaskState.value)))
    try check("KVM_CREATE_IRQCHIP", linux_ioctl(vm, linux_KVM_CREATE_IRQCHIP, 0))
    try setInterruptRoutes()
    // Port 61h answers in the kernel too: kernels poll it while they calibrate their clock.
    var timer = kvm_pit_config()
    timer.flags = UInt32(KVM_PIT_SPEAKER_DUMMY)
    try check("KVM_CREATE_PIT2", unsafe linux_ioctl_pointer(vm, linux_KVM_CREATE_PIT2, &timer))
    try memoryMapChanged()
  }

  @discardableResult
  func check(_ call: StaticString, _ result: Int32) throws(ProcessorError) -> Int32 {
    guard result >= 0 else { throw Self.failure(call, result) }
    return result
  }

  static func failure(_ call: StaticString, _ result: Int32) -> ProcessorError {
    ProcessorError("/dev/kvm: \(call) failed: \(unsafe String(cString: strerror(-result))).")
  }

  public func makeProcessor(_ index: Int) throws(ProcessorError) -> any Processor {
    try KVMProcessor(index, of: self)
  }

  // MARK: Memory

  /// Makes KVM's slots what the guest should see. A slot's kind cannot change in place: it goes and comes back.
  public func memoryMapChanged() throws(ProcessorError) {
    let wanted = memory.windows
    let result = slots.withLock { current -> Result<Void, ProcessorError> in
      do throws(ProcessorError) {
        for (id, window) in current where !wanted.contains(window) {
          try set(slot: id, window, bytes: 0)
          current[id] = nil
        }
        for window in wanted where !current.values.contains(window) {
          var id: UInt32 = 0
          while current[id] != nil { id += 1 }
          try set(slot: id, window, bytes: window.range.count)
          current[id] = window
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private func set(slot: UInt32, _ window: MemoryWindow, bytes: UInt64) throws(ProcessorError) {
    var region = kvm_userspace_memory_region()
    region.slot = slot
    region.flags = window.access == .readWrite ? 0 : UInt32(KVM_MEM_READONLY)
    region.guest_phys_addr = window.range.first.value
    region.memory_size = bytes
    unsafe region.userspace_addr = UInt64(UInt(bitPattern: memory.hostAddress(of: window)))
    try check("KVM_SET_USER_MEMORY_REGION", unsafe linux_ioctl_pointer(vm, linux_KVM_SET_USER_MEMORY_REGION, &region))
  }

  // MARK: Doorbells

  public func setDoorbells(_ bells: [DeviceModel.Doorbell]) { doorbells?.set(bells) }

  // MARK: Interrupts

  public func setLine(_ line: Int, _ level: Bool) {
    var event = kvm_irq_level()
    event.irq = UInt32(truncatingIfNeeded: line)
    event.level = level ? 1 : 0
    // Nothing to report: the kernel refuses only lines that do not exist.
    _ = unsafe linux_ioctl_pointer(vm, linux_KVM_IRQ_LINE, &event)
  }

  public func setLevelTriggered(_ lines: UInt16) {
    for chip in [InterruptRoutes.Chip.firstPIC, .secondPIC] {
      var content = kvm_irqchip()
      content.chip_id = chip.rawValue
      // Nothing to report: every kernel that made the chips can show and set them.
      guard unsafe linux_ioctl_pointer(vm, linux_KVM_GET_IRQCHIP, &content) >= 0 else { continue }
      unsafe content.chip.pic.elcr = UInt8(truncatingIfNeeded: chip == .firstPIC ? lines : lines >> 8)
      _ = unsafe linux_ioctl_pointer(vm, linux_KVM_SET_IRQCHIP, &content)
    }
  }

  public func send(_ message: MSIMessage) {
    var msi = kvm_msi()
    msi.address_lo = UInt32(truncatingIfNeeded: message.address)
    msi.address_hi = UInt32(truncatingIfNeeded: message.address >> 32)
    msi.data = message.data
    // A guest may program nonsense; the kernel refuses it and the interrupt is lost, as on hardware.
    _ = unsafe linux_ioctl_pointer(vm, linux_KVM_SIGNAL_MSI, &msi)
  }
}
