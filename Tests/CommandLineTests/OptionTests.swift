import Machine
import Testing

@testable import Options

@Suite("The command line")
struct OptionTests {
  private func message(_ arguments: [String]) -> String? {
    do throws(UsageError) {
      _ = try Options(arguments)
      return nil
    } catch {
      return error.message
    }
  }

  @Test("every option is understood")
  func everything() throws {
    let options = try Options([
      "--kernel", "k", "--initrd=i", "--append", "a=b c", "--dtb", "d", "--disk", "x,ro", "--disk", "y,id=root",
      "--memory", "1G", "--cpus", "3", "--accel", "kvm", "--kernel-irqchip", "split", "--console", "plain", "--debugcon", "file:none", "--no-reboot",
      "--triple-fault", "reset", "--watchdog", "reset", "--timeout", "2m", "--trace", "io,com1,file=t",
    ]).configuration
    #expect(options.kernel == "k" && options.initrd == "i" && options.commandLine == "a=b c" && options.deviceTree == "d")
    #expect(options.disks.map(\.path) == ["x", "y"] && options.disks.map(\.isReadOnly) == [true, false])
    #expect(options.disks[1].id == "root")
    #expect(options.memory == 1 << 30 && options.processors == 3 && options.accelerator == .kvm && options.interruptChips == .split)
    #expect(options.console == .plain && options.debugConsole == .file("none"))
    #expect(options.stopsOnReset && options.tripleFault == .reset && options.watchdog == .reset && options.timeout == 120)
    #expect(options.trace == Configuration.Trace(events: ["io", "com1"], file: "t"))
  }

  @Test("a script for QEMU means the same here")
  func familiar() throws {
    let options = try Options([
      "-M", "q35,accel=kvm", "-enable-kvm", "-kernel", "k", "-initrd", "i", "-append", "a", "-m", "256", "-smp", "cpus=2",
      "-nographic", "-no-reboot", "-drive", "file=d.img,format=raw,if=virtio,readonly=on", "-serial", "mon:stdio",
      "-display", "none", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-cpu", "host",
      "-device", "pc-testdev",
    ]).configuration
    #expect(options.kernel == "k" && options.initrd == "i" && options.commandLine == "a")
    #expect(options.memory == 256 << 20 && options.processors == 2 && options.accelerator == .kvm)
    #expect(options.stopsOnReset && options.console == .standard && options.hasTestDevice)
    #expect(options.disks.map(\.path) == ["d.img"] && options.disks[0].isReadOnly)
  }

  @Test("C1 every module counts, and is a kernel's")
  func modules() throws {
    let options = try Options(["--kernel", "xen", "--module", "linux console=hvc0", "--module=initrd"]).configuration
    #expect(options.modules == ["linux console=hvc0", "initrd"])
    #expect(message(["--disk", "d", "--module", "m"]) == "--module needs --kernel: a firmware loads its own files.")
  }

  @Test(
    "C4 QEMU's wish for an accelerator is one here, wherever it stands",
    arguments: [
      (["-M", "q35,accel=tcg"], .soft), (["-machine", "accel=tcg"], .soft), (["-machine", "type=q35,accel=kvm"], .kvm),
      (["-machine", "q35,accel=kvm:tcg"], .auto), (["-machine", "q35,usb=off"], .auto),
    ] as [([String], Configuration.Accelerator)])
  func machineAccelerator(arguments: [String], accelerator: Configuration.Accelerator) throws {
    #expect(try Options(["--kernel", "k"] + arguments).configuration.accelerator == accelerator)
  }

  @Test("a disk alone is booted by our own firmware, and -snapshot is for every disk")
  func diskAlone() throws {
    let options = try Options(["--disk", "a", "--disk", "a", "--disk", "b,ro", "-snapshot"]).configuration
    #expect(options.firmware == .builtin)
    #expect(options.disks.map(\.isSnapshot) == [true, true, false])
    #expect(try Options(["--firmware", "builtin", "--kernel", "k"]).configuration.firmware == .builtin)
    #expect(try Options(["-bios", "f"]).configuration.firmware == .file("f"))
  }

  @Test("of an option given twice the last counts")
  func twice() throws {
    #expect(try Options(["--kernel", "a", "--kernel", "b", "--memory", "1G", "--memory", "2G"]).configuration.kernel == "b")
  }

  @Test("doctor and machine are commands, in the first place only")
  func commands() throws {
    #expect(try Options(["doctor"]).command == .doctor)
    #expect(try Options(["machine", "--memory", "2G"]).configuration.memory == 2 << 30)
    #expect(try Options(["--kernel", "k", "--help"]).command == .help)
    #expect(message(["doctor", "machine"]) == "machine: say what this is, such as --kernel machine. See swboot --help.")
  }

