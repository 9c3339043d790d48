/// How a run stands, for a user who does not wait for its end.
struct Standing: Sendable {
  /// What the run is busy with; nil while the guest runs.
  var business: String? = "the kernel and its files were still being loaded."
  /// What the processors were doing when the guest panicked or its time was over.
  private(set) var processors: String?

  mutating func lookAtProcessors() { business = "what the guest's processors were doing was still being found out." }

  /// - Parameter withNames: with the names of the functions that they were in, and not only their registers.
  mutating func found(_ processors: String, withNames: Bool = false) {
    self.processors = processors
    business = withNames ? nil : "the names of the functions that the guest was in were still being looked for."
  }
}
