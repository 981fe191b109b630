// JSONL under common names, such as a log of a benchmark client: one object per request.
#include <cmath>
#include <optional>

#include "serving/sources/column_names.hpp"
#include "serving/sources/json_line.hpp"
#include "serving/sources/moment.hpp"
#include "serving/sources/trace.hpp"

namespace aifsim::serving {
namespace {

std::optional<std::string> key_of(const JsonLine& line, std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    if (line.has(std::string(name).c_str())) return std::string(name);
  }
  return std::nullopt;
}

std::string list_of(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

class JsonlReader : public TraceReader {
 public:
  // The first line says which names the file uses.
  explicit JsonlReader(const std::string& path) : lines_(path) {
    LineReader first(path);
    if (!first.next()) first.refuse(1, "", "a JSON object", "an empty file");
    const JsonLine line(first);
    arrival_ = key_of(line, arrival_names);
    const auto required = [&](std::span<const std::string_view> names, const char* what) {
      const auto key = key_of(line, names);
      if (!key) first.refuse(1, "", std::string("a key with ") + what + " (" + list_of(names) + ")", "none");
      return *key;
    };
    input_ = required(input_names, "input tokens");
    output_ = required(output_names, "output tokens");
  }

  bool next(TraceRecord& record) override {
    if (!lines_.next()) return false;
    const JsonLine line(lines_);
    record = {};
    if (arrival_) record.request.prompt.arrival = arrival(line);
    record.request.prompt.tokens = line.tokens(input_.c_str(), 1);
    record.request.output_tokens = line.tokens(output_.c_str(), 0);
    return true;
  }
  [[nodiscard]] bool has_arrivals() const override { return arrival_.has_value(); }

 private:
  Seconds arrival(const JsonLine& line) {
    constexpr double latest = 9.2e18;  // just below 2^63 ns
    const double nanoseconds = line.number(arrival_->c_str()) * unit_of_column(*arrival_);
    const std::size_t column = line.column(arrival_->c_str());
    if (!(std::abs(nanoseconds) < latest)) lines_.refuse(column, *arrival_, "a time within 292 years", "a later one");
    return clock_.since_first(std::llround(nanoseconds), lines_, column, *arrival_);
  }

  LineReader lines_;
  std::optional<std::string> arrival_;
  std::string input_, output_;
  TraceClock clock_;
};

}  // namespace

std::unique_ptr<TraceReader> open_jsonl(const std::string& path, std::uint64_t) {
  return std::make_unique<JsonlReader>(path);
}

}  // namespace aifsim::serving
