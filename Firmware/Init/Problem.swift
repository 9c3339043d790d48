/// What the first process could not do, and the kernel's error.
struct Problem: Error {
  let step: Text
  /// Negated, as the kernel gives it.
  let code: Int

  init(_ step: Text, _ code: Int) {
    self.step = step
    self.code = code
  }
}
