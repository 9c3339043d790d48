/// How a run stands, for a user who does not wait for its end.
struct Standing: Sendable {
  /// What the run is busy with; nil while the guest runs.
  var business: String? = "the kernel and its files were still being loaded."
  /// What the processors were doing when the guest panicked or its time was over.
  private(set) var processors: String?

  mutating func lookAtProcessors() { business = "what the guest's processors were doing was still being found out." }

  mutating func found(_ processors: String) { (self.processors, business) = (processors, nil) }
}
