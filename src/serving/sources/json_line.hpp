// One line of a JSONL trace: an object whose values read themselves strictly. Internal to serving/sources.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "serving/sources/line_reader.hpp"

namespace aifsim::serving {

class JsonLine {
 public:
  explicit JsonLine(const LineReader& lines);  // ConfigError when the line is no JSON object

  [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }
  [[nodiscard]] std::int64_t integer(const char* key, std::int64_t least) const;
  [[nodiscard]] double number(const char* key) const;
  [[nodiscard]] std::string text_or(const char* key, const char* fallback) const;
  void ids(const char* key, std::vector<std::uint64_t>& result) const;
  // Tokens of a request: an integer from `least` to 100 million.
  [[nodiscard]] int tokens(const char* key, std::int64_t least) const;
  [[nodiscard]] std::size_t column(const char* key) const;

 private:
  [[noreturn]] void refuse(const char* key, const std::string& expected) const;

  const LineReader& lines_;
  nlohmann::json object_;
};

}  // namespace aifsim::serving
