internal import CLinux
internal import Glibc
public import Processor

/// Registers in and out.
extension KVMProcessor {
  public func state() throws(ProcessorError) -> ProcessorState {
    var general = kvm_regs()
    var special = kvm_sregs()
    try check("KVM_GET_REGS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_REGS, &general))
    try check("KVM_GET_SREGS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_SREGS, &special))
    return ProcessorState(
      registers: [
        general.rax, general.rcx, general.rdx, general.rbx, general.rsp, general.rbp, general.rsi, general.rdi,
        general.r8, general.r9, general.r10, general.r11, general.r12, general.r13, general.r14, general.r15,
      ],
      rip: general.rip, rflags: general.rflags, cs: SegmentState(special.cs), ds: SegmentState(special.ds),
      es: SegmentState(special.es), fs: SegmentState(special.fs), gs: SegmentState(special.gs),
      ss: SegmentState(special.ss), task: SegmentState(special.tr), localTable: SegmentState(special.ldt),
      globalTable: TableState(base: special.gdt.base, limit: special.gdt.limit),
      interruptTable: TableState(base: special.idt.base, limit: special.idt.limit),
      cr0: special.cr0, cr2: special.cr2, cr3: special.cr3, cr4: special.cr4, cr8: special.cr8, efer: special.efer)
  }

  public func setState(_ state: ProcessorState) throws(ProcessorError) {
    // What ProcessorState does not carry (APIC base, pending interrupts) stays as it is.
    var special = kvm_sregs()
    try check("KVM_GET_SREGS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_GET_SREGS, &special))
    special.cs = state.cs.kvm
    special.ds = state.ds.kvm
    special.es = state.es.kvm
    special.fs = state.fs.kvm
    special.gs = state.gs.kvm
    special.ss = state.ss.kvm
    special.tr = state.task.kvm
    special.ldt = state.localTable.kvm
    special.gdt.base = state.globalTable.base
    special.gdt.limit = state.globalTable.limit
    special.idt.base = state.interruptTable.base
    special.idt.limit = state.interruptTable.limit
    special.cr0 = state.cr0
    special.cr2 = state.cr2
    special.cr3 = state.cr3
    special.cr4 = state.cr4
    special.cr8 = state.cr8
    special.efer = state.efer
    try check("KVM_SET_SREGS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_SREGS, &special))
    let r = state.registers
    var general = kvm_regs(
      rax: r[0], rbx: r[3], rcx: r[1], rdx: r[2], rsi: r[6], rdi: r[7], rsp: r[4], rbp: r[5], r8: r[8], r9: r[9],
      r10: r[10], r11: r[11], r12: r[12], r13: r[13], r14: r[14], r15: r[15], rip: state.rip, rflags: state.rflags)
    try check("KVM_SET_REGS", unsafe linux_ioctl_pointer(descriptor, linux_KVM_SET_REGS, &general))
  }

  /// Model-specific registers as firmware would leave them for a kernel that is started without one.
  func setModelSpecificRegisters() {
    writeModelSpecific([
      (0x2FF, 0xC06),  // IA32_MTRR_DEF_TYPE: enabled, write-back
      (0x1A0, 1),  // IA32_MISC_ENABLE: fast strings; some hosts have no such register
    ])
  }
}

extension SegmentState {
  init(_ segment: kvm_segment) {
    var attributes = UInt32(segment.type) | UInt32(segment.s) << 4 | UInt32(segment.dpl) << 5
    attributes |= UInt32(segment.present) << 7 | UInt32(segment.avl) << 12 | UInt32(segment.l) << 13
    attributes |= UInt32(segment.db) << 14 | UInt32(segment.g) << 15 | UInt32(segment.unusable) << 16
    self.init(selector: segment.selector, base: segment.base, limit: segment.limit, attributes: attributes)
  }

  var kvm: kvm_segment {
    func field(_ shift: UInt32, _ mask: UInt32 = 1) -> UInt8 { UInt8(attributes >> shift & mask) }
    return kvm_segment(
      base: base, limit: limit, selector: selector, type: field(0, 15), present: field(7), dpl: field(5, 3),
      db: field(14), s: field(4), l: field(13), g: field(15), avl: field(12), unusable: field(16), padding: 0)
  }
}
