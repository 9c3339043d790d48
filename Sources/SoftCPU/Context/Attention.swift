/// Why a core should look up, as bits of its attention word.
package enum Attention: UInt64, Sendable {
  /// The interrupt fabric has, or may have, something.
  case interrupt = 1
  case kick = 2
  /// A page began to hold code for some other processor: nobody may write to it unseen.
  case staleWrites = 4
  case staleMap = 8
  /// HLT.
  case halt = 16
  /// Something that a debugger waits for.
  case trap = 32
  /// Somebody else wrote to a page that holds code.
  case staleCode = 64
  /// The processor itself did, and the write is done.
  case overwrittenCode = 128
}
