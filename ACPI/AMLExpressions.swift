/// What methods are made of: variables, arithmetic and control flow.
extension AML {
  static func local(_ number: UInt8) -> Term { [0x60 + number] }
  static func argument(_ number: UInt8) -> Term { [0x68 + number] }
  static func variable(_ name: String) -> Term { nameString(name) }

  static func store(_ value: Term, to target: Term) -> Term { [0x70] + value + target }
  static func increment(_ target: Term) -> Term { [0x75] + target }
  static func add(_ a: Term, _ b: Term) -> Term { [0x72] + a + b + zero }
  static func shiftLeft(_ a: Term, by b: Term) -> Term { [0x79] + a + b + zero }
  static func shiftRight(_ a: Term, by b: Term) -> Term { [0x7A] + a + b + zero }
  static func and(_ a: Term, _ b: Term, to target: Term = zero) -> Term { [0x7B] + a + b + target }
  static func or(_ a: Term, _ b: Term, to target: Term = zero) -> Term { [0x7D] + a + b + target }

  /// A reference to one element of a package.
  static func index(_ package: Term, _ element: Term) -> Term { [0x88] + package + element + zero }
  static func dereference(_ reference: Term) -> Term { [0x83] + reference }

  static func equal(_ a: Term, _ b: Term) -> Term { [0x93] + a + b }
  static func notEqual(_ a: Term, _ b: Term) -> Term { [0x92] + equal(a, b) }
  static func less(_ a: Term, _ b: Term) -> Term { [0x95] + a + b }

  static func when(_ condition: Term, _ body: [Term], otherwise: [Term] = []) -> Term {
    let choice = [0xA0] + counted(condition + body.joined())
    return otherwise.isEmpty ? choice : choice + [0xA1] + counted(Term(otherwise.joined()))
  }

  static func loop(while condition: Term, _ body: [Term]) -> Term {
    [0xA2] + counted(condition + body.joined())
  }

  static func giveBack(_ value: Term) -> Term { [0xA4] + value }
}
