// BurstGPT's CSV: Timestamp (s), Model, Request tokens, Response tokens, Total tokens, Log Type. A response of 0 tokens
// is a failed request.
#include "serving/sources/column_names.hpp"
#include "serving/sources/csv_line.hpp"
#include "serving/sources/labels.hpp"
#include "serving/sources/moment.hpp"
#include "serving/sources/trace.hpp"

namespace aifsim::serving {
namespace {

constexpr std::array<std::string_view, 1> model_names{"Model"};
constexpr std::array<std::string_view, 1> log_names{"Log Type"};

class BurstGptReader : public TraceReader {
 public:
  explicit BurstGptReader(const std::string& path)
      : csv_(path),
        time_(csv_.require(arrival_names, "arrival times")),
        input_(csv_.require(input_names, "input tokens")),
        output_(csv_.require(output_names, "output tokens")),
        model_(csv_.find(model_names)),
        log_(csv_.find(log_names)) {}

  bool next(TraceRecord& record) override {
    while (csv_.next()) {
      record = {};
      record.request.prompt.arrival = arrival();  // a failed request counts for the order too
      record.request.output_tokens = csv_.tokens(output_, 0);
      if (record.request.output_tokens == 0) {
        ++skipped_;
        continue;
      }
      record.request.prompt.tokens = csv_.tokens(input_, 1);
      record.label = labels_.number_of(label());
      return true;
    }
    return false;
  }
  [[nodiscard]] std::vector<std::string> labels() const override { return labels_.words(); }
  [[nodiscard]] std::uint64_t skipped() const override { return skipped_; }

 private:
  Seconds arrival() {
    const CsvField& field = csv_.field(time_);
    const auto moment = moment_of_number(field.text, 1e9);
    if (!moment)
      csv_.lines().refuse(field.column, csv_.name(time_), "seconds",
                          field.text.empty() ? "nothing" : in_quotes(field.text));
    return clock_.since_first(*moment, csv_.lines(), field.column, csv_.name(time_));
  }
  [[nodiscard]] std::string label() const {
    std::string text = model_ ? std::string(csv_.field(*model_).text) : "unknown";
    if (log_) text += ", " + std::string(csv_.field(*log_).text);
    return text;
  }

  CsvReader csv_;
  std::size_t time_, input_, output_;
  std::optional<std::size_t> model_, log_;
  TraceClock clock_;
  Labels labels_;
  std::uint64_t skipped_ = 0;
};

}  // namespace

std::unique_ptr<TraceReader> open_burstgpt(const std::string& path, std::uint64_t) {
  return std::make_unique<BurstGptReader>(path);
}

}  // namespace aifsim::serving