  @Test(
    "CF-01 what does not fit together is refused with what to do instead",
    arguments: [
      ([], "nothing to boot: give --kernel FILE, --disk FILE or --firmware FILE. See swboot --help."),
      (["--foo"], "--foo is not an option of swboot. See swboot --help."),
      (["bzImage"], "bzImage: say what this is, such as --kernel bzImage. See swboot --help."),
      (["--kernel"], "--kernel needs a value. See swboot --help."),
      (["--kernel="], "--kernel needs the path of a file."),
      (
        ["--kernel", "k", "--accel", "soft", "--kernel-irqchip", "on"],
        "--kernel-irqchip with the software CPU: the interrupt chips in the kernel are KVM's. Leave one of them out."
      ),
      (["--no-reboot=5"], "--no-reboot takes no value. See swboot --help."),
      (["--kernel", "k", "--firmware", "f", "--dtb", "d"], "--dtb with --firmware: a firmware hands no device tree on. Leave one of them out."),
      (["--firmware", "f", "--initrd", "i"], "--initrd needs --kernel: a firmware loads its own files."),
      (["--firmware", "f", "--append", "a"], "--append needs --kernel: a firmware loads its own files."),
      (["--disk", "d", "--disk", "d"], "--disk d is given twice: only disks with ro or snapshot can share an image."),
      (["--disk", "d", "--disk", "d,ro"], "--disk d is given twice: only disks with ro or snapshot can share an image."),
      (["-M", "microvm"], "-M microvm: this machine has only q35. See swboot machine."),
      (["--kernel", "k", "-M", "q35,accel=xen"], "--accel xen: choose one of auto, kvm, soft, soft,interpreter, soft,lockstep."),
      (["-M", "q35,smm=on"], "-M q35,smm=on: this machine has only q35. See swboot machine."),
      (
        ["-device", "isa-debug-exit,iobase=0x501"],
        "-device isa-debug-exit,iobase=0x501: iobase=0x501 is not so here, and nothing can change it. See swboot machine."
      ),
      (["-cpu", "max,-avx"], "-cpu max,-avx: -avx is not so here, and nothing can change it. See swboot machine."),
      (["-drive", "file=d,format=qcow2"], "-drive file=d,format=qcow2: format=qcow2 is not known here. Use --disk FILE[,ro][,snapshot][,id=NAME]."),
      (["-fw_cfg", "opt/a"], "-fw_cfg opt/a: write name=opt/NAME,file=FILE."),
      (["-fw_cfg", "name=etc/a,file=f"], "--fw-cfg etc/a: a name begins with opt/ and has at most 55 letters, digits and the like."),
      (["-drive", "if=virtio"], "-drive if=virtio: it names no file. Use --disk FILE[,ro][,snapshot][,id=NAME]."),
      (["--kernel", "k", "--deterministic=x"], "--deterministic=x: write a number, or leave it out."),
      (
        ["--kernel", "k", "--deterministic", "--accel", "kvm"],
        "--deterministic with --accel kvm: only the software CPU counts its instructions. Leave one of them out."
      ),
      (
        ["--kernel", "k", "--deterministic=3", "--cpus", "2"],
        "--deterministic with --cpus 2: nothing fixes how several processors meet. Ask for one."
      ),
      (
        ["--kernel", "k", "--accel", "soft,lockstep", "--cpus", "2"],
        "--accel soft,lockstep with --cpus 2: one processor is compared with itself. Ask for one."
      ),
      (
        ["--kernel", "k", "--accel", "soft,lockstep", "--deterministic"],
        "--accel soft,lockstep with --deterministic: it counts no instructions. Leave one of them out."
      ),
      (
        ["--kernel", "k", "--coverage", "f", "--accel", "kvm"],
        "--coverage with --accel kvm: only the software CPU sees what the kernel executes. Leave one of them out."
      ),
      (
        ["--kernel", "k", "--coverage", "f.info"],
        "--coverage f.info: a file that ends in .info has the lines of the source, so --vmlinux FILE must tell them. Or choose another ending, for functions."
      ),
      (["--kernel", "k", "--timeline", "f.txt"], "--timeline f.txt: end the file's name in .svg for a picture, or in .json for programs."),
      (
        ["test", "--profile", "f", "./t"], "--profile with test: every machine would write to that file. Look at one with swboot run."
      ),
      (
        ["--kernel", "k", "--perf-map", "--accel", "kvm"],
        "--perf-map with --accel kvm: only --accel soft translates code that could be named. Leave one of them out."
      ),
      (
        ["--kernel", "k", "--accel", "soft,interpreter", "--perf-map"],
        "--perf-map with --accel soft,interpreter: only --accel soft translates code that could be named. Leave one of them out."
      ),
    ])
  func mistakes(arguments: [String], expected: String) {
    #expect(message(arguments) == expected)
  }

  @Test(
    "CF-01 a value that means nothing is refused, however long",
    arguments: [
      ("--memory", ["", "0", "M", "-1", "1.5G", "1023K", "1025T", "99999999999999999999G", "+5G", "5X", "1048577K"]),
      ("--cpus", ["", "0", "-1", "65", "2,cores=2", "99999999999999999999"]),
      ("--timeout", ["", "0", "-1", "nan", "inf", "1e9", "abc", "s", "5d"]),
      ("--accel", ["", "xen", "KVM"]), ("--triple-fault", ["", "halt"]), ("--watchdog", ["", "nmi"]), ("--console", ["", "file:"]), ("--debugcon", [""]),
      ("--disk", ["", ",ro", "d,", "d,rw", "d,id=", "d,id=123456789012345678901", "d,ro,snapshot", "d,id=\n"]),
      ("--trace", ["file=", "all,file=a,file=b"]), ("--kernel", [""]), ("--initrd", [""]), ("--dtb", [""]), ("--fw-cfg", ["", "opt/a", "etc/a=f", "opt/=f", "opt/a b=f", "opt/a="]),
      ("--gdb", ["", "0", "65536", "99999999999999999999"]),
    ] as [(String, [String])])
  func badValues(name: String, values: [String]) {
    for value in values + (name == "--memory" || name == "--cpus" ? [String(repeating: "9", count: 1 << 20)] : []) {
      #expect(message(["--firmware", "f", name, value])?.hasPrefix(name) == true, "\(value.prefix(40))")
    }
  }

  @Test("CF-01 more disks than slots are refused")
  func manyDisks() {
    let disks = (0..<25).flatMap { ["--disk", "d\($0)"] }
    #expect(message(["--kernel", "k"] + disks) == "25 disks: the machine has room for 24.")
    #expect(message(["--kernel", "k"] + disks.dropLast(2)) == nil)
  }
}
