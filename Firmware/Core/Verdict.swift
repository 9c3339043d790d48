/// How the firmware tells the host that it is at its end: the value it writes to the debug-exit port.
package enum Verdict: UInt8, Sendable {
  case nothingToBoot = 0x10
  case readError = 0x11
  case badKernel = 0x12
  case badBoard = 0x13
  case fault = 0x14
}
