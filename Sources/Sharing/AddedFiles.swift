/// Files that a share's folder has for the guest beside its own. They are made, all together, when the guest first looks for one
/// of them that the host does not have, and nobody can change them.
public final class AddedFiles: Equatable, Sendable {
  let names: Set<String>
  let make: @Sendable () -> [String: [UInt8]]

  public init(_ names: [String], _ make: @escaping @Sendable () -> [String: [UInt8]]) {
    self.names = Set(names)
    self.make = make
  }

  public static func == (one: AddedFiles, other: AddedFiles) -> Bool { one === other }
}
