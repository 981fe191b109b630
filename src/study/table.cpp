#include "study/table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "config/node.hpp"

namespace aifsim::study {
namespace {

[[noreturn]] void fail(const std::string& file, int line, std::string key, std::string expected, std::string got,
                       std::string hint = {}) {
  throw ConfigError(Problem{file, line, 1, std::move(key), std::move(expected), std::move(got), std::move(hint)});
}

// Splits CSV text into records (RFC 4180: quotes may hold commas, doubled quotes and line breaks).
class CsvReader {
 public:
  CsvReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  // The next record, or nothing at the end. `line` is where it begins.
  bool next(std::vector<std::string>& fields, int& line) {
    fields.clear();
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) advance();
    if (at_ >= text_.size()) return false;
    line = line_;
    fields.push_back(field());
    while (at_ < text_.size() && text_[at_] == ',') {
      advance();
      fields.push_back(field());
    }
    return true;
  }

 private:
  void advance() {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }

  std::string field() {
    if (at_ < text_.size() && text_[at_] == '"') return quoted();
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted() {
    const int begin = line_;
    std::string value;
    for (advance(); at_ < text_.size(); advance()) {
      if (text_[at_] != '"') {
        value += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        value += '"';
        advance();
      } else {
        advance();
        return value;
      }
    }
    fail(file_, begin, "", "a closing quote", "the end of the file", "is the table truncated?");
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

Table Table::load(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) fail(path, 0, "", "a CSV table", "a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(path, 0, "", "a CSV table", "a file that cannot be read");
  std::stringstream text;
  text << in.rdbuf();  // fails where there is nothing: an empty file
  return parse(text.str(), path);
}

Table Table::parse(std::string_view text, const std::string& path) {
  Table table;
  table.file_ = path;
  CsvReader reader(text, path);
  std::vector<std::string> fields;
  int line = 1;
  if (!reader.next(table.columns_, line)) fail(path, 1, "", "a CSV table with a header", "an empty file");
  for (const std::string& column : table.columns_) {
    if (std::count(table.columns_.begin(), table.columns_.end(), column) > 1) {
      fail(path, line, column, "each column once", "it twice");
    }
  }
  while (reader.next(fields, line)) {
    if (fields.size() != table.columns_.size()) {
      fail(path, line, "", std::to_string(table.columns_.size()) + " fields, as in the header",
           std::to_string(fields.size()), fields.size() < table.columns_.size() ? "is the table truncated?" : "");
    }
    table.rows_.push_back(fields);
    table.lines_.push_back(line);
  }
  return table;
}

bool Table::has(std::string_view column) const {
  return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
}

std::size_t Table::column_index(std::string_view column) const {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end()) {
    const auto near = config::nearest(column, columns_);
    fail(file_, 1, std::string(column), "a column of the table", "no such column",
         near ? "did you mean \"" + *near + "\"?" : "");
  }
  return static_cast<std::size_t>(found - columns_.begin());
}

const std::string& Table::Row::text(std::string_view column) const {
  return table_->rows_[index_][table_->column_index(column)];
}

double Table::Row::number(std::string_view column) const {
  const std::string& value = text(column);
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || !std::isfinite(number)) {
    fail(table_->file_, line(), std::string(column), "a number", '"' + value + '"');
  }
  return number;
}

int Table::Row::integer(std::string_view column) const {
  const double value = number(column);
  if (value != std::floor(value) || std::abs(value) > 1e9) {
    fail(table_->file_, line(), std::string(column), "a whole number", '"' + text(column) + '"');
  }
  return static_cast<int>(value);
}

int Table::Row::integer_or(std::string_view column, int fallback) const {
  const std::string& value = text(column);
  return value.empty() || value == "n/a" ? fallback : integer(column);
}

int Table::Row::line() const { return table_->lines_[index_]; }

}  // namespace aifsim::study
