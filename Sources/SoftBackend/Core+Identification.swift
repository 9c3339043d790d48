extension Core {
  /// CPUID: what this processor does, and nothing more.
  func cpuid() {
    let leaf = UInt32(truncatingIfNeeded: self[.rax])
    let index = UInt32(truncatingIfNeeded: processor.index)
    var r: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    switch leaf {
    case 0: r = (0x15, 0x6874_7541, 0x444D_4163, 0x6974_6E65)  // AuthenticAMD, so that the guest expects no PTI
    case 1:
      // SSE3 CX16 x2APIC POPCNT hypervisor; FPU DE PSE TSC MSR PAE CX8 APIC SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2
      r = (0x000F_0F10, index << 24 | 1 << 16 | 8 << 8, 1 | 1 << 13 | 1 << 23 | 1 << 31, 0x078B_A37D & ~(1 << 11) | 1 << 19)
    case 7: r = self[.rcx] & 0xFFFF_FFFF == 0 ? (0, 1 | 1 << 7 | 1 << 9 | 1 << 20, 0, 0) : r
    case 0x15: r = (1, UInt32(truncatingIfNeeded: processor.frequency / 1_000_000), 1_000_000, 0)
    case 0x4000_0000: r = (0x4000_0010, 0x4B4D_564B, 0x564B_4D56, 0x4D)
    case 0x4000_0001: r = (1 << 1, 0, 0, 0)
    case 0x4000_0010: r = (UInt32(truncatingIfNeeded: processor.frequency / 1000), 1_000_000, 0, 0)
    case 0x8000_0000: r = (0x8000_0008, 0x6874_7541, 0x444D_4163, 0x6974_6E65)
    case 0x8000_0001: r = (0, 0, 1, 1 << 11 | 1 << 20 | 1 << 26 | 1 << 27 | 1 << 29)
    case 0x8000_0002: r = (0x6F62_7773, 0x7320_746F, 0x7774_666F, 0x2065_7261)
    case 0x8000_0003: r = (0x636F_7270, 0x6F73_7365, 0x72, 0)
    case 0x8000_0007: r = (0, 0, 0, 1 << 8)
    case 0x8000_0008: r = (0x3028, 0, 0, 0)
    default: break
    }
    (self[.rax], self[.rbx], self[.rcx], self[.rdx]) = (UInt64(r.0), UInt64(r.1), UInt64(r.2), UInt64(r.3))
  }

  private func field(of msr: UInt32) -> Field? {
    switch msr {
    case 0x1B: .apicBase
    case 0x174: .sysenterCS
    case 0x175: .sysenterSP
    case 0x176: .sysenterIP
    case 0x1A0: .miscEnable
    case 0x277: .pat
    case 0xC000_0080: .efer
    case 0xC000_0081: .star
    case 0xC000_0082: .lstar
    case 0xC000_0083: .cstar
    case 0xC000_0084: .sfmask
    case 0xC000_0102: .kernelGSBase
    case 0xC000_0103: .tscAux
    default: nil
    }
  }

  func readMSR(_ msr: UInt32) throws(Fault) -> UInt64 {
    if let field = field(of: msr) { return self[field] }
    switch msr {
    case 0x10: return processor.timeStamp
    case 0x8B, 0xC001_0010, 0xC001_0015, 0xC001_1029: return 0
    case 0xC000_0100: return segmentBase(Segment.fs)
    case 0xC000_0101: return segmentBase(Segment.gs)
    case 0x800...0x8FF: return processor.chip.readExtended(Int(msr - 0x800))
    default: throw .protection
    }
  }

  func writeMSR(_ msr: UInt32, _ value: UInt64) throws(Fault) {
    switch msr {
    case 0xC000_0080:
      guard value & ~0xD01 == 0 else { throw .protection }
      self[.efer] = value & ~0x400 | self[.efer] & 0x400
      flushTranslations()
      return updateMode()
    case 0xC000_0100, 0xC000_0101, 0xC000_0102, 0xC000_0082, 0xC000_0083:
      guard Self.isCanonical(value) else { throw .protection }
      if msr == 0xC000_0100 { return setSegmentBase(Segment.fs, value) }
      if msr == 0xC000_0101 { return setSegmentBase(Segment.gs, value) }
    case 0x1B:
      self[.apicBase] = value
      return
    case 0x10:
      processor.timeStamp = value
      return
    case 0x8B, 0xC001_0010, 0xC001_0015, 0xC001_1029: return
    case 0x800...0x8FF: return processor.chip.writeExtended(Int(msr - 0x800), value)
    default: break
    }
    guard let field = field(of: msr) else { throw .protection }
    self[field] = value
  }
}
