import Host
import Reports
import Testing

@testable import Machine

@Suite("What a timeline is made of")
struct TimelineRecorderTests {
  private func recorder() -> TimelineRecorder { TimelineRecorder(startedAt: HostClock.nanoseconds()) { 42 } }

  private func say(_ text: String, to recorder: TimelineRecorder) { for byte in text.utf8 { recorder.hears(byte) } }

  @Test("the kernel's phases are known by its functions, and its first process by a program")
  func phases() {
    let recorder = recorder()
    recorder.enter(.loading)
    recorder.enter(.before)
    recorder.enter(.kernel)
    recorder.sees(["memset", "mm_init", "start_kernel"])
    // A helper of the kernel's.
    recorder.seesProgram()
    recorder.sees(["pci_bus_read_config_word", "pci_init", "do_one_initcall", "kernel_init_freeable", "kernel_init"])
    recorder.seesProgram()
    // A module's comes later, and is no phase.
    recorder.sees(["virtio_fs_init", "do_one_initcall", "do_init_module"])
    recorder.enter(.command)
    #expect(recorder.timeline.phases.map(\.phase) == [.start, .loading, .before, .kernel, .initcalls, .initialization, .command])
    #expect(recorder.timeline.initcalls.map(\.name) == ["pci_init", "virtio_fs_init"] && recorder.timeline.end.accesses == 42)
  }

  @Test("what the kernel says with initcall_debug counts more than what was seen")
  func console() {
    let recorder = recorder()
    recorder.sees(["pci_init", "do_one_initcall"])
    say("[    0.0] Linux version 6.1\r\n[    1.4] initcall virtio_console_init+0x0/0xf8 [virtio_console] returned 0 after 9148 usecs\r\n", to: recorder)
    let timeline = recorder.timeline
    #expect(timeline.phases.last?.phase == .kernel && timeline.marks.map(\.name) == ["first words on the console"])
    #expect(timeline.longestInitcalls(9).map(\.name) == ["virtio_console_init [virtio_console]"])
  }

  @Test("any words are harmless")
  func hostile() {
    let recorder = recorder()
    for text in ["initcall", "initcall returned", "initcall x returned 0 after y usecs", "initcall x returned 0 after -99999999999 usecs", "returned initcall", String(repeating: "x", count: 9000)] {
      say(text + "\n", to: recorder)
    }
    #expect(recorder.timeline.longestInitcalls(9).isEmpty)
  }
}
