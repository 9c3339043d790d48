import Reports
import Testing

@Suite("What a run did when")
struct TimelineTests {
  private func use(_ seconds: Double, _ work: Double, _ accesses: Int) -> Timeline.Use { .init(seconds: seconds, processorSeconds: work, accesses: accesses) }

  private var timeline: Timeline {
    var timeline = Timeline(from: use(0, 0, 0))
    timeline.enter(.loading, with: use(0.01, 0.01, 0))
    timeline.enter(.kernel, with: use(0.05, 0.05, 0))
    timeline.mark("first words on the console", at: 0.1)
    timeline.mark("first words on the console", at: 0.2)
    timeline.enter(.initcalls, with: use(0.5, 0.45, 1000))
    for (name, seconds) in [("pci_init", 0.5), ("pci_init", 0.53), ("quick", 0.54), ("virtio_init [virtio]", 0.6), ("virtio_init [virtio]", 0.61)] {
      timeline.sees(initcall: name, at: seconds)
    }
    // A glance at a program while the kernel starts is no way back.
    timeline.enter(.kernel, with: use(0.7, 0.7, 2000))
    timeline.enter(.command, with: use(0.9, 0.8, 3000))
    timeline.finish(with: use(1, 0.85, 3100))
    return timeline
  }

  @Test("each phase lasts until the next that there was, and has what was used meanwhile")
  func phases() {
    let parts = timeline.parts
    #expect(parts.map(\.phase) == [.start, .loading, .kernel, .initcalls, .command])
    #expect(parts.map(\.used.accesses) == [0, 0, 1000, 2000, 100])
    #expect(parts[3].start == 0.5 && abs(parts[3].used.seconds - 0.4) < 1e-9 && abs(parts[4].used.processorSeconds - 0.05) < 1e-9)
    #expect(timeline.marks.map(\.seconds) == [0.1])
  }

  @Test("initcalls are as long as they were seen, unless the kernel tells it exactly")
  func initcalls() {
    #expect(timeline.longestInitcalls(2).map(\.name) == ["pci_init", "virtio_init [virtio]"])
    var told = timeline
    told.ended(initcall: "exact", after: 0.25, at: 0.75)
    #expect(told.longestInitcalls(9).map(\.name) == ["exact"] && told.longestInitcalls(9)[0].start == 0.5)
  }

  @Test("a guest that begins anew again and again has a bounded timeline")
  func bounded() {
    var timeline = Timeline(from: use(0, 0, 0))
    for number in 0..<10_000 {
      timeline.restart(with: use(Double(number), 0, 0))
      timeline.enter(.kernel, with: use(Double(number), 0, 0))
      timeline.sees(initcall: "f\(number)", at: Double(number))
    }
    #expect(timeline.phases.count == 256 && timeline.longestInitcalls(.max).count == 4096 && timeline.marks.count == 1)
  }

  @Test("for programs it is JSON, with a schema")
  func json() {
    let json = timeline.json(title: "swboot run")
    #expect(json["schema"]?.text == ReportSchema.timeline && json["end"]?.number == 1)
    #expect(json["phases"]?.list.map { $0["name"]?.text } == timeline.parts.map(\.phase.rawValue))
    #expect(json["phases"]?.list[3]["seconds"]?.number == 0.4 && json["initcalls"]?.list.first?["name"]?.text == "pci_init")
  }

  @Test("for people it is a picture with a row for each phase and each long initcall")
  func picture() {
    let svg = TimelinePicture(timeline, title: "swboot run -- true").svg
    for text in ["swboot run -- true", "its initcalls", "pci_init", "virtio_init [virtio]", "first words on the console, 100 ms", ">0.400<", ">2000<", "1.000 s"] {
      #expect(svg.contains(text), "\(text)")
    }
    #expect(!svg.contains(">quick<"))
    for seconds in [0, -1, 1e300, .infinity, .nan] as [Double] {
      var odd = Timeline(from: use(0, 0, 0))
      odd.mark("m", at: seconds)
      odd.finish(with: use(seconds, seconds, 0))
      #expect(TimelinePicture(odd, title: "").svg.hasSuffix("</svg>\n"))
    }
  }
}
