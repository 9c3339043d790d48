/// What a message of FUSE asks for, as Linux' include/uapi/linux/fuse.h numbers it. What is not here is answered as not there,
/// and Linux then does without.
enum Operation: UInt32 {
  case lookUp = 1
  case forget = 2
  case getAttributes = 3
  case setAttributes = 4
  case readLink = 5
  case makeLink = 6
  case makeNode = 8
  case makeFolder = 9
  case unlink = 10
  case removeFolder = 11
  case rename = 12
  case link = 13
  case open = 14
  case read = 15
  case write = 16
  case usage = 17
  case release = 18
  case synchronize = 20
  case start = 26
  case openFolder = 27
  case readFolder = 28
  case releaseFolder = 29
  case synchronizeFolder = 30
  case create = 35
  case interrupt = 36
  case destroy = 38
  case forgetMany = 42
  case allocate = 43
  case readFolderWithAttributes = 44
  case renameWithFlags = 45
  case seek = 46

  /// Whether it changes the file system.
  var isChange: Bool {
    switch self {
    case .setAttributes, .makeLink, .makeNode, .makeFolder, .unlink, .removeFolder, .rename, .link, .write, .create, .allocate, .renameWithFlags: true
    default: false
    }
  }

  /// Whether nobody waits for an answer.
  var isSilent: Bool { self == .forget || self == .forgetMany || self == .interrupt }
}
