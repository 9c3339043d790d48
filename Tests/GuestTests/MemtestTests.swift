import Testing

/// Memtest86+, which is its own operating system, to the screen of its first pass.
@Suite("Memtest86+", .serialized, .enabled(if: Guests.present != nil, "\(Guests.absence)"))
struct MemtestTests {
  @Test("A13 the 64-bit one starts its first test")
  func wide() throws {
    let guests = try #require(Guests.present)
    try expectFirstPass(guests.memtest, ["6.10.unknown.x64"])
  }

  @Test("A14 the 32-bit one starts its first test")
  func narrow() throws {
    try expectFirstPass(try #require(Guests.present?.memtest32), ["6.10.unknown.x32"])
  }

  @Test("A15 with two processors it tests with both")
  func processors() throws {
    let guests = try #require(Guests.present)
    try expectFirstPass(guests.memtest, ["CPU: 2 Cores 2 Threads    SMP: 2T (PAR)"], ["--cpus", "2"])
  }

  private func expectFirstPass(_ kernel: String, _ texts: [String], _ options: [String] = []) throws {
    let texts = ["Memtest86+ v6.10", "[Address test, walking ones, no cache]", "swboot swboot VM"] + texts
    let output = try #require(Guests.present).says(texts, kernel: kernel, ["--memory", "64M"] + options)
    for text in texts { #expect(output.contains(text), "\(output)") }
  }
}
