#include "config/unit_table.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

#include "config/node.hpp"
#include "config/value.hpp"

namespace aifsim::config {
namespace {

constexpr double kibi = 1024;

// Both Unicode characters that look like a micro sign: U+00B5 and U+03BC.
constexpr std::array time_units{Unit{"ns", 1e-9}, Unit{"us", 1e-6}, Unit{"\u00B5s", 1e-6}, Unit{"\u03BCs", 1e-6},
                                Unit{"ms", 1e-3}, Unit{"s", 1},     Unit{"min", 60},       Unit{"h", 3600}};
constexpr std::array size_units{Unit{"B", 1},
                                Unit{"kB", 1e3},
                                Unit{"MB", 1e6},
                                Unit{"GB", 1e9},
                                Unit{"TB", 1e12},
                                Unit{"KiB", kibi},
                                Unit{"MiB", kibi* kibi},
                                Unit{"GiB", kibi* kibi* kibi},
                                Unit{"TiB", kibi* kibi* kibi* kibi}};
constexpr std::array bandwidth_units{
    Unit{"Mb/s", 1e6 / 8}, Unit{"Gb/s", 1e9 / 8}, Unit{"Tb/s", 1e12 / 8},    Unit{"MB/s", 1e6},
    Unit{"GB/s", 1e9},     Unit{"TB/s", 1e12},    Unit{"MiB/s", kibi* kibi}, Unit{"GiB/s", kibi* kibi* kibi}};
constexpr std::array flop_rate_units{Unit{"GFLOP/s", 1e9}, Unit{"TFLOP/s", 1e12}, Unit{"PFLOP/s", 1e15}};
constexpr std::array power_units{Unit{"W", 1}, Unit{"kW", 1e3}, Unit{"MW", 1e6}};
constexpr std::array money_units{Unit{"USD", 1}, Unit{"$", 1}};

// Spellings that we do not take and know the meaning of.
struct Misspelling {
  std::string_view wrong, right;
};
constexpr std::array misspellings{
    Misspelling{"Mbps", "Mb/s"},       Misspelling{"Gbps", "Gb/s"},       Misspelling{"Tbps", "Tb/s"},
    Misspelling{"Mbit/s", "Mb/s"},     Misspelling{"Gbit/s", "Gb/s"},     Misspelling{"Tbit/s", "Tb/s"},
    Misspelling{"MBps", "MB/s"},       Misspelling{"GBps", "GB/s"},       Misspelling{"TBps", "TB/s"},
    Misspelling{"GFLOPS", "GFLOP/s"},  Misspelling{"TFLOPS", "TFLOP/s"},  Misspelling{"PFLOPS", "PFLOP/s"},
    Misspelling{"GFLOPs", "GFLOP/s"},  Misspelling{"TFLOPs", "TFLOP/s"},  Misspelling{"PFLOPs", "PFLOP/s"},
    Misspelling{"GFlop/s", "GFLOP/s"}, Misspelling{"TFlop/s", "TFLOP/s"}, Misspelling{"PFlop/s", "PFLOP/s"},
    Misspelling{"sec", "s"},           Misspelling{"seconds", "s"},       Misspelling{"minutes", "min"},
    Misspelling{"hours", "h"},         Misspelling{"hour", "h"},          Misspelling{"usec", "us"},
    Misspelling{"msec", "ms"},         Misspelling{"nsec", "ns"},         Misspelling{"bytes", "B"},
    Misspelling{"watts", "W"},         Misspelling{"dollars", "USD"}};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool is_unit(const Dimension& dimension, std::string_view name) {
  return std::any_of(dimension.units.begin(), dimension.units.end(), [name](const Unit& u) { return u.name == name; });
}

// The unit that was probably meant; several when only the case could tell bits from bytes.
std::vector<std::string> candidates(const Dimension& dimension, std::string_view wrong) {
  const auto* known = std::find_if(misspellings.begin(), misspellings.end(),
                                   [wrong](const Misspelling& m) { return m.wrong == wrong; });
  if (known != misspellings.end() && is_unit(dimension, known->right)) return {std::string(known->right)};
  std::vector<std::string> names;
  std::vector<std::string> same_letters;
  for (const Unit& unit : dimension.units) {
    names.emplace_back(unit.name);
    if (lower(unit.name) == lower(wrong)) same_letters.emplace_back(unit.name);
  }
  if (!same_letters.empty()) return same_letters;
  // A rate for an amount, or the other way round.
  const std::string rate = std::string(wrong) + "/s";
  if (is_unit(dimension, rate)) return {rate};
  if (wrong.ends_with("/s") && is_unit(dimension, wrong.substr(0, wrong.size() - 2))) {
    return {std::string(wrong.substr(0, wrong.size() - 2))};
  }
  if (wrong.size() < 2) return {};  // everything is near to one letter
  if (const auto near = nearest(wrong, names)) return {*near};
  return {};
}

}  // namespace

const Dimension time_dimension{"a time", "500 ns", "s", time_units};
const Dimension size_dimension{"a size", "80 GB", "GB", size_units};
const Dimension bandwidth_dimension{"a bandwidth", "400 Gb/s", "Gb/s", bandwidth_units};
const Dimension flop_rate_dimension{"a FLOP rate", "989.4 TFLOP/s", "TFLOP/s", flop_rate_units};
const Dimension power_dimension{"a power", "700 W", "W", power_units};
const Dimension money_dimension{"an amount of money", "30000 USD", "USD", money_units};

std::string unit_hint(const Dimension& dimension, std::string_view number, std::string_view unit) {
  const auto with_unit = [number](std::string_view name) {
    return in_quotes(std::string(number) + ' ' + std::string(name));
  };
  if (unit.empty()) return "did you mean " + with_unit(dimension.default_unit) + "?";
  std::string hint;
  for (const std::string& candidate : candidates(dimension, unit)) {
    hint += (hint.empty() ? "did you mean " : " or ") + with_unit(candidate);
  }
  if (!hint.empty()) return hint + '?';
  std::string names;
  for (const Unit& known : dimension.units) {
    if (known.name.front() >= 0) names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  return "units: " + names;
}

}  // namespace aifsim::config
