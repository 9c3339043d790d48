import Reports
import TestSupport
import Testing
import Trials

@testable import Options

@Suite("swboot test") struct TestCommandTests {
  private func options(_ arguments: String...) throws(UsageError) -> Options { try Options(arguments) }

  private func message(_ arguments: String...) -> String? {
    do throws(UsageError) { _ = try Options(arguments) } catch { return error.message }
    return nil
  }

  @Test("options of run are for every machine, and those of test for all tests")
  func options() throws {
    let test = try options(
      "test", "--kernel", "a", "./x", "--cpus", "2", "--kernel=b", "--jobs", "3", "-m", "2G", "--rw=.", "--report", "r.json", "--repeat", "2", "--shard", "2/3",
      "--verbose", "--tap", "--junit", "j.xml", "--filter", "x", "--", "--odd"
    ).test
    #expect(test.kernels == ["a", "b"] && test.tests == ["./x", "--odd"])
    #expect(test.options == ["--cpus", "2", "-m", "2G", "--rw=.", "--verbose"])
    #expect(test.jobs == 3 && test.repetitions == 2 && test.filter == "x" && test.shard?.text == "2/3")
    #expect(test.report == "r.json" && test.junit == "j.xml" && test.writesTAP)
    #expect(try options("report", "a.json", "b.json", "--report", "c").operands == ["a.json", "b.json"])
  }

  @Test("CF-01 a wish that makes no sense is refused with what to do instead")
  func refusals() {
    #expect(message("test")?.hasPrefix("swboot test needs a TEST") == true)
    #expect(message("report")?.hasPrefix("swboot report needs files") == true)
    #expect(message("test", "./x", "--gdb", "1234")?.hasPrefix("--gdb with test") == true)
    #expect(message("test", "./x", "--jobs", "0") == "--jobs 0: write a number from 1 to 1024.")
    #expect(message("test", "./x", "--shard", "4/3") == "--shard 4/3: write a number and how many there are, such as 3/20.")
    #expect(message("run", "--jobs", "2", "--", "x")?.hasPrefix("options for tests need the word test") == true)
    #expect(message("test", "./x", "--memory", "lots") != nil && message("test", "./x", "--firmware", "f") != nil)
  }

  @Test("without a kernel nothing can be judged, which is 125; several reports make one")
  func unjudged() {
    let folder = TemporaryFolder()
    func run(_ arguments: String...) -> ChildProcess.End { ChildProcess.run(ProgramTests.path, arguments) }
    for shard in ["1/3", "2/3"] {
      let name = shard.prefix(1)
      let end = run("test", "--kernel", "/no/such/kernel", "--jobs", "2", "--shard", shard, "--report", "\(folder.path)/\(name).json", "./a", "./b", "./c")
      #expect(end.status == 125 && end.output.contains("unjudged  ./\(name == "1" ? "a" : "b")"), "\(end.output)\(end.errors)")
      #expect(end.output.hasSuffix(" s\n") && end.output.contains("\n1 unjudged, "))
    }
    let merged = run("report", "--junit", "\(folder.path)/j.xml", "--report", "\(folder.path)/all.json", "\(folder.path)/1.json", "\(folder.path)/2.json")
    #expect(merged.status == 125 && merged.output.contains("missing: shard 3/3") && merged.output.contains("2 unjudged, 1 missing, "))
    #expect(folder.text(of: "j.xml").contains("errors=\"2\""))
    let report = JSON(Array(folder.text(of: "all.json").utf8)).flatMap(TestReport.init)
    #expect(report?.results.map(\.trial.test) == ["./a", "./b"] && report?.results.first?.reason?.contains("/no/such/kernel") == true)
    #expect(run("test", "--tap", "--kernel", "/no/such/kernel", "./a").output.hasPrefix("TAP version 14\n1..1\nnot ok 1 - ./a\n"))
    #expect(run("report", "\(folder.path)/j.xml").status == 202 && run("test", "--filter", "x", "./a").status == 202)
  }
}
