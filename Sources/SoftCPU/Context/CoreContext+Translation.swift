package import Processor

/// What has been translated.
extension CoreContext {
  /// The code of the host that there is now for the guest's.
  package var translatedCode: [CodePlace] { translator.places }

  /// Blocks of some cores that became code of the host, and what the interpreter did for them, most first.
  package static func translationReport(of cores: [CoreContext]) -> [(name: String, count: Int)] {
    let compared = cores.compactMap(\.lockstep).map { ("blocks compared with the interpreter", $0.blocks) }
    return cores.map(\.translator.tally).reduce(into: TranslationTally()) { $0.add($1) }.report + compared
  }
}
