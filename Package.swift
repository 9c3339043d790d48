// swift-tools-version: 6.2
import PackageDescription

// Unsafe flags keep a package from being a dependency of others, so scripts/build-release asks for them.
let isRelease = Context.environment["SWBOOT_RELEASE"] != nil
// What a start needs lies together in the binary (scripts/order-start), so that it touches few pages.
let (order, unnamed) = ("\(Context.packageDirectory)/Sources/swboot/start.order", "\(Context.packageDirectory)/Sources/swboot/unnamed.ld")
// Each function is a section of its own for that; types are found by calls, not by names at run time, which would search all
// the binary's conformances; and values are copied part by part, for which the runtime need not make the types of all of them.
let release = [
  "-Xfrontend", "-function-sections", "-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors", "-Xfrontend", "-disable-type-layout",
]
// With SWBOOT_SYMBOLS in the environment the release binary keeps its symbols, for profilers.
let strip = Context.environment["SWBOOT_SYMBOLS"] == nil ? "--strip-all" : "--strip-debug"

let link = [
  "-static-executable", "-use-ld=lld", "-Xlinker", strip, "-Xlinker", "--no-warn-symbol-ordering", "-Xlinker",
  "--symbol-ordering-file=\(order)", "-Xlinker", "--script=\(unnamed)",
  // Calls of this reach CLinux/SwiftRuntime.c.
  "-Xlinker", "--wrap=swift_copyAuxiliaryExecutablePath",
]

// What swboot --version says.
let commit = Context.gitInformation.map { "\($0.currentCommit.prefix(12))\($0.hasUncommittedChanges ? ", changed" : "")" }
let version = "0.1.0 (\(commit ?? "not from a repository"))"

let strict: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + (isRelease ? [.unsafeFlags(release, .when(configuration: .release))] : [])

/// A layer of the machine: it may import Primitives, what is listed here, and nothing else.
func layer(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil, exclude: [String] = [])
  -> Target
{
  .target(
    name: name, dependencies: ["Primitives"] + dependencies, path: path, exclude: exclude,
    swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: ["Primitives", "DeviceModel"] + dependencies, exclude: exclude,
    swiftSettings: strict)
}

