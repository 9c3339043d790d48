internal import Machine
internal import Reports
internal import Run

/// Every option that swboot has. What is not here does not exist.
enum OptionTable {
  /// The options of one topic after the other, each made when somebody comes to it: most starts need few.
  private static let topics: [@Sendable () -> [Option]] = [{ boot }, { machine }, { ending }, { run }, { inside }, { testing }]

  static var all: [Option] { topics.flatMap { $0() } }
  static func row(_ name: String) -> Option? { topics.lazy.flatMap { $0() }.first { $0.name == name } }

  private static let boot: [Option] = [
    .valued(
      "--kernel", "FILE", offering: .files, .boot,
      """
      bzImage, vmlinux (ELF), Multiboot or FIT image, also compressed;
      with run also a folder with a build tree or a kernel package; there
      the host's own kernel if not given
      """
    ) { (options, value) throws(UsageError) in options.configuration.kernel = try Options.path("--kernel", value)
    },
    .valued("--initrd", "FILE", offering: .files, .boot, "initial RAM disk") { (options, value) throws(UsageError) in
      options.configuration.initrd = try Options.path("--initrd", value)
    },
    .valued(
      "--module", "FILE[ ARGS]", offering: .files, .boot,
      """
      for a Multiboot kernel, which gets the whole text as the module's
      string; may be given several times. Xen: its kernel, then its initrd
      """
    ) { (options, value) throws(UsageError) in options.configuration.modules.append(try Options.path("--module", value)) },
    .valued("--append", "TEXT", .boot, "kernel command line") { options, value in options.configuration.commandLine = value },
    .valued("--dtb", "FILE", offering: .files, .boot, "device tree handed to the kernel") { (options, value) throws(UsageError) in
      options.configuration.deviceTree = try Options.path("--dtb", value)
    },
    .valued(
      "--firmware", "FILE", offering: .files, .boot,
      """
      image that ends at 4 GiB and starts at the reset vector;
      builtin is our own BIOS, which boots the kernel, or else a disk
      """
    ) { (options, value) throws(UsageError) in
      options.configuration.firmware = value == "builtin" ? .builtin : .file(try Options.path("--firmware", value))
    },
    .valued(
      "--firmware-vars", "FILE", offering: .files, .boot,
      """
      flash chip right below the firmware, for its variables;
      what the firmware writes is kept in the file
      """
    ) { (options, value) throws(UsageError) in
      options.configuration.firmwareVariables = try Options.path("--firmware-vars", value)
    },
    .valued("--fw-cfg", "opt/NAME=FILE", .boot, "a file for the guest's firmware or kernel, in fw_cfg by this name") {
      (options, value) throws(UsageError) in options.configuration.firmwareFiles.append(try Options.firmwareFile(value))
    },
    .valued(
      "--disk", "FILE[,ro][,snapshot][,id=NAME]", offering: .files, .boot,
      """
      raw image as a virtio disk; may be given several times.
      ro: the guest cannot write; snapshot: what it writes is thrown away
      """
    ) { (options, value) throws(UsageError) in options.configuration.disks.append(try Options.disk(value)) },
  ]

  private static let run: [Option] = [
    .valued(
      "--modules", "DIR", offering: .files, .run,
      """
      the kernel's modules, if they are not beside the kernel, in its build
      tree or in /lib/modules
      """
    ) { (options, value) throws(UsageError) in options.run.modules = try Options.path("--modules", value) },
    .valued("--root", "DIR", offering: .files, .run, "the guest's root folder, which it cannot change; / if not given") {
      (options, value) throws(UsageError) in options.run.root = try Options.path("--root", value)
    },
    .valued(
      "--rw", "DIR", offering: .files, .run,
      """
      a folder that the command changes for real; all else that it writes
      is gone at the end; may be given several times
      """
    ) { (options, value) throws(UsageError) in options.run.folders.append(try Options.writableFolder(value)) },
    .valued("--share", "DIR=PLACE[,ro]", offering: .files, .run, "a folder of the host at another place in the guest") {
      (options, value) throws(UsageError) in options.run.folders.append(try Options.sharedFolder(value))
    },
    .valued(
      "--env", "NAME[=VALUE]", .run,
      """
      a variable for the command, beside HOME, LANG, LC_*, LOGNAME, PATH,
      SHELL, TERM, TZ and USER; may be given several times
      """
    ) { (options, value) throws(UsageError) in options.run.variables.append(try Options.variable(value)) },
    .flag("--verbose", .run, "what the kernel says, on standard error") { $0.run.isVerbose = true },
  ]

