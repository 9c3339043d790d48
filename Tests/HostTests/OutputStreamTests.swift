import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Host

/// Streams whose readers do what they like.
@Suite struct OutputStreamTests {
  /// A reader that takes nothing until it is told to.
  private final class Reader: Sendable {
    let isAwake = Monitor(false)
    let read = Mutex<[UInt8]>([])

    func take(_ bytes: ArraySlice<UInt8>) -> Bool {
      _ = isAwake.wait { $0 ? true : nil }
      read.withLock { $0 += bytes }
      return true
    }
  }

  @Test("A3 CO-01 nobody waits for a reader that sleeps; what it has no room for is counted")
  func sleeping() throws {
    let reader = Reader()
    let stream = try OutputStream(name: "test") { reader.take($0) }
    let voice = stream.voice()
    let block = [UInt8](repeating: 0x61, count: 1 << 16)
    for _ in 0..<40 { voice.put(block) }
    #expect(!stream.drain(patience: 1))
    #expect(stream.lostCount >= 40 * block.count - OutputStream.limit - block.count)
    reader.isAwake.update { $0 = true }
    #expect(stream.drain())
    #expect(reader.read.withLock { $0.count } + stream.lostCount == 40 * block.count)
  }

  @Test("what is said byte by byte is handed to the host together, the first byte at once, and all when somebody waits for it")
  func together() throws {
    let writes = Monitor<[[UInt8]]>([])
    let stream = try OutputStream(name: "test", rest: 1 << 62) { bytes in
      writes.update { $0.append(Array(bytes)) }
      return true
    }
    let voice = stream.voice()
    voice.put(1)
    _ = writes.wait { $0.isEmpty ? nil : true }
    for _ in 0..<50_000 { voice.put(2) }
    #expect(stream.drain())
    #expect(writes.update { $0.map(\.count) } == [1, 50_000])
  }

  @Test("what the host takes without waiting is handed to it before whoever says it goes on, and leaves the stream's thread nothing to do")
  func atOnce() throws {
    let heard = Mutex<[UInt8]>([])
    let me = HostThread.currentNumber
    let stream = try OutputStream(
      name: "test", rest: 1 << 62,
      atOnce: { bytes in
        #expect(HostThread.currentNumber == me)
        heard.withLock { $0 += bytes }
        return bytes.count
      }
    ) { _ in
      Issue.record("There was nothing to wait for.")
      return false
    }
    stream.voice().put([1, 2, 3])
    #expect(heard.withLock(\.self) == [1, 2, 3])
    #expect(stream.drain())
  }

  @Test("what the host has no room for comes after the rest, by the stream's thread")
  func room() throws {
    let heard = Mutex<[UInt8]>([])
    let stream = try OutputStream(
      name: "test", rest: 0,
      atOnce: { bytes in
        heard.withLock { $0 += bytes.prefix(2) }
        return min(bytes.count, 2)
      }
    ) { bytes in
      heard.withLock { $0 += bytes }
      return true
    }
    let voice = stream.voice()
    for first in stride(from: UInt8(0), to: 200, by: 5) { voice.put(Array(first..<first + 5)) }
    #expect(stream.drain())
    #expect(heard.withLock(\.self) == Array(0..<200))
  }

  @Test("A3 a full pipe takes nothing more at once, and whoever asks does not wait")
  func fullPipe() throws {
    let pipe = NamedPipe()
    let reader = unsafe open(pipe.path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    let file = try OutputFile(path: pipe.path)
    let block = [UInt8](repeating: 0x61, count: 1 << 16)
    while file.writeAtOnce(block[...]) > 0 {}
    #expect(file.writeAtOnce(block[...]) == 0)
  }

  @Test("a reader that is gone ends the wait at once")
  func gone() throws {
    let stream = try OutputStream(name: "test") { _ in false }
    stream.voice().put([1, 2, 3])
    #expect(!stream.drain(patience: 1 << 62))
  }

  @Test("A4 a pipe without a reader is opened, and whoever comes to read it hears everything")
  func lateReader() throws {
    let pipe = NamedPipe()
    let stream = try OutputStream(name: "test", to: try OutputFile(path: pipe.path))
    stream.voice().put(Array("early words".utf8))
    let reader = unsafe open(pipe.path, O_RDONLY)
    defer { close(reader) }
    #expect(stream.drain())
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = unsafe read(reader, &bytes, bytes.count)
    #expect(Array(bytes.prefix(max(count, 0))) == Array("early words".utf8))
  }

  @Test("A11 what nothing can be written to, or another machine uses as its disk, is refused and stays as it is")
  func refused() throws {
    #expect(throws: FileError(path: "/tmp", .unwritable(.directory))) { try OutputFile(path: "/tmp") }
    let image = DiskFileTests.image(sectors: 1)
    let disk = try DiskFile(path: image.path, access: .snapshot)
    #expect(throws: FileError(path: image.path, .locked)) { try OutputFile(path: image.path) }
    #expect(image.bytes.count == 512 && disk.sectorCount == 1)
  }

  // MARK: Several voices

  private func mixer() -> LineMixer {
    var mixer = LineMixer()
    for _ in 0..<2 { _ = mixer.addVoice() }
    return mixer
  }

  private func say(_ mixer: inout LineMixer, _ text: String, _ voice: Int, at now: UInt64 = 0) -> String {
    String(decoding: mixer.put(Array(text.utf8), of: voice, at: now), as: UTF8.self)
  }

  @Test("A11 lines of two streams on one terminal stay whole")
  func wholeLines() {
    var mixer = mixer()
    var seen = ""
    for (a, b) in zip("first line\n", "second one\n") { seen += say(&mixer, "\(a)", 0) + say(&mixer, "\(b)", 1) }
    #expect(seen == "first line\nsecond one\n")
    #expect(mixer.deadline == nil)
  }

  @Test("a prompt holds other lines up for a moment only, and is not written into")
  func prompt() {
    var mixer = mixer()
    #expect(say(&mixer, "login: ", 0) == "login: ")
    #expect(say(&mixer, "a trace\n", 1, at: 5) == "")
    #expect(mixer.deadline == 5 + LineMixer.patience)
    #expect(mixer.advance(to: 6) == [])
    #expect(String(decoding: mixer.advance(to: 5 + LineMixer.patience), as: UTF8.self) == "\na trace\n")
    #expect(say(&mixer, "root\n", 0) == "root\n")
  }

  @Test("what is held back is bounded, and all of it is there at the end")
  func held() {
    var mixer = mixer()
    _ = say(&mixer, "x", 0)
    let long = String(repeating: "y", count: LineMixer.limit)
    #expect(say(&mixer, long, 1) == "")
    #expect(say(&mixer, "z", 1) == "\n" + long + "z")
    #expect(say(&mixer, "more", 0) == "")
    #expect(String(decoding: mixer.finish(), as: UTF8.self) == "\nmore")
    #expect(mixer.finish() == [])
  }

  @Test("a stream with one voice is passed on as it comes")
  func alone() {
    var mixer = LineMixer()
    _ = mixer.addVoice()
    #expect(say(&mixer, "half a li", 0) == "half a li")
    #expect(mixer.finish() == [])
  }
}
