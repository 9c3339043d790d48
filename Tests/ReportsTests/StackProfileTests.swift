import Reports
import Testing

@Suite("Where a kernel spends its time")
struct StackProfileTests {
  private var profile: StackProfile {
    var profile = StackProfile()
    for _ in 0..<3 { profile.add(["start_kernel", "mm_init", "memset"]) }
    profile.add(["start_kernel", "mm_init"])
    profile.add([StackNames.program])
    profile.addRest()
    return profile
  }

  @Test("folded, each stack is a line with how often it was seen, its outermost function first")
  func folded() {
    #expect(profile.folded == "[program] 1\nstart_kernel;mm_init 1\nstart_kernel;mm_init;memset 3\n")
    #expect(profile.samples == 5 && profile.rests == 1)
    #expect(StackProfile().folded == "")
  }

  @Test("a guest with endless different stacks has a bounded number of them")
  func bounded() {
    var profile = StackProfile()
    for number in 0..<StackProfile.mostStacks + 100 { profile.add(["f\(number)"]) }
    #expect(profile.stacks.count <= StackProfile.mostStacks + 1)
    #expect(profile.stacks.first { $0.names == [StackProfile.others] }?.count == 100 && profile.samples == StackProfile.mostStacks + 100)
  }

  @Test("in a flame graph a function is as wide as its share, stands on its caller, and tells its numbers")
  func flames() {
    let svg = FlameGraph(profile, title: "swboot --append \"a<b\"").svg
    #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n") && svg.contains("a&lt;b&quot;"))
    // 1180 units are five looks; the rows from below: all, start_kernel, mm_init, memset.
    #expect(svg.contains("<rect x=\"10.0\" y=\"92.0\" width=\"236.0\" height=\"16.0\" fill=\"rgb(130,170,230)\"><title>[program]: 1 of 5 looks, 20.0 %</title></rect>"))
    #expect(svg.contains("<rect x=\"246.0\" y=\"58.0\" width=\"708.0\"") && svg.contains("<title>memset: 3 of 5 looks, 60.0 %</title>"))
    #expect(FlameGraph(StackProfile(), title: "").svg.contains("0 looks"))
  }
}
