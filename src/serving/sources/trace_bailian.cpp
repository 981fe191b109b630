// Qwen-Bailian's JSONL (Alibaba Cloud's usage traces): chat_id, parent_chat_id (-1 = first of a conversation),
// timestamp (s), input_length, output_length, type, turn, hash_ids of 16-token blocks.
#include <cmath>
#include <deque>
#include <unordered_map>

#include "serving/sources/block_names.hpp"
#include "serving/sources/json_line.hpp"
#include "serving/sources/labels.hpp"
#include "serving/sources/moment.hpp"
#include "serving/sources/trace.hpp"

namespace aifsim::serving {
namespace {

constexpr int block_tokens = 16;

// The conversation of a chat. Old chats are forgotten, so that memory is bounded: a turn whose parent came more than
// a million requests ago begins a new conversation.
class Conversations {
 public:
  std::uint32_t session_of(std::int64_t chat, std::int64_t parent) {
    const auto known = parent < 0 ? sessions_.end() : sessions_.find(parent);
    const std::uint32_t session = known != sessions_.end() ? known->second : ++last_;
    if (sessions_.insert_or_assign(chat, session).second) order_.push_back(chat);
    if (order_.size() > remembered) {
      sessions_.erase(order_.front());
      order_.pop_front();
    }
    return session;
  }

 private:
  static constexpr std::size_t remembered = 1'000'000;
  std::unordered_map<std::int64_t, std::uint32_t> sessions_;
  std::deque<std::int64_t> order_;
  std::uint32_t last_ = 0;
};

class BailianReader : public TraceReader {
 public:
  explicit BailianReader(const std::string& path) : lines_(path) {}

  bool next(TraceRecord& record) override {
    if (!lines_.next()) return false;
    const JsonLine line(lines_);
    record = {};
    Prompt& prompt = record.request.prompt;
    prompt.arrival = clock_.since_first(moment(line), lines_, line.column("timestamp"), "timestamp");
    prompt.tokens = line.tokens("input_length", 1);
    record.request.output_tokens = line.tokens("output_length", 0);
    line.ids("hash_ids", prompt.blocks);
    prompt.block_tokens = block_tokens;
    check_block_count(prompt, lines_, line.column("hash_ids"));
    prompt.session = conversations_.session_of(line.integer("chat_id", 0), line.integer("parent_chat_id", -1));
    record.label = labels_.number_of(line.text_or("type", "unknown"));
    return true;
  }
  [[nodiscard]] std::vector<std::string> labels() const override { return labels_.words(); }

 private:
  [[nodiscard]] std::int64_t moment(const JsonLine& line) const {
    constexpr double latest = 9.2e9;  // seconds; beyond it nanoseconds overflow
    const double seconds = line.number("timestamp");
    if (!(seconds >= 0) || seconds > latest) {
      lines_.refuse(line.column("timestamp"), "timestamp", "seconds of at least 0", std::to_string(seconds));
    }
    return std::llround(seconds * 1e9);
  }

  LineReader lines_;
  TraceClock clock_;
  Conversations conversations_;
  Labels labels_;
};

}  // namespace

std::unique_ptr<TraceReader> open_bailian(const std::string& path, std::uint64_t) {
  return std::make_unique<BailianReader>(path);
}

}  // namespace aifsim::serving
