internal import CLinux
internal import Glibc
internal import Host
public import Processor
internal import Synchronization

/// What kind of KVM this host offers.
public enum KVMKind: Equatable, Sendable {
  /// Cannot be used: errno of the attempt, or 0 where the interface has another version.
  case unusable(code: Int32)
  /// VT-x or AMD-V; the flag that says so.
  case hardware(String)
  /// A KVM that emulates the guest kernel's instructions: far slower than our own software CPU.
  case software(String)
}

/// The host's /dev/kvm, opened.
@safe public final class KVM: Sendable {
  let descriptor: Int32
  static let path = "/dev/kvm"
  private let firstVM = Mutex(FirstVM.missing)
  /// What CPUID can tell a guest, once KVM was asked, and what the host was asked for that.
  let supported = Mutex<LeafTable?>(nil)
  let offer = Mutex<IdentificationOffer?>(nil)

  /// The VM of the first machine.
  private enum FirstVM {
    case missing
    case madeAhead(Int32)
    case taken
  }

  public convenience init() throws(ProcessorError) {
    do throws(SystemError) { self.init(try Self.open()) } catch { throw ProcessorError(Self.explain(open: error.code)) }
  }

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// The code of the error is 0 where the interface has another version.
  private static func open() throws(SystemError) -> Int32 {
    let opened = unsafe linux_open(path, O_RDWR, 0)
    guard opened >= 0 else { throw SystemError(code: -opened) }
    guard linux_ioctl(opened, linux_KVM_GET_API_VERSION, 0) == KVM_API_VERSION else {
      close(opened)
      throw SystemError(code: 0)
    }
    return opened
  }

  deinit {
    if case .madeAhead(let vm) = firstVM.withLock(\.self) { close(vm) }
    close(descriptor)
  }

  /// Does ahead what takes KVM longest of all that a machine needs, and needs nothing of a machine. A thread that wants some of it meanwhile
  /// waits for that.
  public func prepare() {
    firstVM.withLock { first in
      guard case .missing = first else { return }
      let vm = linux_ioctl(descriptor, linux_KVM_CREATE_VM, 0)
      if vm >= 0 { first = .madeAhead(vm) }
    }
    // Whoever gets no answer asks again, and says so.
    _ = try? supportedLeaves()
  }

  /// A VM that has nothing yet.
  func makeVM() throws(ProcessorError) -> Int32 {
    let first = firstVM.withLock { first in
      defer { first = .taken }
      return first
    }
    if case .madeAhead(let vm) = first { return vm }
    return try check("KVM_CREATE_VM", linux_ioctl(descriptor, linux_KVM_CREATE_VM, 0))
  }

  /// What is wrong, for each way /dev/kvm is commonly missing; code 0 for one that is too old or too new.
  public static func problem(open code: Int32) -> String {
    switch code {
    case 0: "/dev/kvm speaks another version of the KVM interface"
    case ENOENT: "/dev/kvm does not exist"
    case EACCES, EPERM: "/dev/kvm may not be opened by this user"
    default: "/dev/kvm cannot be opened (\(unsafe String(cString: strerror(code))))"
    }
  }

  /// What the user can do about it; nil if nothing.
  public static func remedy(open code: Int32) -> String? {
    switch code {
    case ENOENT: "Load kvm_intel or kvm_amd, or give the container the device"
    case EACCES, EPERM: "Add yourself to the kvm group"
    default: nil
    }
  }

  /// Both, for a user who wants KVM and nothing else.
  static func explain(open code: Int32) -> String {
    "\(problem(open: code)). \(remedy(open: code).map { $0 + ", or run" } ?? "Run") with --accel soft."
  }

  func has(_ capability: Int32) -> Int {
    Int(linux_ioctl(descriptor, linux_KVM_CHECK_EXTENSION, UInt(capability)))
  }

  /// The capabilities swboot uses, by name, with what this host answers.
  public var capabilities: [(name: String, value: Int)] { Capability.allCases.map { ($0.rawValue, has($0.number)) } }

  private enum Capability: String, CaseIterable {
    case irqchip
    case userMemory = "user-memory"
    case readonlyMemory = "readonly-mem"
    case irqfd, ioeventfd
    case messages = "signal-msi"
    case routing = "irq-routing"
    case immediateExit = "immediate-exit"
    case splitChips = "split-irqchip"
    case deadlineTimer = "tsc-deadline"
    case systemManagement = "x86-smm"
    case processors = "max-vcpus"
    case memorySlots = "memory-slots"

    var number: Int32 {
      switch self {
      case .irqchip: KVM_CAP_IRQCHIP
      case .userMemory: KVM_CAP_USER_MEMORY
      case .readonlyMemory: KVM_CAP_READONLY_MEM
      case .irqfd: KVM_CAP_IRQFD
      case .ioeventfd: KVM_CAP_IOEVENTFD
      case .messages: KVM_CAP_SIGNAL_MSI
      case .routing: KVM_CAP_IRQ_ROUTING
      case .immediateExit: KVM_CAP_IMMEDIATE_EXIT
      case .splitChips: KVM_CAP_SPLIT_IRQCHIP
      case .deadlineTimer: KVM_CAP_TSC_DEADLINE_TIMER
      case .systemManagement: KVM_CAP_X86_SMM
      case .processors: KVM_CAP_MAX_VCPUS
      case .memorySlots: KVM_CAP_NR_MEMSLOTS
      }
    }
  }

  /// What swboot cannot do without; empty on a usable host.
  var missing: [String] {
    var missing: [String] = []
    func need(_ capability: Capability) { if has(capability.number) <= 0 { missing.append(capability.rawValue) } }
    // A kernel can be built without the chips that are ours in split mode.
    if has(Capability.splitChips.number) <= 0 { need(.irqchip) }
    need(.userMemory)
    need(.readonlyMemory)
    need(.messages)
    need(.routing)
    need(.immediateExit)
    return missing
  }

  /// Looks at the host without creating a machine. What can be used is open for whoever does.
  public static func look() -> (kind: KVMKind, opened: KVM?) {
    do throws(SystemError) {
      let kvm = KVM(try open())
      return (usableKind, kvm)
    } catch {
      return (.unusable(code: error.code), nil)
    }
  }

  public static func classify() -> KVMKind { look().kind }

  /// What it is, if it can be used.
  private static var usableKind: KVMKind {
    if let name = extensionForGuests { return .hardware(name) }
    if unsafe access("/sys/module/kvm_pvm", F_OK) == 0 { return .software("kvm_pvm") }
    for module in ["kvm_intel", "kvm_amd"] where unsafe access("/sys/module/\(module)", F_OK) == 0 {
      return .hardware(module)
    }
    return .software("neither VT-x nor AMD-V is visible")
  }

  var isSoftware: Bool { if case .software = Self.usableKind { true } else { false } }

  /// The extension for virtual machines that CPUID shows.
  private static var extensionForGuests: String? {
    if linux_has_vmx() != 0 { return "vmx" }
    return linux_has_svm() != 0 ? "svm" : nil
  }
}
