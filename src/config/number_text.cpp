#include "config/number_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace aifsim::config {
namespace {

// YAML spells NaN and the infinities with a leading dot.
std::optional<double> yaml_special(std::string_view text) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return std::numeric_limits<double>::quiet_NaN();
  if (text == ".inf" || text == ".Inf" || text == ".INF" || text == "+.inf") return infinity;
  if (text == "-.inf" || text == "-.Inf" || text == "-.INF") return -infinity;
  return std::nullopt;
}

}  // namespace

std::optional<LeadingNumber> leading_number(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  if (const auto special = yaml_special(word)) return LeadingNumber{*special, word, text.substr(word.size())};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument) return std::nullopt;
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error == std::errc::result_out_of_range) value = std::numeric_limits<double>::infinity();
  return LeadingNumber{value, text.substr(0, length), text.substr(length)};
}

std::optional<double> whole_number(std::string_view text) {
  const auto number = leading_number(text);
  if (!number || !number->rest.empty()) return std::nullopt;
  return number->value;
}

std::string shortest(double value) {
  std::array<char, 40> text{};
  const bool integral = std::abs(value) < 1e15 && std::floor(value) == value;
  const auto format = integral ? std::chars_format::fixed : std::chars_format::general;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, format);
  return error == std::errc{} ? std::string(text.data(), end) : std::to_string(value);
}

}  // namespace aifsim::config
