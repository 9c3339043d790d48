internal import Primitives

/// The firmware: what it knows of the machine, and what it does from reset until something else runs.
package struct Firmware<H: Hardware> {
  package let hardware: H
  package private(set) var console: Console<H>
  var facts = BoardFacts()
  var map: MemoryMap<H>
  var disks = Disks()
  var screen = Screen()
  var keys = EscapeSequence()
  /// The next disk to try.
  var nextDisk = Disks.firstNumber
  /// A disk did not answer, so that the verdict is not about what was on it.
  var hasReadError = false

  package init(_ hardware: H) {
    self.hardware = hardware
    console = Console(hardware: hardware)
    map = MemoryMap(hardware: hardware)
  }

  /// From reset on. Comes back only in a test.
  package mutating func start() {
    // Until the board has spoken, talk where every board of this kind listens.
    facts.debugConsole = Platform.debugConsole.first
    facts.debugExit = Platform.debugExit.first
    console.debug = facts.debugConsole
    let files = ConfigurationFiles(hardware: hardware)
    guard files.isPresent else { return stop(.badBoard, "the board has no fw_cfg") }
    guard readBoard(files) else { return stop(.badBoard, "the board's device tree is missing or broken") }
    console.serial = facts.serial
    console.debug = facts.debugConsole
    console.prepare()
    console.write("\nswboot firmware\n")
    guard map.make(from: files, configurationSpace: facts.configurationSpace) else {
      return stop(.badBoard, "the board's memory map is missing or broken")
    }
    var (tables, anchors) = (Arena(WorkArea.tables), Arena(WorkArea.anchors))
    var loader = TableLoader(hardware: hardware, files: files)
    guard loader.run(tables: &tables, anchors: &anchors, map: &map),
      MachineDescription(hardware: hardware, files: files).place(tables: &tables, anchors: &anchors)
    else { return stop(.badBoard, "the board's ACPI or SMBIOS tables cannot be placed") }
    let kernel = KernelLoader(hardware: hardware, files: files, map: map, rootPointer: loader.rootPointer)
    var display: DisplayAdapter?
    disks.find(hardware, memory: facts.pciMemory) { bus, function in
      guard display == nil, (function.vendor, function.device) == (DisplayAdapter.vendor, DisplayAdapter.device) else { return }
      display = DisplayAdapter(bus, function.number)
    }
    screen.display = display
    BIOSData.prepare(hardware, serial: facts.serial, disks: disks.count)
    screen.prepare(hardware)
    // The console has had it since before there was a display.
    show("swboot firmware\n")
    ScanCodes(hardware: hardware).prepare()
    InterruptControllers(hardware: hardware).prepare()
    hardware.put(ClockService(hardware: hardware, clock: facts.clock).ticksSinceMidnight(), at: BIOSData.ticks)
    if let item = files.find(MultibootLoader<H>.fileName) {
      return start(MultibootLoader(hardware: hardware, files: files, map: map, item: item))
    }
    if kernel.hasKernel { return start(kernel) }
    bootDisks()
  }

  private mutating func start(_ kernel: KernelLoader<H>) {
    do throws(KernelLoader<H>.Problem) { try kernel.start() } catch { stop(.badKernel, error.words) }
  }

  private mutating func start(_ kernel: MultibootLoader<H>) {
    do throws(KernelLoader<H>.Problem) { try kernel.start() } catch { stop(.badKernel, error.words) }
  }

  private mutating func readBoard(_ files: ConfigurationFiles<H>) -> Bool {
    let room = WorkArea.tables
    guard let size = files.read("etc/board.dtb", to: room) else { return false }
    var facts = BoardFacts()
    let isWhole = DeviceTreeReader(hardware: hardware, tree: room.first, size: size).walk { facts.learn(from: $0) }
    guard isWhole else { return false }
    self.facts = facts
    return true
  }

  /// Words on the console and the display.
  mutating func say(_ text: Text) {
    console.write(text)
    show(text)
  }

  private mutating func show(_ text: Text) { for index in 0..<text.count { screen.echo(text[index], hardware) } }

  mutating func say(_ number: UInt8) {
    if number >= 10 { say(number / 10) }
    console.put(0x30 + number % 10)
    screen.echo(0x30 + number % 10, hardware)
  }

  /// Says why there is no going on, and tells the host.
  mutating func stop(_ verdict: Verdict, _ reason: Text) {
    say("swboot firmware: ")
    say(reason)
    say("\n")
    stop(verdict)
  }

  func stop(_ verdict: Verdict) {
    if let port = facts.debugExit { hardware.output(UInt32(verdict.rawValue), .byte, to: port) }
    hardware.stop()
  }

  /// A fault in our own code.
  package func reportFault(vector: UInt32, _ first: UInt32, _ second: UInt32) {
    console.write("swboot firmware: fault ")
    console.write(decimal: UInt64(vector))
    console.write(", stack ")
    console.write(hex: UInt64(first), digits: 8)
    console.write(" ")
    console.write(hex: UInt64(second), digits: 8)
    console.write("\n")
    stop(.fault)
  }
}
