// A table whose columns line up on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace aifsim::report {

enum class Align { left, right };

class Table {
 public:
  struct Column {
    std::string title;  // all titles empty: no title line
    Align align = Align::left;
    std::size_t max_width = 100;  // longer cells lose their middle
  };
  explicit Table(std::vector<Column> columns, std::size_t indent = 2);

  void row(std::vector<std::string> cells);  // as many as there are columns
  // Two blanks between columns, no blanks at the end of a line. `title` and `title_end` surround the title line
  // (terminal escapes; empty for none).
  [[nodiscard]] std::string text(const std::string& title = {}, const std::string& title_end = {}) const;

 private:
  std::vector<Column> columns_;
  std::size_t indent_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace aifsim::report
