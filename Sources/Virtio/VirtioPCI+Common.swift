import DeviceModel
import PCI
import Primitives

/// The common configuration structure.
extension VirtioPCI {
  private var offeredFeatures: UInt64 { Feature.transport | function.features }

  private var selected: Queue? {
    queues.indices.contains(Int(queueSelect)) ? queues[Int(queueSelect)] : nil
  }

  func readCommon(_ width: AccessWidth, at offset: Int) -> UInt64 {
    if width == .qword, offset >= CommonRegister.queueDescriptorsLow.rawValue, offset % 8 == 0 {
      return readCommon(.dword, at: offset) | readCommon(.dword, at: offset + 4) << 32
    }
    guard let register = CommonRegister(width, at: offset) else { return 0 }
    switch register {
    case .deviceFeatureSelect: return UInt64(deviceFeatureSelect)
    case .deviceFeature: return Self.half(offeredFeatures, deviceFeatureSelect)
    case .driverFeatureSelect: return UInt64(driverFeatureSelect)
    case .driverFeature: return Self.half(driverFeatures, driverFeatureSelect)
    case .configurationVector: return UInt64(configurationVector)
    case .queueCount: return UInt64(queues.count)
    case .deviceStatus: return UInt64(status.rawValue)
    // The configuration never changes while a driver can see it.
    case .configurationGeneration: return 0
    case .queueSelect: return UInt64(queueSelect)
    default: return readQueue(register)
    }
  }

  private func readQueue(_ register: CommonRegister) -> UInt64 {
    guard let queue = selected else { return register == .queueVector ? UInt64(MSIX.none) : 0 }
    return switch register {
    case .queueSize: UInt64(queue.size)
    case .queueVector: UInt64(queue.vector)
    case .queueEnable: queue.isEnabled ? 1 : 0
    case .queueNotifyOffset: UInt64(queueSelect)
    case .queueDescriptorsLow: Self.half(queue.descriptors, 0)
    case .queueDescriptorsHigh: Self.half(queue.descriptors, 1)
    case .queueAvailableLow: Self.half(queue.available, 0)
    case .queueAvailableHigh: Self.half(queue.available, 1)
    case .queueUsedLow: Self.half(queue.used, 0)
    case .queueUsedHigh: Self.half(queue.used, 1)
    default: 0
    }
  }

  /// Half 0 or 1 of a quadword; there are no others.
  private static func half(_ value: UInt64, _ index: UInt32) -> UInt64 {
    index < 2 ? value >> UInt64(index * 32) & 0xFFFF_FFFF : 0
  }

  private static func setHalf(_ value: inout UInt64, _ index: UInt32, to half: UInt64) {
    guard index < 2 else { return }
    let shift = UInt64(index * 32)
    value = value & ~(0xFFFF_FFFF << shift) | (half & 0xFFFF_FFFF) << shift
  }

  mutating func writeCommon(_ value: UInt64, _ width: AccessWidth, at offset: Int, _ cycle: inout Cycle) {
    if width == .qword, offset >= CommonRegister.queueDescriptorsLow.rawValue, offset % 8 == 0 {
      writeCommon(value & 0xFFFF_FFFF, .dword, at: offset, &cycle)
      writeCommon(value >> 32, .dword, at: offset + 4, &cycle)
      return
    }
    guard let register = CommonRegister(width, at: offset), !isResetting else { return }
    switch register {
    case .deviceFeatureSelect: deviceFeatureSelect = UInt32(truncatingIfNeeded: value)
    case .driverFeatureSelect: driverFeatureSelect = UInt32(truncatingIfNeeded: value)
    case .driverFeature:
      guard !status.contains(.featuresAccepted) else { return }
      Self.setHalf(&driverFeatures, driverFeatureSelect, to: value)
    case .configurationVector: configurationVector = checkedVector(value)
    case .deviceStatus: writeStatus(DeviceStatus(rawValue: UInt8(truncatingIfNeeded: value)))
    case .queueSelect: queueSelect = UInt16(truncatingIfNeeded: value)
    default: writeQueue(value, register, &cycle)
    }
  }

  private func checkedVector(_ value: UInt64) -> UInt16 {
    value < UInt64(msix.count) ? UInt16(truncatingIfNeeded: value) : MSIX.none
  }

  private mutating func writeQueue(_ value: UInt64, _ register: CommonRegister, _ cycle: inout Cycle) {
    let index = Int(queueSelect)
    guard queues.indices.contains(index) else { return }
    if register == .queueVector {
      queues[index].vector = checkedVector(value)
      return
    }
    // Rings are set up after the features are agreed, before the driver is ready, and then stay.
    guard status.contains(.featuresAccepted), status.isDisjoint(with: [.driverReady, .needsReset]),
      !queues[index].isEnabled
    else { return }
    switch register {
    case .queueSize:
      guard value.nonzeroBitCount == 1, value <= UInt64(Queue.maximumSize) else { return }
      queues[index].size = UInt16(truncatingIfNeeded: value)
    case .queueEnable:
      guard value == 1 else { return }
      guard queues[index].isPlaced(in: memory) else { return fail(&cycle, "\(QueueError.memory)") }
      queues[index].usesIndirect = driverFeatures & Feature.indirectDescriptors != 0
      queues[index].usesEventIndex = driverFeatures & Feature.eventIndex != 0
      queues[index].isEnabled = true
    case .queueDescriptorsLow: Self.setHalf(&queues[index].descriptors, 0, to: value)
    case .queueDescriptorsHigh: Self.setHalf(&queues[index].descriptors, 1, to: value)
    case .queueAvailableLow: Self.setHalf(&queues[index].available, 0, to: value)
    case .queueAvailableHigh: Self.setHalf(&queues[index].available, 1, to: value)
    case .queueUsedLow: Self.setHalf(&queues[index].used, 0, to: value)
    case .queueUsedHigh: Self.setHalf(&queues[index].used, 1, to: value)
    default: return
    }
  }

  /// Steps are only ever added, in order; zero starts over.
  private mutating func writeStatus(_ new: DeviceStatus) {
    if new.isEmpty { return resetDriver() }
    let known: DeviceStatus = [.acknowledge, .driver, .featuresAccepted, .driverReady, .failed]
    var next = new.intersection(known)
    guard !status.contains(.needsReset), next.isSuperset(of: status) else { return }
    // ACKNOWLEDGE says nothing that DRIVER does not say too; U-Boot leaves it out after its reset.
    if next.contains(.featuresAccepted), !status.contains(.featuresAccepted) {
      let areOffered = driverFeatures & ~offeredFeatures == 0 && driverFeatures & Feature.version1 != 0
      if !areOffered || !next.contains(.driver) { next.subtract([.featuresAccepted, .driverReady]) }
    }
    if next.contains(.driverReady), !next.contains(.featuresAccepted) { return }
    let starts = next.contains(.driverReady) && !status.contains(.driverReady)
    status = next
    if starts { function.start(features: driverFeatures) }
  }
}
