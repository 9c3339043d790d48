import Glibc
@testable import Host
import TestSupport
import Testing

@Suite struct PictureFileTests {
  @Test func aPictureComesBackAsItWas() throws {
    let pixels: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    let file = try #require(PNGImage.encode(pixels, width: 3, height: 2))
    #expect(Array(file.prefix(4)) == [0x89, 0x50, 0x4E, 0x47])
    let picture = try #require(PNGImage.decode(file))
    #expect(picture.pixels == pixels && picture.width == 3 && picture.height == 2)
  }

  @Test func whatIsNoPictureIsNone() {
    #expect(PNGImage.encode([1], width: 1, height: 1) == nil)
    #expect(PNGImage.encode([], width: 0, height: 0) == nil)
    #expect(PNGImage.decode([1, 2, 3]) == nil)
  }

  @Test func aFileIsReplacedWhole() throws {
    let place = TemporaryFile([1, 2, 3])
    let file = try ReplacedFile(path: place.path)
    #expect(try HostFile(path: place.path).contents(limit: 10) == [1, 2, 3])
    try file.write([9])
    #expect(try HostFile(path: place.path).contents(limit: 10) == [9])
  }

  @Test("A5 a socket, a link or a device where a picture should go is refused and stays")
  func otherKinds() throws {
    let target = TemporaryFile([1, 2, 3])
    let link = target.path + ".link"
    #expect(unsafe symlink(target.path, link) == 0)
    defer { unsafe _ = unlink(link) }
    #expect(throws: FileError(path: link, .kind(.link))) { try ReplacedFile(path: link) }
    let socket = target.path + ".socket"
    let listener = try Listener(path: socket)
    defer { unsafe _ = unlink(socket) }
    #expect(throws: FileError(path: socket, .kind(.socket))) { try ReplacedFile(path: socket) }
    #expect(FileKind(of: socket) == .socket && listener.descriptor >= 0 && target.bytes == [1, 2, 3])
  }

  @Test("A5 what appears at the place after the start is not replaced either")
  func latecomer() throws {
    let path = "/tmp/swboot-test-picture-\(getpid())"
    let file = try ReplacedFile(path: path)
    #expect(FileKind(of: path) == nil, "the trial left nothing")
    #expect(unsafe mkfifo(path, 0o600) == 0)
    defer { unsafe _ = unlink(path) }
    #expect(throws: FileError(path: path, .kind(.pipe))) { try file.write([1]) }
    #expect(FileKind(of: path) == .pipe)
  }

  @Test("VD-03 a place for a picture that cannot be had is refused at once, by its name")
  func badPlaces() {
    #expect(throws: FileError(path: "/dev/null", .kind(.characterDevice))) { try ReplacedFile(path: "/dev/null") }
    #expect(throws: FileError(path: "/nowhere/a.png", .system(SystemError(code: 2)))) { try ReplacedFile(path: "/nowhere/a.png") }
  }
}
