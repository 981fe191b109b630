// Node's readers of text, switches, numbers and choices.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "config/document_data.hpp"
#include "config/node.hpp"
#include "config/number_text.hpp"

namespace aifsim::config {
namespace {

// "an integer", "an integer of at least 1", "an integer from 1 to 8".
std::string in_range(const std::string& what, Range range) {
  const bool has_min = std::isfinite(range.min);
  const bool has_max = std::isfinite(range.max);
  if (has_min && has_max) return what + " from " + shortest(range.min) + " to " + shortest(range.max);
  if (has_min) return what + " of at least " + shortest(range.min);
  if (has_max) return what + " of at most " + shortest(range.max);
  return what;
}

bool holds(Range range, double value) { return value >= range.min && value <= range.max; }

// The harmless value to go on with after a mistake.
double near_zero(Range range) { return std::min(std::max(0.0, range.min), range.max); }

std::optional<std::int64_t> integer_in(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "16e6" and "8.0" are numbers, but a count is written as one.
std::string integer_hint(const std::string& text) {
  const auto number = whole_number(text);
  const bool is_integral = number && std::abs(*number) < 1e15 && std::floor(*number) == *number;
  return is_integral ? did_you_mean(shortest(*number)) : "";
}

std::string number_hint(const std::string& text) {
  const auto number = leading_number(text);
  const bool is_percentage = number && std::isfinite(number->value) && (number->rest == "%" || number->rest == " %");
  return is_percentage ? did_you_mean(shortest(number->value / 100)) : "";
}

std::string boolean_hint(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "yes" || text == "on" || text == "true" || text == "1") return did_you_mean("true");
  if (text == "no" || text == "off" || text == "false" || text == "0") return did_you_mean("false");
  return "";
}

std::string one_of(const std::vector<std::string>& words) {
  std::string text = "one of ";
  for (const std::string& word : words) text += (&word == &words.front() ? "" : ", ") + word;
  return text;
}

}  // namespace

std::string Node::text() const {
  const Value* value = state_->scalar("text");
  return value != nullptr ? value->scalar : std::string();
}

bool Node::boolean() const {
  const std::string expected = "true or false";
  const Value* value = state_->scalar(expected);
  if (value == nullptr) return false;
  if (value->scalar == "true" || value->scalar == "false") return value->scalar == "true";
  state_->problem(expected, described(*value), boolean_hint(value->scalar));
  return false;
}

std::int64_t Node::integer(Range range) const {
  const std::string expected = in_range("an integer", range);
  const auto fallback = static_cast<std::int64_t>(near_zero(range));
  const Value* value = state_->scalar(expected);
  if (value == nullptr) return fallback;
  const auto integer = integer_in(value->scalar);
  if (integer && holds(range, static_cast<double>(*integer))) return *integer;
  state_->problem(expected, described(*value), integer ? "" : integer_hint(value->scalar));
  return fallback;
}

double Node::number(Range range) const {
  const std::string expected = in_range("a number", range);
  const Value* value = state_->scalar(expected);
  if (value == nullptr) return near_zero(range);
  const auto number = whole_number(value->scalar);
  if (number && std::isfinite(*number) && holds(range, *number)) return *number;
  state_->problem(expected, described(*value), number ? "" : number_hint(value->scalar));
  return near_zero(range);
}

std::size_t Node::choice(std::span<const std::string_view> choices) const {
  const std::vector<std::string> words(choices.begin(), choices.end());
  const std::string expected = one_of(words);
  const Value* value = state_->scalar(expected);
  if (value == nullptr) return 0;
  const auto found = std::find(words.begin(), words.end(), value->scalar);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const auto near = nearest(value->scalar, words);
  state_->problem(expected, described(*value), near ? did_you_mean(*near) : "");
  return 0;
}

Precision Node::precision() const {
  std::vector<std::string> words;
  words.reserve(all_precisions.size());
  for (const Precision precision : all_precisions) words.emplace_back(name_of(precision));
  const std::string expected = one_of(words);
  const Value* value = state_->scalar(expected);
  if (value == nullptr) return Precision::bf16;
  if (const auto named = precision_named(value->scalar)) return *named;
  const auto near = nearest(value->scalar, words);
  state_->problem(expected, described(*value), near ? did_you_mean(*near) : "");
  return Precision::bf16;
}

std::string Node::text_or(std::string_view fallback) const { return present() ? text() : std::string(fallback); }
bool Node::boolean_or(bool fallback) const { return present() ? boolean() : fallback; }
std::int64_t Node::integer_or(std::int64_t fallback, Range range) const {
  return present() ? integer(range) : fallback;
}
double Node::number_or(double fallback, Range range) const { return present() ? number(range) : fallback; }
std::size_t Node::choice_or(std::size_t fallback, std::span<const std::string_view> choices) const {
  return present() ? choice(choices) : fallback;
}

}  // namespace aifsim::config
