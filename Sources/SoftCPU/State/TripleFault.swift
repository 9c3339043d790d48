/// Not even a double fault could be delivered: the processor gives up.
///
/// Whoever delivers exceptions throws this and no `Fault`, so that the types tell where the one becomes the other.
struct TripleFault: Error, Equatable {}
