#include "serving/sources/moment.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <string>

namespace aifsim::serving {
namespace {

constexpr double ns_per_s = 1e9;

// Takes the text apart from the left; once something does not fit, nothing fits any more.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = 10 * value + digit();
    return value;
  }
  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { good_ = skip(c) && good_; }
  [[nodiscard]] bool at_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  int digit() {
    if (!at_digit()) {
      good_ = false;
      return 0;
    }
    const int value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }
  [[nodiscard]] bool finished() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::int64_t decimals(Scanner& scanner) {
  std::int64_t nanoseconds = 0;
  std::int64_t unit = 100'000'000;
  do {
    nanoseconds += scanner.digit() * unit;
    unit /= 10;
  } while (scanner.at_digit());
  return nanoseconds;
}

// Seconds east of Greenwich.
int zone(Scanner& scanner) {
  if (scanner.skip('Z')) return 0;
  const bool east = scanner.skip('+');
  if (!east && !scanner.skip('-')) return 0;
  const int hours = scanner.digits(2);
  scanner.expect(':');
  const int seconds = 3600 * hours + 60 * scanner.digits(2);
  return east ? seconds : -seconds;
}

}  // namespace

std::optional<std::int64_t> moment_of_number(std::string_view text, double unit_ns) {
  constexpr double latest = 9.2e18;  // just below 2^63
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const double nanoseconds = value * unit_ns;
  if (!(std::abs(nanoseconds) < latest)) return std::nullopt;
  return std::llround(nanoseconds);
}

std::optional<std::int64_t> moment_of_date(std::string_view text) {
  Scanner scanner(text);
  const int year = scanner.digits(4);
  scanner.expect('-');
  const auto month = static_cast<unsigned>(scanner.digits(2));
  scanner.expect('-');
  const auto day = static_cast<unsigned>(scanner.digits(2));
  if (!scanner.skip('T')) scanner.expect(' ');
  const int hour = scanner.digits(2);
  scanner.expect(':');
  const int minute = scanner.digits(2);
  scanner.expect(':');
  const int second = scanner.digits(2);
  const std::int64_t fraction = scanner.skip('.') ? decimals(scanner) : 0;
  const int east = zone(scanner);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  const bool holds =
      scanner.finished() && date.ok() && hour < 24 && minute < 60 && second <= 60 && year >= 1970 && year < 2200;
  if (!holds) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute) * 60 + second - east) * 1'000'000'000 + fraction;
}

Seconds TraceClock::since_first(std::int64_t moment, const LineReader& lines, std::size_t column,
                                const std::string& key) {
  if (!first_) {
    first_ = moment;
    last_ = moment;
  }
  if (moment < last_) {
    lines.refuse(column, key, "a time not before the previous request's",
                 "one " + std::to_string(static_cast<double>(last_ - moment) / ns_per_s) + " s earlier",
                 "sort the file by arrival");
  }
  last_ = moment;
  return Seconds::from_base(static_cast<double>(moment - *first_) / ns_per_s);
}

}  // namespace aifsim::serving
