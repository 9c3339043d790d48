/// Which blocks become code of the host.
public enum TranslationPolicy: Sendable { case never, hot, always, lockstep }

extension TranslationPolicy {
  /// Whether the host lets us execute what we write; if not, everything is interpreted.
  package static var isAllowedByHost: Bool { ExecutableMemory(size: 4096) != nil }
}
