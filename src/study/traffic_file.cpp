// Transfers as a table: start, op or src and dst, group, bytes.
#include <charconv>
#include <fstream>
#include <optional>

#include "base/error.hpp"
#include "config/node.hpp"
#include "study/table.hpp"
#include "study/traffic.hpp"

namespace aifsim::study {
namespace {

std::optional<std::size_t> whole(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Where a field begins in the file, from 1: the table knows lines only.
int column_in_file(const std::string& path, int line, std::size_t field) {
  std::ifstream in(path);
  std::string text;
  for (int i = 0; i < line && std::getline(in, text); ++i) {
  }
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size() && field > 0; ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == ',' && !quoted) --field;
  }
  return static_cast<int>(at) + 1;
}

class Reader {
 public:
  Reader(const std::string& path, std::size_t gpus) : table_(Table::load(path)), gpus_(gpus) {
    if (!table_.has("bytes")) refuse_header("bytes");
    if (!table_.has("op") && !(table_.has("src") && table_.has("dst")))
      refuse_header("op (with group), or src and dst");
    for (const std::string& column : table_.columns()) {
      const bool known = column == "start" || column == "op" || column == "src" || column == "dst" ||
                         column == "group" || column == "bytes";
      if (!known) add(1, column, "one of start, op, src, dst, group, bytes", '"' + column + '"');
    }
  }

  std::vector<Transfer> read() {
    std::vector<Transfer> transfers;
    for (std::size_t i = 0; i < table_.size(); ++i) transfers.push_back(read_row(table_.row(i), i + 1));
    if (table_.size() == 0) add(1, "", "at least one row", "none");
    if (!problems_.empty()) throw ConfigError(std::move(problems_));
    return transfers;
  }

 private:
  Transfer read_row(const Table::Row& row, std::size_t number) {
    Transfer transfer;
    transfer.name = "row " + std::to_string(number);
    if (!field(row, "start").empty()) transfer.start = quantity(row, "start", "\"10 us\"", &config::Node::seconds);
    transfer.bytes = quantity(row, "bytes", "\"64 MiB\"", &config::Node::bytes);
    const std::string op = field(row, "op");
    if (op.empty()) {
      transfer.group = {gpu(row, "src"), gpu(row, "dst")};
      if (transfer.group[0] == transfer.group[1]) add(row.line(), "dst", "another GPU than src", field(row, "dst"));
      return transfer;
    }
    transfer.name += ": " + op;
    const auto operation = collective::operation_named(op);
    if (!operation) add(row.line(), "op", "an operation such as all_reduce", '"' + op + '"');
    transfer.operation = operation.value_or(collective::Operation::all_reduce);
    transfer.group = group(row);
    return transfer;
  }

  std::string field(const Table::Row& row, std::string_view column) const {
    return table_.has(column) ? row.text(column) : std::string();
  }

  template <typename Value>
  Value quantity(const Table::Row& row, std::string_view column, const char* example,
                 Value (config::Node::*reader)() const) {
    const std::string text = field(row, column);
    const config::Document document = config::Document::parse("value: \"" + text + "\"\n", table_.file());
    const Value value = (document.root().required("value").*reader)();
    if (document.has_problems() || (column == "bytes" && value.base() <= 0.0)) {
      add(row.line(), column, "an amount with its unit, such as " + std::string(example), '"' + text + '"');
    }
    return value;
  }

  std::size_t gpu(const Table::Row& row, std::string_view column) {
    const std::string text = field(row, column);
    const auto index = whole(text);
    if (!index || *index >= gpus_) add(row.line(), column, expected_gpu(), '"' + text + '"');
    return index.value_or(0);
  }

  // "0-7", "0-63:8" (every eighth), "0 3 5", and unions of these, apart by blanks or semicolons; empty: all GPUs.
  std::vector<std::size_t> group(const Table::Row& row) {
    const std::string text = field(row, "group");
    std::vector<std::size_t> members;
    const auto wrong = [&] {
      add(row.line(), "group", "at least two different GPUs such as 0-7 or 0-63:8, each " + expected_gpu(),
          '"' + text + '"');
      return std::vector<std::size_t>{0, 1};
    };
    std::vector<bool> seen(gpus_, false);
    const std::string all = text.empty() ? "0-" + std::to_string(gpus_ - 1) : text;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = std::min(all.find_first_of(" ;", at), all.size());
      const std::string part = all.substr(at, end - at);
      at = end + 1;
      if (part.empty()) continue;
      const std::size_t dash = part.find('-'), colon = part.find(':');
      const auto first = whole(part.substr(0, std::min(dash, colon)));
      const auto last = dash == std::string::npos ? first : whole(part.substr(dash + 1, colon - dash - 1));
      const auto step = colon == std::string::npos ? std::optional<std::size_t>(1) : whole(part.substr(colon + 1));
      if (!first || !last || !step || *step == 0 || *last < *first || *last >= gpus_) return wrong();
      for (std::size_t i = *first; i <= *last; i += *step) {
        if (seen[i]) return wrong();
        seen[i] = true;
        members.push_back(i);
      }
    }
    return members.size() < 2 ? wrong() : members;
  }

  [[nodiscard]] std::string expected_gpu() const { return "a GPU from 0 to " + std::to_string(gpus_ - 1); }

  void add(int line, std::string_view column, std::string expected, std::string got) {
    std::size_t index = 0;
    while (index < table_.columns().size() && table_.columns()[index] != column) ++index;
    if (index == table_.columns().size()) index = 0;
    problems_.push_back({.file = table_.file(),
                         .line = line,
                         .column = column_in_file(table_.file(), line, index),
                         .key = std::string(column),
                         .expected = std::move(expected),
                         .got = std::move(got),
                         .hint = {}});
  }
  void refuse_header(const std::string& missing) {
    add(1, "", "a table with the columns start, bytes, and op with group or src and dst", "no column " + missing);
    throw ConfigError(std::move(problems_));
  }

  Table table_;
  std::size_t gpus_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Transfer> read_transfers(const std::string& path, std::size_t gpus) { return Reader(path, gpus).read(); }

}  // namespace aifsim::study
