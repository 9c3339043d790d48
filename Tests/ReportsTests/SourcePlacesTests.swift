import Reports
import TestSupport
import Testing

@Suite("File and line of a kernel's functions")
struct SourcePlacesTests {
  private let trace = [
    "RIP: 0010:null_read+0x5/0x10 [provoke]", " ? do_one_initcall+0x56/0x200", " do_one_initcall+0x56/0x200", "__do_sys_finit_module.isra.0+0xac", "no+1 +0x1 a+0x",
  ]

  @Test("what a trace names is asked for once, and of modules nothing")
  func names() {
    #expect(SourcePlaces.names(in: trace) == ["do_one_initcall+0x56", "__do_sys_finit_module.isra.0+0xac"])
  }

  @Test("what is found stands behind it, and what is not leaves the text as it is")
  func annotated() {
    let places = SourcePlaces(
      ["do_one_initcall+0x56", "__do_sys_finit_module.isra.0+0xac", "x+0x1"], ["./init/main.c:1296 (discriminator 3)", "??:0", "kernel/x.c:?"])
    #expect(places.annotated(trace[1]) == " ? do_one_initcall+0x56/0x200 init/main.c:1296")
    for text in [trace[0], trace[3], trace[4], "x+0x1", "", "+0x1"] { #expect(places.annotated(text) == text) }
    #expect(SourcePlaces().annotated(trace[1]) == trace[1])
  }

  @Test("any text has an answer, and a bounded part of it is asked for")
  func hostile() {
    var chance = Chance(5)
    for _ in 0..<500 {
      let text = (0..<60).map { _ in chance.one(of: ["a", "+0x", "1", "/0x", " [", "+", "\u{0}", "é", "."]) }.joined()
      let names = SourcePlaces.names(in: [text])
      #expect(!SourcePlaces(names, names.map { _ in "f.c:1" }).annotated(text).isEmpty)
    }
    #expect(SourcePlaces.names(in: (0..<2000).map { "f\($0)+0x1" }).count == SourcePlaces.most)
  }
}
