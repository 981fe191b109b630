#include "serving/sources/json_line.hpp"

#include <cmath>

#include "serving/sources/limits.hpp"

namespace aifsim::serving {
namespace {

nlohmann::json parsed(const LineReader& lines) {
  try {
    nlohmann::json value = nlohmann::json::parse(lines.line());
    if (value.is_object()) return value;
  } catch (const nlohmann::json::parse_error& error) {
    const bool at_end = error.byte > lines.line().size();
    const std::size_t column = error.byte == 0 ? 1 : error.byte;
    lines.refuse(column, "", "a JSON object", at_end ? "a line that ends in the middle" : "a syntax error here");
  } catch (const nlohmann::json::exception&) {
    lines.refuse(1, "", "a JSON object", "a number out of range");
  }
  lines.refuse(1, "", "a JSON object", in_quotes(lines.line()));
}

}  // namespace

JsonLine::JsonLine(const LineReader& lines) : lines_(lines), object_(parsed(lines)) {}

std::size_t JsonLine::column(const char* key) const {
  const std::size_t at = lines_.line().find('"' + std::string(key) + '"');
  return at == std::string::npos ? 1 : at + 1;
}

void JsonLine::refuse(const char* key, const std::string& expected) const {
  const auto found = object_.find(key);
  const std::string got =
      found == object_.end() ? "nothing" : found->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  lines_.refuse(column(key), key, expected, got.size() > 40 ? got.substr(0, 40) + "…" : got);
}

std::int64_t JsonLine::integer(const char* key, std::int64_t least) const {
  const auto found = object_.find(key);
  const bool whole = found != object_.end() && found->is_number_integer();
  const bool held = whole && (!found->is_number_unsigned() || found->get<std::uint64_t>() <= INT64_MAX);
  if (!held || found->get<std::int64_t>() < least) refuse(key, "an integer of at least " + std::to_string(least));
  return found->get<std::int64_t>();
}

int JsonLine::tokens(const char* key, std::int64_t least) const {
  const auto found = object_.find(key);
  const bool whole = found != object_.end() && found->is_number_integer();
  const double value = whole ? found->get<double>() : -1;
  if (value < static_cast<double>(least) || value > most_tokens) {
    refuse(key, "tokens, an integer from " + std::to_string(least) + " to " + std::to_string(most_tokens));
  }
  return static_cast<int>(value);
}

double JsonLine::number(const char* key) const {
  const auto found = object_.find(key);
  if (found == object_.end() || !found->is_number() || !std::isfinite(found->get<double>())) refuse(key, "a number");
  return found->get<double>();
}

std::string JsonLine::text_or(const char* key, const char* fallback) const {
  const auto found = object_.find(key);
  if (found == object_.end()) return fallback;
  if (!found->is_string()) refuse(key, "text");
  return found->get<std::string>();
}

void JsonLine::ids(const char* key, std::vector<std::uint64_t>& result) const {
  result.clear();
  const auto found = object_.find(key);
  if (found == object_.end() || !found->is_array()) refuse(key, "a list of block numbers");
  result.reserve(found->size());
  for (const nlohmann::json& id : *found) {
    if (!id.is_number_unsigned()) refuse(key, "a list of block numbers");
    result.push_back(id.get<std::uint64_t>());
  }
}

}  // namespace aifsim::serving
