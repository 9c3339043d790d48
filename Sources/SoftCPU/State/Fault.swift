/// Why an instruction did not complete: an exception to deliver, its state unchanged.
struct Fault: Error, Equatable {
  var vector: UInt8
  var code: UInt32 = 0
  /// For page faults: CR2. For #GP the address that is not canonical, or leads over the end of a flat segment, until it is known
  /// whose it is.
  var address: UInt64 = 0

  static let divide = Fault(vector: 0)
  static let debug = Fault(vector: 1)
  static let overflow = Fault(vector: 4)
  static let bound = Fault(vector: 5)
  static let undefined = Fault(vector: 6)
  static let noCoprocessor = Fault(vector: 7)
  static let protection = Fault(vector: 13)
  static let x87 = Fault(vector: 16)
  static let alignment = Fault(vector: 17)
  static let simd = Fault(vector: 19)

  static func invalidTask(_ selector: UInt16) -> Fault { Fault(vector: 10, code: UInt32(selector.withoutLevel)) }
  static func notPresent(_ selector: UInt16) -> Fault { Fault(vector: 11, code: UInt32(selector.withoutLevel)) }
  static func stack(_ selector: UInt16) -> Fault { Fault(vector: 12, code: UInt32(selector.withoutLevel)) }
  static func protection(_ selector: UInt16) -> Fault { Fault(vector: 13, code: UInt32(selector.withoutLevel)) }
  static func outOfReach(_ address: UInt64) -> Fault { Fault(vector: 13, address: address) }
  static func page(_ address: UInt64, _ code: UInt32) -> Fault { Fault(vector: 14, code: code, address: address) }

  var isOutOfReach: Bool { vector == 13 && address != 0 }
  var hasCode: Bool { vector == 8 || (10...14).contains(vector) || vector == 17 }
}
