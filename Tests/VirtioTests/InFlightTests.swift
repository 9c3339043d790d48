import Testing

@testable import Virtio

@Suite struct InFlightTests {
  @Test("answers come in any order, each to its place and once")
  func order() {
    var requests = InFlight<String>(limit: 3)
    let tokens = ["a", "b", "c"].map { requests.add($0) }
    #expect(requests.isFull)
    #expect(requests.remove(tokens[1]) == "b" && requests.remove(tokens[1]) == nil)
    #expect(!requests.isFull && !requests.isEmpty)
    let next = requests.add("d")
    #expect(requests.remove(tokens[1]) == nil, "another has its slot")
    #expect(requests.remove(tokens[2]) == "c" && requests.remove(next) == "d" && requests.remove(tokens[0]) == "a")
    #expect(requests.isEmpty)
  }

  @Test("an answer to what is forgotten finds nothing, whoever asks now")
  func forgotten() {
    var requests = InFlight<Int>(limit: 2)
    let old = requests.add(1)
    requests.forgetAll()
    let new = requests.add(2)
    #expect(requests.remove(old) == nil && requests.remove(.max) == nil)
    #expect(requests.remove(new) == 2 && requests.isEmpty)
  }
}
