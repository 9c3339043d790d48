/// What methods are made of: variables, arithmetic and control flow.
extension AML {
  static func argument(_ number: UInt8) -> Term { [0x68 + number] }
  static func variable(_ name: String) -> Term { nameString(name) }

  static func and(_ a: Term, _ b: Term, to target: Term) -> Term { [0x7B] + a + b + target }
  static func or(_ a: Term, _ b: Term, to target: Term) -> Term { [0x7D] + a + b + target }

  static func equal(_ a: Term, _ b: Term) -> Term { [0x93] + a + b }
  static func notEqual(_ a: Term, _ b: Term) -> Term { [0x92] + equal(a, b) }

  static func when(_ condition: Term, _ body: [Term]) -> Term { counted([0xA0], [condition] + body) }

  static func giveBack(_ value: Term) -> Term { [0xA4] + value }
}
