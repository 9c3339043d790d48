internal import Debugger
internal import DeviceModel
internal import Host
internal import Processor
internal import Synchronization

/// Each processor runs on a thread of its own.
extension Machine {
  /// The threads that the processors are to run on until the power is off. The host makes them while its KVM still looks for what the
  /// processors can do.
  func makeThreads() -> [HostThread] {
    HostThread.stayHere()
    defer { HostThread.runAnywhere() }
    var threads: [HostThread] = []
    for index in 0..<configuration.processors {
      do throws(SystemError) {
        threads.append(try HostThread(name: "cpu", number: index, isHeld: true) { [self] in execute(index) })
      } catch {
        end(.failed("a thread for processor \(index) cannot be made (\(error))"))
      }
    }
    return threads
  }

  private func execute(_ index: Int) {
    guard let power = chassis.power.withLock({ $0 }) else { return }
    let (processor, bus) = (power.processors[index], power.bus)
    chassis.view?.note(processor)
    while true {
      debugger?.supervisor.enter(index)
      defer { debugger?.supervisor.leave(index) }
      if chassis.isStopping.load(ordering: .relaxed) { return }
      do throws(ProcessorError) {
        switch try processor.run(on: bus) {
        case .kicked: note(processor, index)
        case .trapped(let trap): debugger?.supervisor.trapped(index, at: trap)
        case .halted:
          let halted = haltedProcessors.add(1, ordering: .relaxed).newValue
          if halted == configuration.processors { end(.halted) }
          return
        case .shutdown where debugger?.supervisor.shutDown(index) == true: break
        case .shutdown:
          if configuration.tripleFault == .reset { chassis.carryOut(.reset) } else { end(.tripleFault(Autopsy.ofShutdown(processor, memory))) }
          return
        case .power(let request):
          chassis.carryOut(request)
          return
        }
      } catch {
        end(.failed(error.message))
        return
      }
    }
  }
}