  private static let machine: [Option] = [
    .valued("--memory", "SIZE", .machine, "1M to 1T; 512M if not given, 1G with run") { (options, value) throws(UsageError) in
      options.configuration.memory = try Options.size(value)
    },
    .valued("--cpus", "N", .machine, "processors; 1 if not given") { (options, value) throws(UsageError) in
      options.configuration.processors = try Options.count(value)
    },
    .valued("--accel", "WHICH", offering: .words { Configuration.Accelerator.allCases.map(\.rawValue) }, .machine, "auto (the default), kvm, soft, or soft,interpreter") {
      (options, value) throws(UsageError) in
      options.configuration.accelerator = try Options.choice("--accel", value == "tcg" ? "soft" : value)
    },
    .valued(
      "--kernel-irqchip", "WHICH", offering: .words { Configuration.InterruptChips.allCases.map(\.rawValue) }, .machine,
      """
      with KVM: on, I/O APIC and 8259s are the kernel's; or split, they are
      swboot's own, which --trace sees. If not given, split with --trace and
      where that is faster, on Linux 6.18 and newer, else on
      """
    ) { (options, value) throws(UsageError) in
      options.configuration.interruptChips = try Options.choice("--kernel-irqchip", value)
    },
    .flag(
      "--test-device", .machine,
      """
      the device that kvm-unit-tests looks for, as QEMU's pc-testdev:
      a register (0xE0), interrupt lines (0x2000), memory (0xFF000000)
      """
    ) { $0.configuration.hasTestDevice = true },
    .valued(
      "--console", "WHERE", offering: .words { ["stdio", "plain", "none"] }, .machine,
      """
      stdio (the default), plain (stdio without escape sequences),
      none or a file
      """
    ) { (options, value) throws(UsageError) in options.configuration.console = try Options.stream("--console", value) },
    .valued("--debugcon", "WHERE", offering: .words { ["none", "stdio"] }, .machine, "port 0x402: none (the default), stdio or a file") {
      (options, value) throws(UsageError) in options.configuration.debugConsole = try Options.stream("--debugcon", value)
    },
    .optional(
      "--display", "MODE", offering: .words { ["text", "1024x768"] }, .machine,
      """
      a VGA with a linear framebuffer (PCI 1234:1111); MODE is how a kernel
      finds it that is started without firmware: text, or a size;
      1024x768 if not given
      """
    ) { (options, value) throws(UsageError) in options.configuration.display = try Options.display(value) },
    .valued("--screenshot", "FILE", offering: .files, .machine, "what the display shows, as PNG: at the end, and on SIGUSR1") {
      (options, value) throws(UsageError) in options.configuration.screenshot = try Options.path("--screenshot", value)
    },
    .valued(
      "--keys", "FILE", offering: .files, .machine,
      """
      what to type on the guest's keyboard, one step a line:
        wait "TEXT"      until it is on the console or a text screen
        wait 2s          of guest time
        type ls -l       letters, as on a US keyboard
        press ctrl-alt-del, ret, esc, up, f1 ...
        screenshot FILE  a picture now
        quit             ends the run; # begins a comment
      """
    ) { (options, value) throws(UsageError) in options.configuration.keys = try Options.path("--keys", value) },
    .optional(
      "--deterministic", "SEED", .machine,
      """
      every run the same: time is counted in instructions, and what is
      random follows from the seed; the software CPU, one processor
      """
    ) { (options, value) throws(UsageError) in options.configuration.seed = try Options.seed(value) },
  ]

