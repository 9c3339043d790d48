internal import Host

/// The places on the host that a run writes to. Each is opened once, however many streams of the guest go there.
struct Outputs {
  private var streams: [OutputStream] = []

  /// A stream that the user asked for; nil for none.
  mutating func open(_ wish: Configuration.Stream) throws -> OutputStream.Voice? {
    switch wish {
    case .none: return nil
    case .standard, .plain: return try voice(on: OutputFile.standardOutput.path) { .standardOutput }
    case .errors: return try voice(on: OutputFile.standardError.path) { .standardError }
    case .file(let path): return try voice(on: path) { try OutputFile(path: path) }
    }
  }

  private mutating func voice(on name: String, _ file: () throws -> OutputFile) throws -> OutputStream.Voice {
    if let stream = streams.first(where: { $0.name == name }) { return stream.voice() }
    let stream = try OutputStream(name: name, to: try file())
    streams.append(stream)
    return stream.voice()
  }
}