let package = Package(
  name: "swboot",
  products: [
    .executable(name: "swboot", targets: ["swboot"]),
    .library(name: "SwbootDevices", targets: ["Primitives", "DeviceModel", "Devices", "PCI", "Virtio"]),
    .library(name: "SwbootMachine", targets: ["Machine"]),
    .library(name: "SwbootDeviceTesting", targets: ["DeviceTesting"]),
  ],
  targets: [
    .target(name: "CLinux"),
    .target(name: "CVersion", cSettings: [.define("SWBOOT_VERSION", to: "\"\(version)\"")]),
    .target(name: "CFirmware", exclude: ["firmware.bin", "init.elf", "kernel.rom"]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLZ4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLZMA", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CPNG", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CFDT", providers: [.apt(["libfdt-dev"])]),
    .target(name: "Primitives", swiftSettings: strict),

    // The logic of our own firmware; scripts/build-firmware compiles it for bare metal.
    layer("FirmwareCore", [], path: "Firmware/Core"),

    layer("DeviceModel", []),
    layer("GuestRAM", ["DeviceModel", "CLinux"]),
    layer("Host", ["CLinux", "CVersion", "CZlib", "CLZ4", "CZstd", "CLZMA", "CFDT", "CPNG"]),

    layer("Time", ["Host"]),
    layer("Devices", ["DeviceModel"]),
    layer("PCI", ["DeviceModel"]),
    layer("PCIBus", ["DeviceModel", "PCI", "SystemBus"]),
    layer("SystemBus", ["DeviceModel"]),
    layer("ACPITables", ["DeviceModel"], path: "ACPI", exclude: ["README.md"]),

    layer("Virtio", ["DeviceModel", "PCI"]),
    layer("Display", ["DeviceModel", "PCI"]),
    layer("Processor", ["DeviceModel", "SystemBus", "GuestRAM"]),
    layer("Boot", ["GuestRAM", "Host", "Processor"]),

    // Instructions of the host; pure, so that each can be tested as bytes.
    layer("Assembler", []),
    layer("InterruptChips", ["DeviceModel", "SystemBus", "Devices", "Processor", "Host"]),
    layer("SoftCPU", ["Assembler", "DeviceModel", "SystemBus", "GuestRAM", "Processor", "Devices", "InterruptChips", "Time", "CLinux"]),
    layer("SoftBackend", ["SoftCPU", "Host", "SystemBus", "GuestRAM", "Processor", "InterruptChips", "Time"]),
    layer(
      "KVMBackend",
      [
        "DeviceModel", "SystemBus", "GuestRAM", "Processor", "Devices", "InterruptChips", "Time", "SoftCPU", "Host",
        "CLinux",
      ]),

    // What a run has to tell, for people and programs, and what a kernel complains of.
    layer("Reports", []),

    // The files of the host that a guest may use, and the protocol in which it asks for them.
    layer("Sharing", ["Host"]),

    layer("Debugger", ["GuestRAM", "Host", "Processor"]),

    layer(
      "Machine",
      [
        "DeviceModel", "GuestRAM", "Host", "Devices", "PCI", "PCIBus", "SystemBus", "ACPITables", "Virtio", "Display", "Sharing",
        "Processor", "Boot", "Time", "SoftCPU", "SoftBackend", "KVMBackend", "Debugger", "Reports", "CFirmware",
      ]),
    // From a command to a machine that runs it.
    layer("Run", ["Boot", "Host", "Machine", "Sharing", "CFirmware"]),
    // Many tests, each in a machine of its own.
    layer("Trials", ["Host", "Reports"]),
    layer("Options", ["Machine", "Reports", "Run", "Sharing", "Trials"]),
    .executableTarget(
      name: "swboot", dependencies: ["Primitives", "Machine", "Host", "Options", "Reports", "Run", "Trials"], exclude: ["start.order", "unnamed.ld"],
      swiftSettings: strict,
      linkerSettings: isRelease ? [.unsafeFlags(link, .when(configuration: .release))] : []),

    // Tests of devices without a guest, in this package and in others.
    .target(
      name: "DeviceTesting", dependencies: ["Primitives", "DeviceModel", "PCI", "Virtio", "GuestRAM"], path: "Tests/DeviceTesting",
      swiftSettings: strict),

    tests("PrimitivesTests", []),
    tests("DeviceModelTests", []),
    tests("DevicesTests", ["Devices", "DeviceTesting"]),
    tests("FirmwareTests", ["FirmwareCore", "Devices", "Display", "PCI", "PCIBus", "Virtio", "SystemBus", "GuestRAM", "Host", "ACPITables"]),
    tests("GuestRAMTests", ["GuestRAM"]),
    tests("SystemBusTests", ["SystemBus"]),
    tests("PCITests", ["PCI", "PCIBus", "SystemBus"]),
    tests("VirtioTests", ["Virtio", "DeviceTesting", "PCI", "PCIBus", "SystemBus", "GuestRAM"]),
    tests("DisplayTests", ["Display", "PCI", "PCIBus", "SystemBus", "GuestRAM"]),
    tests("ACPITablesTests", ["ACPITables", "TestSupport"], exclude: ["dsdt.dsl"]),
    tests("HostTests", ["Host", "TestSupport", "CLinux"]),
    tests("SharingTests", ["Sharing", "Host", "TestSupport", "CTestSupport"]),
    tests("DebuggerTests", ["Debugger", "GuestRAM", "Host", "Processor", "SystemBus", "TestSupport"]),
    tests("BootTests", ["Boot", "GuestRAM", "Host", "Processor", "TestSupport"]),
    tests("ReportsTests", ["Reports", "TestSupport"]),
    tests("TrialsTests", ["Reports", "TestSupport", "Trials"]),
    tests("AssemblerTests", ["Assembler", "TestSupport"]),
    tests("InterruptChipsTests", ["InterruptChips", "Devices", "SystemBus"]),
    tests("SoftCPUTests", ["Assembler", "SoftCPU", "Processor", "SystemBus", "GuestRAM", "InterruptChips", "Time", "CLinux"]),
    tests("SoftBackendTests", ["SoftBackend", "Processor", "SystemBus", "GuestRAM", "Time"]),
    .target(name: "GuestPrograms", path: "Tests/GuestPrograms"),
    .target(name: "CTestSupport", path: "Tests/CTestSupport"),
    .target(name: "TestSupport", dependencies: ["CTestSupport", "GuestPrograms", "Primitives"], path: "Tests/TestSupport", swiftSettings: strict),
    tests(
      "ConformanceTests",
      ["TestSupport", "KVMBackend", "SoftCPU", "SoftBackend", "Processor", "SystemBus", "GuestRAM", "Host", "Time"]),
    tests("KVMBackendTests", ["KVMBackend"]),
    tests(
      "MachineTests",
      [
        "ACPITables", "DeviceTesting", "Virtio", "Devices", "SystemBus", "Machine", "PCI", "PCIBus", "Display", "GuestRAM", "Host",
        "Processor", "KVMBackend", "Reports", "TestSupport",
      ]),
    tests("GuestTests", ["TestSupport", "Host", "KVMBackend"]),
    .executableTarget(name: "attack", dependencies: ["TestSupport"], path: "Tests/Attack", swiftSettings: strict),
    tests("AttackTests", ["attack", "TestSupport"]),
    tests("RunTests", ["Run", "Host", "Machine", "TestSupport"]),
    // The logic of the first process of swboot run; scripts/build-firmware compiles it for bare metal.
    layer("InitCore", [], path: "Firmware/Init", exclude: ["Bare"]),
    tests("InitTests", ["InitCore"]),
    tests("CommandLineTests", ["Options", "Reports", "Run", "Sharing", "swboot", "Machine", "TestSupport"]),
  ]
)
