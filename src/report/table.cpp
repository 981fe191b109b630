#include "report/table.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "report/human.hpp"

namespace aifsim::report {
namespace {

std::string line(const std::vector<Table::Column>& columns, const std::vector<std::size_t>& widths,
                 const std::vector<std::string>& cells, std::size_t indent) {
  std::string text(indent, ' ');
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) text += "  ";
    const std::string blanks(widths[i] - display_width(cells[i]), ' ');
    text += columns[i].align == Align::right ? blanks + cells[i] : cells[i] + blanks;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

Table::Table(std::vector<Column> columns, std::size_t indent) : columns_(std::move(columns)), indent_(indent) {}

void Table::row(std::vector<std::string> cells) {
  ensure(cells.size() == columns_.size(), "a table row has a cell for each column");
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = shortened(cells[i], columns_[i].max_width);
  rows_.push_back(std::move(cells));
}

std::string Table::text(const std::string& title, const std::string& title_end) const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  bool any_title = false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& cells : rows_) width = std::max(width, display_width(cells[i]));
    widths.push_back(width);
    titles.push_back(columns_[i].title);
    any_title = any_title || !columns_[i].title.empty();
  }
  std::string text;
  if (any_title) text += title + line(columns_, widths, titles, indent_) + title_end + '\n';
  for (const auto& cells : rows_) text += line(columns_, widths, cells, indent_) + '\n';
  return text;
}

}  // namespace aifsim::report
