extension Core {
  /// x87, MMX, SSE and XSAVE instructions: everything decoded as `.vector`.
  func executeVector(_ i: Instruction) throws(Fault) { throw .undefined }
}
