/// A date and time of day as a clock shows it. Fields set to nonsense still mean some moment.
struct CalendarTime: Equatable, Sendable {
  var year: Int64
  var month: Int64
  var day: Int64
  var hour: Int64
  var minute: Int64
  var second: Int64

  static let secondsPerDay: Int64 = 86_400

  /// Sunday is 1.
  var weekday: Int64 { Self.floored(days + 4, 7).remainder + 1 }

  /// Days since 1970 of the proleptic Gregorian calendar. Years here begin in March, so that
  /// the leap day comes last.
  private var days: Int64 {
    let month = min(max(month, 1), 12)
    let year = month > 2 ? year : year - 1
    let (era, yearOfEra) = Self.floored(year, 400)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  var secondsSince1970: Int64 { days * Self.secondsPerDay + hour * 3600 + minute * 60 + second }

  init(secondsSince1970 seconds: Int64) {
    let (days, secondOfDay) = Self.floored(seconds, Self.secondsPerDay)
    let (era, dayOfEra) = Self.floored(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    hour = secondOfDay / 3600
    minute = secondOfDay / 60 % 60
    second = secondOfDay % 60
  }

  /// Division that rounds down, with a remainder that is never negative.
  static func floored(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
