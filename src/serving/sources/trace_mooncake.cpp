// Mooncake's JSONL (FAST'25 trace release): {"timestamp" ms, "input_length", "output_length", "hash_ids"}, one id per
// 512 tokens of the prompt.
#include "serving/sources/block_names.hpp"
#include "serving/sources/json_line.hpp"
#include "serving/sources/moment.hpp"
#include "serving/sources/trace.hpp"

namespace aifsim::serving {
namespace {

constexpr int block_tokens = 512;
constexpr double ns_per_ms = 1e6;

class MooncakeReader : public TraceReader {
 public:
  explicit MooncakeReader(const std::string& path) : lines_(path) {}

  bool next(TraceRecord& record) override {
    if (!lines_.next()) return false;
    const JsonLine line(lines_);
    record = {};
    Prompt& prompt = record.request.prompt;
    const auto moment = moment_of_milliseconds(line.number("timestamp"), line);
    prompt.arrival = clock_.since_first(moment, lines_, line.column("timestamp"), "timestamp");
    prompt.tokens = line.tokens("input_length", 1);
    record.request.output_tokens = line.tokens("output_length", 0);
    line.ids("hash_ids", prompt.blocks);
    prompt.block_tokens = block_tokens;
    check_block_count(prompt, lines_, line.column("hash_ids"));
    return true;
  }

 private:
  std::int64_t moment_of_milliseconds(double value, const JsonLine& line) const {
    constexpr double latest = 9.2e12;  // beyond it nanoseconds overflow
    if (!(value >= 0) || value > latest) {
      lines_.refuse(line.column("timestamp"), "timestamp", "milliseconds of at least 0", std::to_string(value));
    }
    return static_cast<std::int64_t>(value * ns_per_ms);
  }

  LineReader lines_;
  TraceClock clock_;
};

}  // namespace

std::unique_ptr<TraceReader> open_mooncake(const std::string& path, std::uint64_t) {
  return std::make_unique<MooncakeReader>(path);
}

}  // namespace aifsim::serving
