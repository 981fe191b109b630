// A CSV table with a header: quoted fields, checked strictly.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aifsim::study {

class Table {
 public:
  // ConfigError for a missing or empty file, a row with too few or many fields, an unfinished quote, a duplicate
  // column.
  static Table load(const std::string& path);
  static Table parse(std::string_view text, const std::string& path);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  [[nodiscard]] bool has(std::string_view column) const;
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  class Row {
   public:
    Row(const Table& table, std::size_t index) : table_(&table), index_(index) {}
    [[nodiscard]] const std::string& text(std::string_view column) const;  // ConfigError if there is no such column
    [[nodiscard]] bool empty(std::string_view column) const { return text(column).empty(); }
    // ConfigError "file:line: column: expected a number …" for anything else, NaN and infinities too.
    [[nodiscard]] double number(std::string_view column) const;
    [[nodiscard]] int integer(std::string_view column) const;
    [[nodiscard]] int integer_or(std::string_view column, int fallback) const;  // fallback for "" and "n/a"
    [[nodiscard]] int line() const;

   private:
    const Table* table_;
    std::size_t index_;
  };
  [[nodiscard]] Row row(std::size_t index) const { return {*this, index}; }

 private:
  [[nodiscard]] std::size_t column_index(std::string_view column) const;

  std::string file_;
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<int> lines_;
};

}  // namespace aifsim::study
