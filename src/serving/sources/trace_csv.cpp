// CSV with a header: Azure's traces (dates with a 100 ns fraction), Vidur's, LLMServingSim's and plain ones. Columns
// are told by their names.
#include <algorithm>
#include <charconv>
#include <limits>

#include "serving/sources/column_names.hpp"
#include "serving/sources/csv_line.hpp"
#include "serving/sources/labels.hpp"
#include "serving/sources/moment.hpp"
#include "serving/sources/trace.hpp"

namespace aifsim::serving {
namespace {

class CsvTrace : public TraceReader {
 public:
  explicit CsvTrace(const std::string& path)
      : csv_(path),
        arrival_(csv_.find(arrival_names)),
        input_(csv_.require(input_names, "input tokens")),
        output_(csv_.require(output_names, "output tokens")),
        session_(csv_.find(session_names)),
        adapter_(csv_.find(adapter_names)),
        image_(csv_.find(image_names)),
        images_(csv_.find(image_count_names)),
        label_(csv_.find(label_names)) {}

  bool next(TraceRecord& record) override {
    if (!csv_.next()) return false;
    record = {};
    Prompt& prompt = record.request.prompt;
    if (arrival_) prompt.arrival = arrival();
    prompt.tokens = csv_.tokens(input_, 1);
    record.request.output_tokens = csv_.tokens(output_, 0);
    if (session_) prompt.session = number(*session_);
    if (adapter_) prompt.adapter = number(*adapter_);
    if (image_) bring_images(prompt, 0, images(), image_tokens(prompt.tokens));
    if (label_) record.label = labels_.number_of(csv_.field(*label_).text);
    return true;
  }
  [[nodiscard]] std::vector<std::string> labels() const override { return labels_.words(); }
  [[nodiscard]] bool has_arrivals() const override { return arrival_.has_value(); }
  [[nodiscard]] bool may_bring_images() const override { return image_.has_value(); }
  [[nodiscard]] std::vector<std::string> notes() const override {
    if (image_ && !images_)
      return {csv_.name(*image_) + " without a count of images: one image for each prompt that has any"};
    if (images_ && !image_) return {csv_.name(*images_) + " without image_tokens: images are not encoded"};
    return {};
  }

 private:
  Seconds arrival() {
    const CsvField& field = csv_.field(*arrival_);
    const std::string& name = csv_.name(*arrival_);
    auto moment = moment_of_number(field.text, unit_of_column(name));
    if (!moment) moment = moment_of_date(field.text);
    if (!moment) {
      csv_.lines().refuse(field.column, name, "a number or a time such as 2023-11-16 18:17:03.9799600",
                          field.text.empty() ? "nothing" : in_quotes(field.text));
    }
    return clock_.since_first(*moment, csv_.lines(), field.column, name);
  }

  [[nodiscard]] std::uint32_t number(std::size_t column) const {
    const std::string_view text = csv_.field(column).text;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size()) return value;
    csv_.lines().refuse(csv_.field(column).column, csv_.name(column), "a number from 0 (none) to 4294967295",
                        text.empty() ? "nothing" : in_quotes(text));
  }

  // A row that has image tokens has an image.
  [[nodiscard]] int images() const { return images_ ? std::max(1, csv_.tokens(*images_, 0)) : 1; }

  [[nodiscard]] int image_tokens(int input) const {
    const int tokens = csv_.tokens(*image_, 0);
    if (tokens <= input) return tokens;
    csv_.lines().refuse(csv_.field(*image_).column, csv_.name(*image_),
                        "at most the " + std::to_string(input) + " input tokens", std::to_string(tokens));
  }

  CsvReader csv_;
  std::optional<std::size_t> arrival_;
  std::size_t input_, output_;
  std::optional<std::size_t> session_, adapter_, image_, images_, label_;
  TraceClock clock_;
  Labels labels_;
};

}  // namespace

std::unique_ptr<TraceReader> open_csv(const std::string& path, std::uint64_t) {
  return std::make_unique<CsvTrace>(path);
}

}  // namespace aifsim::serving