  private static let ending: [Option] = [
    .flag("--no-reboot", .ending, "a reset ends the run") { $0.configuration.stopsOnReset = true },
    .valued("--triple-fault", "WHAT", offering: .words { Configuration.LastResort.allCases.map(\.rawValue) }, .ending, "stop (the default) or reset") {
      (options, value) throws(UsageError) in options.configuration.tripleFault = try Options.choice("--triple-fault", value)
    },
    .valued(
      "--watchdog", "WHAT", offering: .words { Configuration.LastResort.allCases.map(\.rawValue) }, .ending,
      """
      when the guest's watchdog timer runs out (Linux: iTCO_wdt):
      stop (the default) or reset
      """
    ) { (options, value) throws(UsageError) in options.configuration.watchdog = try Options.choice("--watchdog", value) },
    .valued(
      "--fail-on", "LIST", offering: .words { Complaint.Kind.names }, .ending,
      """
      complaints of the guest's kernel that make a run fail which else
      ended well: none, all, or some of oops, stall, sanitizer, warning,
      lockdep, oom-kill; oops,stall,panic if not given. A panic always does
      """
    ) { (options, value) throws(UsageError) in options.configuration.failures = try Options.complaints(value) },
    .valued("--timeout", "TIME", .ending, "such as 40s, 500ms or 2m: ends the run; 10m for each test if not given") { (options, value) throws(UsageError) in
      options.configuration.timeout = try Options.seconds("--timeout", value)
    },
    .valued(
      "--hang", "TIME", .ending,
      """
      ends a guest whose processor spins, or waits for ever, for so long
      while nothing else happens; with run 30s if not given, 0 for never
      """
    ) { (options, value) throws(UsageError) in options.configuration.hang = try Options.secondsOrNone("--hang", value) },
    .valued(
      "--shutdown-grace", "TIME", .ending,
      """
      SIGTERM presses the guest's power button; how long the guest may
      take to shut down then: 10s if not given, 0 to end it at once
      """
    ) { (options, value) throws(UsageError) in
      options.configuration.shutdownGrace = try Options.secondsOrNone("--shutdown-grace", value)
    },
  ]

  private static let inside: [Option] = [
    .valued(
      "--trace", "EVENTS[,file=FILE]", offering: .words { ["all", "io", "irq", "queue", "cpu"] }, .inside,
      """
      all, or some of io, irq, queue, cpu and names of devices
      (swboot machine lists them): one line each with guest time
      """
    ) { (options, value) throws(UsageError) in options.configuration.trace = try Options.trace(value) },
    .valued(
      "--report", "FILE", offering: .files, .inside,
      """
      all about the run for programs, as JSON: verdict, times, devices,
      what the guest's kernel complained of; however the run ends.
      With test all about the tests, which swboot report puts together
      """
    ) { (options, value) throws(UsageError) in options.configuration.report = try Options.path("--report", value) },
    .valued(
      "--vmlinux", "FILE", offering: .files, .inside,
      """
      the kernel's ELF file with debug information: file and line of its
      functions in what is told of a bad end, by addr2line of binutils
      """
    ) { (options, value) throws(UsageError) in options.configuration.debugInformation = try Options.path("--vmlinux", value) },
    .valued(
      "--profile", "FILE", offering: .files, .inside,
      """
      where the guest's kernel spends its time: a thousand times a second
      which functions call which; a flame graph if FILE ends in .svg, else
      folded text, a stack a line
      """
    ) { (options, value) throws(UsageError) in options.configuration.profile = try Options.path("--profile", value) },
    .valued(
      "--timeline", "FILE", offering: .files, .inside,
      """
      what the run did when, from its start to its end: loading, the
      kernel's phases and initcalls, the command, with CPU seconds and
      accesses; a picture if FILE ends in .svg, JSON if in .json
      """
    ) { (options, value) throws(UsageError) in options.configuration.timeline = try Options.timeline(value) },
    .valued(
      "--coverage", "FILE", offering: .files, .inside,
      """
      the software CPU: every function of the guest's kernel that was
      executed, and how often; lines of its source, for lcov, if FILE ends
      in .info, with --vmlinux
      """
    ) { (options, value) throws(UsageError) in options.configuration.coverage = try Options.path("--coverage", value) },
    .flag(
      "--perf-map", .inside,
      """
      the software CPU: at the end, names for translated code in
      /tmp/perf-PID.map, so that "perf report" shows functions of the
      guest's kernel, and addresses of other code
      """
    ) { $0.configuration.namesCodeForPerf = true },
    .valued(
      "--gdb", "WHERE", offering: .files, .inside,
      """
      a TCP port of this host, or the path of a socket, for GDB's
      "target remote"; the guest waits for it. A kernel wants
      nokaslr in --append
      """
    ) { (options, value) throws(UsageError) in options.configuration.debugger = try Options.debuggerPlace("--gdb", value) },
    .flag("--help", .inside, "this text") { $0.command = .help },
    .flag("--version", .inside, "version and commit") { $0.command = .version },
  ]
}
