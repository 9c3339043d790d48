/// A driver of the kernel in a file of its own.
struct Module: Equatable {
  let name: String
  let content: [UInt8]

  var facts: ModuleFacts { ModuleFacts(content) }
}
