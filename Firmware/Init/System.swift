/// The kernel under the first process. A result below zero is an error's number, negated.
public protocol System {
  @discardableResult func mount(_ source: Text, at place: Text, kind: Text, flags: Int, options: Text) -> Int
  @discardableResult func makeFolder(_ path: Text) -> Int
  @discardableResult func makeLink(_ path: Text, to target: Text) -> Int
  func enter(_ path: Text) -> Int
  func changeRoot(_ path: Text) -> Int
  func open(_ path: Text, _ flags: Int) -> Int
  func close(_ file: Int)
  /// Fills a buffer; how many bytes, none at the end.
  func read(_ file: Int, into buffer: inout [UInt8]) -> Int
  func write(_ file: Int, _ bytes: ArraySlice<UInt8>) -> Int
  func loadModule(_ file: Int) -> Int
  /// The end to read from and the end to write to.
  func makePipe() -> (reader: Int, writer: Int)?
  func makeNonBlocking(_ file: Int)
  func makeSocket() -> Int
  func control(_ file: Int, _ request: Int, _ argument: inout [UInt8]) -> Int
  func control(_ file: Int, _ request: Int, value: Int) -> Int
  /// Waits until something can be read from or written to one of these, at most so many milliseconds; what there is then.
  func poll(_ waits: inout [Wait], milliseconds: Int)
  /// A descriptor that can be read when a child has ended.
  func watchChildren() -> Int
  /// Zero in the child.
  func fork() -> Int
  /// A child that has ended, and how; nil if there is none.
  func reap() -> (process: Int, status: Int)?
  /// In the child: a session of its own, and no signal blocked.
  func becomeSession()
  func duplicate(_ file: Int, as number: Int)
  func become(user: UInt32, group: UInt32, groups: [UInt32]) -> Int
  /// Returns only where there is no such program.
  func execute(_ path: Text, _ arguments: [Text], _ variables: [Text]) -> Int
  func exit(_ status: Int)
  func sleep(milliseconds: Int)
  /// What was written goes to the file systems.
  func synchronize()
  func powerOff()
}

/// What somebody waits for on a descriptor.
public struct Wait: Sendable {
  public static let readable: Int16 = 1
  public static let writable: Int16 = 4
  /// The other side is gone; always waited for.
  public static let gone: Int16 = 16

  public let file: Int
  public let events: Int16
  public var seen: Int16 = 0

  public init(_ file: Int, _ events: Int16) {
    self.file = file
    self.events = events
  }
}

/// Numbers of Linux.
enum Linux {
  static let notThere = -2
  static let noAccess = -13
  static let again = -11

  enum Open {
    static let read = 0
    static let write = 1
    static let both = 2
    static let noTerminal = 0o400
    static let nonBlocking = 0o4000
    static let closedByExecution = 0o2000000
  }

  enum Mount {
    static let readOnly = 1
    static let noSetUser = 2
    static let noDevices = 4
    static let noExecution = 8
    static let bind = 4096
    static let move = 8192
  }

  enum Control {
    static let terminalNumber = 0x8004_5430
    static let terminalLock = 0x4004_5431
    static let windowSize = 0x5414
    static let controllingTerminal = 0x540E
    static let readableCount = 0x541B
    static let interfaceFlags = 0x8914
  }
}
