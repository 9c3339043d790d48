internal import Primitives

/// Sees each access of the guest to one device.
protocol AccessWatcher: Sendable {
  func sees(_ verb: AccessVerb, _ width: AccessWidth, _ space: AccessSpace, at offset: Int, _ value: UInt64)
}

enum AccessVerb: String { case read, write }

/// Which of a device's spaces an offset is in.
enum AccessSpace: String {
  case own = ""
  case configuration
}
