import Assembler
import TestSupport
import Testing

/// Each form of the assembler, as GNU as writes it.
@Suite("Instructions of the host", .enabled(if: Listing.hasAssembler, "as (binutils) is not installed")) struct EncodingTests {
  private static let widths = Width.allCases

  @Test("a load from GS has its distance in four bytes")
  func gs() {
    var asm = Assembler()
    asm.load(.rax, .gs(0x1234))
    #expect(asm.bytes == [0x65, 0x48, 0x8B, 0x04, 0x25, 0x34, 0x12, 0, 0])
  }

  @Test("arithmetic of registers, of all widths")
  func arithmetic() throws {
    var list = Listing()
    for operation in Arithmetic.allCases {
      for width in Self.widths {
        for (a, b) in Listing.pairs {
          list.add("{load} \(operation) \(b.name(width)), \(a.name(width))") { $0.apply(operation, width, a, .register(b)) }
        }
      }
    }
    try list.check()
  }

  @Test("arithmetic with immediates, short and long, on registers and memory")
  func immediates() throws {
    var list = Listing()
    for operation in Arithmetic.allCases {
      for width in Self.widths {
        for value: Int32 in [0, 1, -1, 127, -128, 128, 0x1234, -0x1235] where width != .byte || (-128...127).contains(value) {
          for register in Register.allCases {
            // GNU as prefers a form of its own for the accumulator.
            if register == .rax, width == .byte || !(-128...127).contains(value) { continue }
            list.add("\(operation)\(width.suffix) $\(value), \(register.name(width))") { $0.apply(operation, width, .register(register), value) }
          }
          for place in Listing.places {
            list.add("\(operation)\(width.suffix) $\(value), \(place.text)") { $0.apply(operation, width, .memory(place), value) }
          }
        }
      }
    }
    try list.check()
  }

  @Test("loads, stores and addresses, with every way to name memory")
  func memory() throws {
    var list = Listing()
    for place in Listing.places {
      for width in Self.widths {
        for register in Register.allCases {
          list.add("mov \(place.text), \(register.name(width))") { $0.load(width, register, place) }
          list.add("mov \(register.name(width)), \(place.text)") { $0.store(width, place, register) }
          if width != .byte, !place.isInGS {
            list.add("lea \(place.text), \(register.name(width))") { $0.loadAddress(width, register, place) }
          }
        }
        let value: UInt64 = width == .byte ? 0x7F : 0x1234
        list.add("mov\(width.suffix) $\(value), \(place.text)") { $0.store(width, place, value) }
      }
    }
    try list.check()
  }

  @Test("moves of registers and constants, the shortest that leaves the flags alone")
  func moves() throws {
    var list = Listing()
    for (a, b) in Listing.pairs {
      for width in Self.widths { list.add("{load} mov \(b.name(width)), \(a.name(width))") { $0.move(width, a, .register(b)) } }
    }
    for register in Register.allCases {
      for value: UInt64 in [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF] {
        list.add("movl $\(value), \(register.name(.long))") { $0.move(register, value) }
      }
      for value: UInt64 in [.max, 0xFFFF_FFFF_8000_0000] {
        list.add("movq $\(Int64(bitPattern: value)), \(register.name(.quad))") { $0.move(register, value) }
      }
      for value: UInt64 in [1 << 32, 0x1234_5678_9ABC_DEF0, 0xFFFF_FFFF_7FFF_FFFF] {
        list.add("movabsq $\(value), \(register.name(.quad))") { $0.move(register, value) }
      }
    }
    try list.check()
  }

  @Test("shifts, TEST, SETcc, and what has no operand")
  func others() throws {
    var list = Listing()
    for register in Register.allCases {
      for width in Self.widths {
        for shift in Shift.allCases {
          list.add("\(shift)\(width.suffix) $5, \(register.name(width))") { $0.shift(shift, width, .register(register), by: 5) }
        }
        list.add("test \(Register.rdx.name(width)), \(register.name(width))") { $0.test(width, .rdx, .register(register)) }
        // GNU as has a shorter form for RAX.
        if register != .rax { list.add("test\(width.suffix) $0x41, \(register.name(width))") { $0.test(width, .register(register), 0x41) } }
      }
      for condition in Condition.allCases {
        list.add("set\(condition.suffix) \(register.name(.byte))") { $0.set(condition, .register(register)) }
      }
    }
    for place in Listing.places {
      list.add("sarq $63, \(place.text)") { $0.shift(.sar, .quad, .memory(place), by: 63) }
      list.add("testl $0x4100, \(place.text)") { $0.test(.long, .memory(place), 0x4100) }
      list.add("setz \(place.text)") { $0.set(.equal, .memory(place)) }
      list.add("call *\(place.text)") { $0.call(.memory(place)) }
      list.add("jmp *\(place.text)") { $0.jump(to: .memory(place)) }
    }
    list.add("lahf") { $0.lahf() }
    list.add("sahf") { $0.sahf() }
    list.add("ret") { $0.ret() }
    try list.check()
  }

  @Test("vector registers, prefixes, byte operands, AH to BH, and LOCK")
  func raw() throws {
    var list = Listing()
    for number: UInt8 in [0, 7, 8, 15] {
      for place in Listing.places {
        list.add("movdqu \(place.text), %xmm\(number)") { $0.emit(Opcode(0x6F, .two, .repeatZero), .long, .vector(number), .memory(place)) }
      }
      list.add("paddd %xmm9, %xmm\(number)") { $0.emit(Opcode(0xFE, .two, .operandSize), .long, .vector(number), .vector(9)) }
      list.add("pshufb %xmm1, %xmm\(number)") { $0.emit(Opcode(0x00, .three38, .operandSize), .long, .vector(number), .vector(1)) }
      list.add("movq %r9, %xmm\(number)") { $0.emit(Opcode(0x6E, .two, .operandSize), .quad, .vector(number), .register(.r9)) }
    }
    for register in Register.allCases {
      list.add("movzbl \(register.name(.byte)), %r10d") { $0.emit(Opcode(0xB6, .two), .long, .register(.r10), .register(register), hasByte: true) }
      list.add("movsbq \(register.name(.byte)), %rcx") { $0.emit(Opcode(0xBE, .two), .quad, .register(.rcx), .register(register), hasByte: true) }
    }
    for (high, name) in zip([Register.rax, .rcx, .rdx, .rbx], ["ah", "ch", "dh", "bh"]) {
      list.add("{load} mov %bl, %\(name)") { $0.emit(Opcode(0x8A), .byte, .high(high), .register(.rbx)) }
      list.add("{load} mov %\(name), %cl") { $0.emit(Opcode(0x8A), .byte, .register(.rcx), .high(high)) }
    }
    for place in Listing.places where !place.isInGS {
      list.add("lock xaddl %r12d, \(place.text)") { $0.emit(Opcode(0xC1, .two), .long, .register(.r12), .memory(place), isLocked: true) }
    }
    try list.check()
  }

  @Test("instructions behind VEX, and the control register of SSE")
  func extended() throws {
    typealias Extension = Assembler.Extension
    var list = Listing()
    for number: UInt8 in [0, 7, 8, 15] {
      list.add("{vex3} vpaddd %ymm9, %ymm\(15 - number), %ymm\(number)") {
        $0.emit(Opcode(0xFE, .two, .operandSize), Extension(isLong: true, source: 15 - number), .vector(number), .vector(9))
      }
      list.add("{vex3} vmovss %xmm2, %xmm\(number), %xmm3") {
        $0.emit(Opcode(0x10, .two, .repeatZero), Extension(source: number), .vector(3), .vector(2))
      }
      list.add("{vex3} vaddsd %xmm12, %xmm\(number), %xmm3") {
        $0.emit(Opcode(0x58, .two, .repeatNonzero), Extension(source: number), .vector(3), .vector(12))
      }
      for place in Listing.places {
        list.add("{vex3} vmovups \(place.text), %ymm\(number)") { $0.emit(Opcode(0x10, .two), Extension(isLong: true), .vector(number), .memory(place)) }
        list.add("vfmadd231pd \(place.text), %xmm1, %xmm\(number)") {
          $0.emit(Opcode(0xB8, .three38, .operandSize), Extension(isWide: true, source: 1), .vector(number), .memory(place))
        }
      }
    }
    for register in Register.allCases {
      list.add("andn %rbx, \(register.name(.quad)), %r11") {
        $0.emit(Opcode(0xF2, .three38), Extension(isWide: true, source: register.rawValue), .register(.r11), .register(.rbx))
      }
    }
    for place in Listing.places {
      list.add("ldmxcsr \(place.text)") { $0.loadControl(place) }
      list.add("stmxcsr \(place.text)") { $0.storeControl(place) }
    }
    list.add("vzeroupper") { $0.zeroUpper() }
    try list.check()
  }

  @Test("jumps find their labels, forwards and backwards")
  func labels() throws {
    var asm = Assembler()
    let (forwards, backwards) = (asm.makeLabel(), asm.makeLabelHere())
    asm.jump(forwards)
    asm.jump(if: .below, backwards)
    asm.loadAddress(.r9, of: backwards)
    asm.place(forwards)
    asm.jump(if: .greater, toDistance: 0)
    let site = asm.jump(toDistance: 0)
    asm.redirect(site, to: 5)
    asm.resolve()
    let text = """
      0: .byte 0xE9; .long 1f - . - 4
      .byte 0x0F, 0x82; .long 0b - . - 4
      lea 0b(%rip), %r9
      1: .byte 0x0F, 0x8F; .long 0b - . - 4
      .byte 0xE9; .long 0b + 5 - . - 4
      """
    guard let bytes = Listing.assemble(text) else { return }
    #expect(asm.bytes == bytes)
  }
}
