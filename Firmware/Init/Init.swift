/// The first process of a guest that runs one command on the host's files.
///
/// It loads the drivers, puts the root together, starts the command, carries its streams, and tells the host how it ended.
/// What goes wrong on the way is told to the host, too, in one line.
public struct Init<S: System> {
  let system: S
  let plan: Plan
  /// The beginning of the ports' paths.
  private var ports: Text = ""
  /// Where the host hears of the command's end; nil until the driver is there.
  private var host: Int?

  public init(_ system: S, _ plan: Plan) {
    self.system = system
    self.plan = plan
  }

  /// Returns when there is nothing more to do, which is no end for a first process.
  public mutating func run() {
    do throws(Problem) {
      let status = try runCommand()
      tell("exit " + Text(status))
    } catch { report(error) }
  }

  private mutating func runCommand() throws(Problem) -> Int {
    system.makeFolder("/dev")
    try check(system.mount("dev", at: "/dev", kind: "devtmpfs", flags: 0, options: ""), "mount /dev", "(CONFIG_DEVTMPFS)")
    for module in plan.modules { try load(module) }
    let control = try findPorts()
    host = control
    try buildRoot()
    hearAllMessages()
    setUpNetwork()
    let streams = Streams(
      control: control, input: try openPort("0", Linux.Open.read), output: try openPort("1", Linux.Open.write),
      errors: try openPort("2", Linux.Open.write))
    var command = Command(system, plan, streams)
    tell("start")
    try command.start()
    let status = command.waitForEnd()
    system.synchronize()
    return status
  }

  // MARK: Drivers

  private func load(_ module: Text) throws(Problem) {
    let file = system.open(module, Linux.Open.read | Linux.Open.closedByExecution)
    try check(file, "open " + module)
    try check(system.loadModule(file), "load " + module)
    system.close(file)
  }

  /// Waits until the driver has made the ports, and the last of them, for control, has heard from the host: then all have.
  private mutating func findPorts() throws(Problem) -> Int {
    for _ in 0..<10_000 {
      // The driver counts devices of all kinds.
      for device in 0..<32 {
        ports = "/dev/vport" + Text(device) + "p"
        let file = system.open(ports + "3", Linux.Open.both | Linux.Open.nonBlocking | Linux.Open.closedByExecution)
        if file >= 0, isConnected(file) { return file }
        if file >= 0 { system.close(file) }
      }
      system.sleep(milliseconds: 1)
    }
    throw Problem("find its streams (CONFIG_VIRTIO_PCI, CONFIG_VIRTIO_CONSOLE)", Linux.notThere)
  }

  private func openPort(_ number: Text, _ flags: Int) throws(Problem) -> Int {
    try check(system.open(ports + number, flags | Linux.Open.nonBlocking | Linux.Open.closedByExecution), "open a stream")
  }

  private func isConnected(_ file: Int) -> Bool {
    var waits = [Wait(file, 0)]
    system.poll(&waits, milliseconds: 0)
    return waits[0].seen & Wait.gone == 0
  }

  // MARK: The root

