/// What stands in a stack where no function of a kernel is known.
public enum StackNames {
  /// Code of a program in the guest.
  public static let program = "[program]"
  /// What runs before the kernel, or has no name.
  public static let unknown = "[unknown]"
}
