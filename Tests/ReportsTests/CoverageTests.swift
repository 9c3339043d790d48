import Reports
import TestSupport
import Testing

@Suite("What of a kernel was executed")
struct CoverageTests {
  @Test("every function has a line with how often it was entered, the most frequent first")
  func table() {
    var coverage = Coverage()
    for (count, name) in [(7, "kfree"), (9, "init [virtio]"), (3, "entry.cold"), (1, "kfree")] { coverage.add(UInt64(count), to: name) }
    #expect(coverage.table == "9 init [virtio]\n8 kfree\n3 entry.cold\n")
  }

  // As objdump has it.
  private let said = """

    vmlinux:     file format elf64-x86-64

    SYMBOL TABLE:
    ffffffff81000000 g       .text	0000000000000000 _text
    ffffffff81000020 g     F .text	0000000000000010 kfree
    ffffffff81000040 l     F .text	0000000000000010 unused


    Contents of the .debug_line section:

    slub.c:
    File name                            Line number    Starting address    View    Stmt
    slub.c                                        10  0xffffffff81000020               x

    include/linux/list.h:
    list.h                                        77  0xffffffff81000024       1       x
    list.h                                        78  0xffffffff81000024

    mm/slub.c:
    slub.c                                        11  0xffffffff81000028               x
    slub.c                                        11  0xffffffff8100002c               x
    slub.c                                        12  0xffffffff81000030               x
    slub.c                                        20  0xffffffff81000040               x
    slub.c                                        20  0xffffffff81000050             END

    ./mm/never.c:
    never.c                                        1  0xffffffff81000060               x

    """

  private let executed: [UInt64: UInt64] = [0x20: 7, 0x24: 7, 0x28: 2, 0x2C: 8]

  @Test("for lcov each file of which something was executed has all its lines and functions, and a line counts as often as its most frequent part")
  func lines() {
    for portion in [1, 7, 10_000] {
      var lines = LineCoverage(executed)
      let bytes = Array(said.utf8)
      for start in stride(from: 0, to: bytes.count, by: portion) { lines.take(Array(bytes[start..<min(start + portion, bytes.count)])) }
      #expect(
        lines.lcov == """
          TN:
          SF:include/linux/list.h
          FNF:0
          FNH:0
          DA:77,7
          LF:1
          LH:1
          end_of_record
          TN:
          SF:mm/slub.c
          FN:10,kfree
          FN:20,unused
          FNDA:7,kfree
          FNDA:0,unused
          FNF:2
          FNH:1
          DA:10,7
          DA:11,8
          DA:12,0
          DA:20,0
          LF:4
          LH:2
          end_of_record

          """)
    }
  }

  @Test("any words of the program have an end")
  func hostile() {
    var chance = Chance(7)
    for _ in 0..<300 {
      var lines = LineCoverage(executed)
      var bytes = Array(said.utf8)
      for _ in 0..<20 { bytes[Int(chance.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: chance.next()) }
      lines.take(bytes)
      _ = lines.lcov
    }
    var lines = LineCoverage(executed)
    for _ in 0..<1000 { lines.take([UInt8](repeating: 0x41, count: 1000)) }
    #expect(lines.isEmpty && lines.lcov.isEmpty)
  }
}