  /// The host's files below a layer in memory, with the kernel's own file systems where they belong.
  private func buildRoot() throws(Problem) {
    for path in ["/shares", "/layer", "/new"] as [Text] { system.makeFolder(path) }
    try check(system.mount("swboot", at: "/shares", kind: "virtiofs", flags: 0, options: ""), "mount the host's files", "(CONFIG_VIRTIO_FS)")
    try check(system.mount("layer", at: "/layer", kind: "tmpfs", flags: 0, options: "mode=755,size=75%"), "mount a layer in memory", "(CONFIG_TMPFS)")
    for path in ["/layer/upper", "/layer/work"] as [Text] { system.makeFolder(path) }
    try check(
      system.mount("root", at: "/new", kind: "overlay", flags: 0, options: "lowerdir=/shares/0,upperdir=/layer/upper,workdir=/layer/work"),
      "put the layer over the host's files", "(CONFIG_OVERLAY_FS)")
    for share in plan.shares {
      let place = "/new" + share.place
      makeFolders(place)
      try check(system.mount("/shares/" + share.number, at: place, kind: "", flags: Linux.Mount.bind, options: ""), "share " + share.place)
    }
    let plain = Linux.Mount.noSetUser | Linux.Mount.noDevices | Linux.Mount.noExecution
    for path in ["/new/dev", "/new/proc", "/new/sys", "/new/run"] as [Text] { system.makeFolder(path) }
    try check(system.mount("/dev", at: "/new/dev", kind: "", flags: Linux.Mount.move, options: ""), "move /dev")
    try check(system.mount("proc", at: "/new/proc", kind: "proc", flags: plain, options: ""), "mount /proc", "(CONFIG_PROC_FS)")
    try check(system.mount("sys", at: "/new/sys", kind: "sysfs", flags: plain, options: ""), "mount /sys", "(CONFIG_SYSFS)")
    try check(system.mount("run", at: "/new/run", kind: "tmpfs", flags: Linux.Mount.noDevices, options: "mode=755"), "mount /run")
    mountTheRest(below: "/new")
    try check(system.enter("/new"), "enter the root")
    try check(system.mount("/new", at: "/", kind: "", flags: Linux.Mount.move, options: ""), "move the root")
    try check(system.changeRoot("."), "change the root")
  }

  /// What tests of a kernel like to find; a kernel may do without any of it. There is no modprobe yet, which Linux would call for a
  /// program that shows BPF's objects as text.
  private func mountTheRest(below root: Text) {
    for path in ["/dev/pts", "/dev/shm"] as [Text] { system.makeFolder(root + path) }
    for (kind, place, options) in [
      ("devpts", "/dev/pts", "mode=620,ptmxmode=666"), ("tmpfs", "/dev/shm", "mode=1777"), ("cgroup2", "/sys/fs/cgroup", ""),
      ("debugfs", "/sys/kernel/debug", ""), ("tracefs", "/sys/kernel/tracing", ""), ("bpf", "/sys/fs/bpf", ""),
      ("securityfs", "/sys/kernel/security", ""),
    ] as [(Text, Text, Text)] {
      system.mount(kind, at: root + place, kind: kind, flags: Linux.Mount.noSetUser, options: options)
    }
    for (name, target) in [("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "fd/0"), ("/dev/stdout", "fd/1"), ("/dev/stderr", "fd/2")] as [(Text, Text)] {
      system.makeLink(root + name, to: target)
    }
  }

  /// A path and every folder on the way to it.
  private func makeFolders(_ path: Text) {
    for index in path.bytes.indices.dropFirst() where path.bytes[index] == 0x2F || path.bytes[index] == 0 {
      system.makeFolder(Text(path.bytes[..<index]))
    }
  }

  /// The kernel says more from now on: on the way here that would have taken the time of the run.
  private func hearAllMessages() {
    let file = system.open("/proc/sys/kernel/printk", Linux.Open.write | Linux.Open.closedByExecution)
    guard file >= 0 else { return }
    _ = system.write(file, ("7" as Text).content)
    system.close(file)
  }

  /// This machine can talk to itself.
  private func setUpNetwork() {
    let socket = system.makeSocket()
    guard socket >= 0 else { return }
    var request = Array("lo".utf8) + [UInt8](repeating: 0, count: 38)
    // Up and running.
    request[16] = 0x41
    _ = system.control(socket, Linux.Control.interfaceFlags, &request)
    system.close(socket)
  }

  // MARK: The host

  private func tell(_ line: Text) {
    guard let host else { return }
    _ = system.write(host, line.content + [0x0A])
  }

  @discardableResult
  private func check(_ result: Int, _ step: Text, _ hint: Text = "") throws(Problem) -> Int {
    guard result < 0 else { return result }
    throw Problem(hint.count == 0 ? step : step + " " + hint, result)
  }

  private func report(_ problem: Problem) {
    let line: Text = "the guest could not " + problem.step + ": error " + Text(-problem.code)
    guard host == nil else { return tell("failed " + line) }
    _ = system.write(1, ("swboot: " + line + "\n").content)
    system.powerOff()
  }
}
