internal import CLinux
public import DeviceModel
internal import Glibc
public import GuestRAM
internal import InterruptChips
internal import Primitives
public import Processor
internal import SoftCPU
import Synchronization
public import SystemBus
public import Time

/// One virtual machine of KVM: its memory slots, its processors, and its interrupt chips or the way to ours.
@safe public final class KVMBackend: Backend {
  let kvm: KVM
  let vm: Int32
  let memory: GuestMemory
  let processorCount: Int
  /// The width of the writes to a doorbell that the kernel can watch for, zero for all; nil if it can watch for none. If it is one
  /// width, it is a word's, which is what drivers write.
  private let doorbellWidth: UInt32?
  /// Those of each device, by its name.
  private let doorbells = Mutex<[String: DoorbellService]>([:])
  let gatheredWrites: GatheredWrites
  let tally = InstructionTally()
  let whenHandedOver: (@Sendable (HandOver) -> Void)?
  private let slots = Mutex<[MemorySlot]>([])

  /// One of KVM's slots for memory, by its number; free where there is no window. (An array of optionals would cost a start one more type.)
  private struct MemorySlot: Sendable {
    var window: MemoryWindow?
  }

  public let interrupts: any InterruptController
  /// Where the kernel keeps the local APICs only.
  let splitChips: SplitChips?
  public let chips: [any BusTarget]
  let haltWatch: HaltWatch
  public var watches: [any BusTarget] { [haltWatch] }

  let exitCounts = ExitCounts()
  public var exits: [(name: String, count: Int)] { exitCounts.list }
  public var handedOver: [(name: String, count: Int)] { tally.list }

  /// - Parameters:
  ///   - kvm: /dev/kvm, if it is opened already.
  ///   - splitsChips: I/O APIC and 8259s are to be ours, and the kernel keeps the local APICs only. Where KVM has but one of
  ///     the two ways, it is that.
  ///   - clock: what time it is for the chips that are ours.
  ///   - deadlineMoved: called from any thread when one of them wants to be advanced earlier.
  ///   - whenHandedOver: called by a processor's thread each time the software processor helped it out.
  public init(
    on kvm: KVM? = nil, memory: GuestMemory, processors: Int, splitsChips: Bool = false, clock: GuestClock = GuestClock(),
    deadlineMoved: @escaping @Sendable () -> Void = {}, whenHandedOver: (@Sendable (HandOver) -> Void)? = nil
  ) throws(ProcessorError) {
    let kvm = if let kvm { kvm } else { try KVM() }
    let missing = kvm.missing
    guard missing.isEmpty else {
      throw ProcessorError("/dev/kvm lacks \(missing.joined(separator: ", ")). Run with --accel soft.")
    }
    let splits = kvm.has(splitsChips ? KVM_CAP_SPLIT_IRQCHIP : KVM_CAP_IRQCHIP) > 0 ? splitsChips : !splitsChips
    let most = kvm.has(KVM_CAP_MAX_VCPUS)
    guard processors <= most else {
      throw ProcessorError("--cpus \(processors): this host's KVM allows \(most). Ask for fewer.")
    }
    self.memory = memory
    processorCount = processors
    self.whenHandedOver = whenHandedOver
    let vm = try kvm.makeVM()
    do throws(ProcessorError) {
      try Self.reservePages(in: vm)
      if splits {
        let ours = try SplitChips(of: vm, clock: { clock.now }, deadlineMoved: deadlineMoved)
        (interrupts, splitChips, chips) = (ours, ours, ours.targets)
      } else {
        let theirs = try KernelChips(of: vm, clock: { clock.now }, deadlineMoved: deadlineMoved)
        (interrupts, splitChips, chips) = (theirs, nil, [theirs.makeTimer()])
      }
    } catch {
      close(vm)
      throw error
    }
    haltWatch = HaltWatch(processors: processors) { clock.now }
    doorbellWidth = kvm.has(KVM_CAP_IOEVENTFD) <= 0 ? nil : kvm.has(KVM_CAP_IOEVENTFD_NO_LENGTH) > 0 ? 0 : 2
    gatheredWrites = GatheredWrites(in: vm, of: kvm)
    self.kvm = kvm
    self.vm = vm
    memory.allowHugePages()
    try memoryMapChanged()
  }

  deinit {
    for service in doorbells.withLock({ $0.values }) { service.stop() }
    close(vm)
  }

  /// Intel hosts without unrestricted guests run real mode inside these pages; others ignore them.
  private static func reservePages(in vm: Int32) throws(ProcessorError) {
    var identity = Platform.kvmIdentityMap.value
    try check("KVM_SET_IDENTITY_MAP_ADDR", unsafe linux_ioctl_pointer(vm, linux_KVM_SET_IDENTITY_MAP_ADDR, &identity))
    try check("KVM_SET_TSS_ADDR", linux_ioctl(vm, linux_KVM_SET_TSS_ADDR, UInt(Platform.kvmTaskState.value)))
  }

  public func makeProcessor(_ index: Int) throws(ProcessorError) -> any Processor {
    try KVMProcessor(index, of: self)
  }

  // MARK: Memory

  /// Makes KVM's slots what the guest should see. A slot's kind cannot change in place: it goes and comes back.
  public func memoryMapChanged() throws(ProcessorError) {
    let result = slots.withLock { slots -> Result<Void, ProcessorError> in
      let wanted = memory.windows
      do throws(ProcessorError) {
        for number in slots.indices {
          guard let window = slots[number].window, !wanted.contains(window) else { continue }
          try set(slot: number, window, bytes: 0)
          slots[number].window = nil
        }
        for window in wanted where !slots.contains(where: { $0.window == window }) {
          let number = slots.firstIndex { $0.window == nil } ?? slots.count
          if number == slots.count { slots.append(MemorySlot()) }
          try set(slot: number, window, bytes: window.range.count)
          slots[number].window = window
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private func set(slot: Int, _ window: MemoryWindow, bytes: UInt64) throws(ProcessorError) {
    var region = kvm_userspace_memory_region()
    region.slot = UInt32(truncatingIfNeeded: slot)
    region.flags = window.access == .readWrite ? 0 : UInt32(KVM_MEM_READONLY)
    region.guest_phys_addr = window.range.first.value
    region.memory_size = bytes
    unsafe region.userspace_addr = UInt64(UInt(bitPattern: memory.hostAddress(of: window)))
    try check("KVM_SET_USER_MEMORY_REGION", unsafe linux_ioctl_pointer(vm, linux_KVM_SET_USER_MEMORY_REGION, &region))
  }

  // MARK: Doorbells

  public func setDoorbells(_ bells: [DeviceModel.Doorbell]) {
    guard let doorbellWidth else { return }
    let bells = Dictionary(grouping: bells, by: \.owner)
    doorbells.withLock { services in
      for (owner, service) in services { service.keep(bells[owner] ?? []) }
      for (owner, bells) in bells {
        if services[owner] == nil { services[owner] = DoorbellService(vm, width: doorbellWidth, for: owner) }
        services[owner]?.add(bells)
      }
    }
  }

  public func mayGather(writesTo registers: [SelectRegister]) { gatheredWrites.allow(registers) }
}
