// swift-tools-version: 6.2
import PackageDescription

// A package of somebody else's, with devices of its own on a board of swboot's.
let package = Package(
  name: "Example",
  dependencies: [.package(name: "swboot", path: "../..")],
  targets: [
    .target(name: "ExampleDevices", dependencies: [.product(name: "SwbootDevices", package: "swboot")]),
    .testTarget(
      name: "ExampleTests",
      dependencies: [
        "ExampleDevices", .product(name: "SwbootDeviceTesting", package: "swboot"),
        .product(name: "SwbootMachine", package: "swboot"),
      ]),
  ]
)
