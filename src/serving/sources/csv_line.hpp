// Fields of a CSV line, and columns found by their names. Internal to serving/sources.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serving/sources/line_reader.hpp"

namespace aifsim::serving {

struct CsvField {
  std::string_view text;   // without surrounding blanks and quotes
  std::size_t column = 1;  // where it begins in the line, from 1
};
// RFC 4180, but a quote inside a quoted field is not taken apart: no trace has text of its own.
[[nodiscard]] std::vector<CsvField> split_csv(std::string_view line);

// Reads the header, then line after line by column.
class CsvReader {
 public:
  explicit CsvReader(const std::string& path);

  // The column of one of these names; nothing when the header has none of them.
  [[nodiscard]] std::optional<std::size_t> find(std::span<const std::string_view> names) const;
  // The same; ConfigError when there is none.
  [[nodiscard]] std::size_t require(std::span<const std::string_view> names, const std::string& what) const;
  [[nodiscard]] const std::string& name(std::size_t column) const { return names_[column]; }

  bool next();  // false at the end; ConfigError when the line has another number of fields than the header
  [[nodiscard]] const CsvField& field(std::size_t column) const { return fields_[column]; }
  [[nodiscard]] int tokens(std::size_t column, int least) const;  // "374" or "374.0"
  [[nodiscard]] const LineReader& lines() const { return lines_; }

 private:
  LineReader lines_;
  std::vector<std::string> names_;
  std::vector<CsvField> fields_;
};

}  // namespace aifsim::serving
