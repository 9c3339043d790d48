internal import Debugger
internal import Host
internal import Primitives
internal import Processor

/// The names of translated code, in the file and the format in which `perf report` looks for them.
enum PerfMap {
  static func path(of process: Int32) -> String { "/tmp/perf-\(process).map" }

  /// Where a piece of code begins, its length, and whose it is, line by line. Neighbours with one name are one piece.
  static func text(_ code: [CodePlace], symbol: (UInt64) -> String?) -> String {
    var pieces: [(host: Range<UInt64>, name: String)] = []
    for place in code where !place.host.isEmpty {
      let name = place.guest.map { symbol($0) ?? "0x\($0.hex())" } ?? "[translator]"
      if let last = pieces.last, last.name == name, last.host.upperBound == place.host.lowerBound {
        pieces[pieces.count - 1].host = last.host.lowerBound..<place.host.upperBound
      } else {
        pieces.append((place.host, name))
      }
    }
    return pieces.map { "\($0.host.lowerBound.hex()) \($0.host.count.hex()) \($0.name)\n" }.joined()
  }
}

extension Machine {
  /// Tells what went wrong. What the last power-on executed replaces what those before did.
  func writePerfMap(_ power: Chassis.Power) -> String? {
    guard let file = resources.perfMap else { return nil }
    let symbols = KernelSymbols.ofKernel(run: power.processors.compactMap { try? $0.state() }, memory)?.symbols
    let text = PerfMap.text(power.backend.translatedCode) { symbols?.symbol(at: $0)?.name }
    do throws(FileError) { try file.write(Array(text.utf8)) } catch { return "\(error.description)." }
    return nil
  }
}
