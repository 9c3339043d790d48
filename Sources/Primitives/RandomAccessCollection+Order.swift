extension RandomAccessCollection where Index == Int {
  /// Where the first element is that a condition does not hold for, or the end: it holds for all before that and for none behind.
  @inlinable public func firstIndexBehind(_ isBefore: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
