// Node's readers of a number with a unit.
#include <algorithm>
#include <cmath>

#include "config/document_data.hpp"
#include "config/node.hpp"
#include "config/number_text.hpp"
#include "config/unit_table.hpp"

namespace aifsim::config {
namespace {

std::string_view without_leading_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

// "$30000" is how people write money.
std::string no_number_hint(const Dimension& dimension, std::string_view text) {
  if (&dimension != &money_dimension || !text.starts_with('$')) return "";
  const auto number = whole_number(without_leading_spaces(text.substr(1)));
  return number ? did_you_mean(shortest(*number) + " USD") : "";
}

std::optional<double> factor_of(const Dimension& dimension, std::string_view unit) {
  for (const Unit& known : dimension.units) {
    if (known.name == unit) return known.factor;
  }
  return std::nullopt;
}

// The quantity in base units, zero and a problem if there is none.
template <typename NodeState>
double read(const NodeState& node, const Dimension& dimension) {
  const std::string what(dimension.what);
  const std::string expected = what + " with unit, such as " + in_quotes(dimension.example);
  const Value* value = node.scalar(expected);
  if (value == nullptr) return 0;
  const auto number = leading_number(value->scalar);
  if (!number) {
    node.problem(expected, described(*value), no_number_hint(dimension, value->scalar));
    return 0;
  }
  const std::string_view unit = without_leading_spaces(number->rest);
  const auto factor = factor_of(dimension, unit);
  if (!std::isfinite(number->value)) {
    node.problem("a finite number and its unit, such as " + in_quotes(dimension.example), described(*value));
  } else if (!factor) {
    node.problem(expected, described(*value), unit_hint(dimension, number->digits, unit));
  } else if (number->value < 0) {
    node.problem(what + " of at least 0", described(*value));
  } else if (const double result = number->value * *factor; std::isfinite(result)) {
    return result;
  } else {
    node.problem(what + " that a computer can hold", described(*value));
  }
  return 0;
}

}  // namespace

Seconds Node::seconds() const { return Seconds::from_base(read(*state_, time_dimension)); }
Bytes Node::bytes() const { return Bytes::from_base(read(*state_, size_dimension)); }
BytesPerSecond Node::bandwidth() const { return BytesPerSecond::from_base(read(*state_, bandwidth_dimension)); }
FlopsPerSecond Node::flop_rate() const { return FlopsPerSecond::from_base(read(*state_, flop_rate_dimension)); }
Watts Node::watts() const { return Watts::from_base(read(*state_, power_dimension)); }
Usd Node::usd() const { return Usd::from_base(read(*state_, money_dimension)); }

Seconds Node::seconds_or(Seconds fallback) const { return present() ? seconds() : fallback; }
Bytes Node::bytes_or(Bytes fallback) const { return present() ? bytes() : fallback; }
BytesPerSecond Node::bandwidth_or(BytesPerSecond fallback) const { return present() ? bandwidth() : fallback; }
Watts Node::watts_or(Watts fallback) const { return present() ? watts() : fallback; }
Usd Node::usd_or(Usd fallback) const { return present() ? usd() : fallback; }

}  // namespace aifsim::config
