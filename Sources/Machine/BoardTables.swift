internal import ACPITables
internal import Host
internal import Primitives
internal import Synchronization

/// ACPI's tables of a board, made when somebody looks.
final class BoardTables: Sendable {
  private let plan: BoardPlan
  private let first = Mutex<ACPITables?>(nil)

  init(_ plan: BoardPlan) { self.plan = plan }

  /// With everything where it is at power-on.
  var atPowerOn: ACPITables {
    first.made { ACPITables(processors: plan.processors, placements: plan.described) }
  }

  /// With the configuration space and the PM block where the guest has put them.
  func moved(ecam: MemoryRange, pmBase: Port) -> ACPITables {
    ACPITables(processors: plan.processors, placements: plan.described, ecam: ecam, pmBase: pmBase)
  }
}
