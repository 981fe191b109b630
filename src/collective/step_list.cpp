#include "collective/step_list.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>

#include "collective/rounds.hpp"
#include "collective/step_holdings.hpp"

namespace aifsim::collective {
namespace {

constexpr double most_ranks = 4096, most_chunks = 1 << 24;
constexpr double most_bits = 4e9;  // 0.5 GB, twice

constexpr std::array operations_as_data{std::string_view("all_reduce"),     std::string_view("all_gather"),
                                        std::string_view("reduce_scatter"), std::string_view("all_to_all"),
                                        std::string_view("broadcast"),      std::string_view("reduce")};

std::uint32_t small(std::int64_t value) { return static_cast<std::uint32_t>(value); }

class Reader {
 public:
  explicit Reader(const config::Document& document) : document_(document), root_(document.root()) {}

  StepList read() {
    list_.name = std::filesystem::path(document_.file()).stem().string();
    static_cast<void>(root_.optional("description").text_or(""));
    static_cast<void>(root_.optional("source").text_or(""));
    list_.operation = *operation_named(operations_as_data[root_.required("operation").choice(operations_as_data)]);
    list_.ranks = small(root_.required("ranks").integer({.min = 2, .max = most_ranks}));
    read_chunk_count();
    const config::Node steps = root_.required("steps");
    if (steps.present() && steps.items().empty()) steps.problem("at least one step", "none");
    if (document_.has_problems()) return list_;
    Holdings holdings(list_);
    for (const config::Node& step : steps.items()) read_step(step, holdings);
    root_.finish();
    if (!document_.has_problems()) check_end(holdings);
    return list_;
  }

 private:
  void read_chunk_count() {
    const bool pairs = list_.operation == Operation::all_to_all;
    const config::Node chunks = root_.optional("chunks");
    const std::int64_t implied = pairs ? std::int64_t{list_.ranks} * list_.ranks : list_.ranks;
    list_.chunks = small(chunks.integer_or(implied, {.min = 1, .max = most_chunks}));
    const bool parts = list_.operation == Operation::all_gather || list_.operation == Operation::reduce_scatter;
    const std::string ranks = std::to_string(list_.ranks);
    if (pairs && list_.chunks != implied) {
      chunks.problem(std::to_string(implied) + " chunks, one for each pair of " + ranks + " ranks",
                     std::to_string(list_.chunks));
    } else if (parts && list_.ranks > 0 && list_.chunks % list_.ranks != 0) {
      chunks.problem("a multiple of the " + ranks + " ranks", std::to_string(list_.chunks));
    } else if (Holdings::bits(list_) > most_bits) {
      root_.problem("fewer ranks or chunks", ranks + " ranks and " + std::to_string(list_.chunks) + " chunks");
    }
  }

  void read_step(const config::Node& step, Holdings& holdings) {
    const Holdings before = holdings;
    std::vector<StepList::Send>& sends = list_.steps.emplace_back();
    std::set<std::pair<std::uint32_t, std::uint32_t>> replaced;  // rank and chunk
    for (const config::Node& item : step.items()) {
      StepList::Send send = read_send(item);
      for (const std::uint32_t chunk : send.chunks) {
        const std::string which = "chunk " + std::to_string(chunk);
        if (!before.has(send.from, chunk)) {
          item.problem("a chunk that rank " + std::to_string(send.from) + " has by then", which);
        } else if (!send.reduce && !replaced.insert({send.to, chunk}).second) {
          item.problem("one message for " + which + " to rank " + std::to_string(send.to) + " in a step", "a second");
        } else if (!holdings.deliver(before, send, chunk)) {
          item.problem("every rank's part added once",
                       which + " with parts that rank " + std::to_string(send.to) + " has already");
        }
      }
      sends.push_back(std::move(send));
    }
  }

  StepList::Send read_send(const config::Node& item) {
    StepList::Send send{.from = read_rank(item, "from"), .to = read_rank(item, "to"), .chunks = {}};
    send.chunks = read_chunks(item.required("chunks"));
    send.reduce = item.optional("reduce").boolean_or(false);
    if (send.from == send.to && !document_.has_problems())
      item.problem("two different ranks", "rank " + std::to_string(send.to) + " twice");
    item.finish();
    return send;
  }

  std::uint32_t read_rank(const config::Node& item, std::string_view key) const {
    return small(item.required(key).integer({.min = 0, .max = list_.ranks - 1.0}));
  }

  // 3, "0-7", or a list of these.
  std::vector<std::uint32_t> read_chunks(const config::Node& node) {
    std::vector<std::uint32_t> chunks;
    if (node.is_list()) {
      for (const config::Node& item : node.items()) add_chunks(item, chunks);
      if (node.items().empty()) node.problem("at least one chunk", "none");
    } else {
      add_chunks(node, chunks);
    }
    std::sort(chunks.begin(), chunks.end());
    if (std::adjacent_find(chunks.begin(), chunks.end()) != chunks.end()) {
      node.problem("different chunks", "one of them twice");
    }
    return chunks;
  }

  void add_chunks(const config::Node& node, std::vector<std::uint32_t>& chunks) {
    const std::string text = node.text();
    const std::size_t dash = text.find('-');
    std::uint32_t first = 0, last = 0;
    const bool one = number(text.substr(0, dash), first);
    const bool two = dash == std::string::npos ? (last = first, true) : number(text.substr(dash + 1), last);
    if (!one || !two || last < first || last >= list_.chunks) {
      if (text.empty()) return;  // not a scalar: text() has said so
      return node.problem("a chunk from 0 to " + std::to_string(list_.chunks - 1) + ", or several such as 0-3", text);
    }
    for (std::uint32_t chunk = first; chunk <= last; ++chunk) chunks.push_back(chunk);
  }
  static bool number(const std::string& text, std::uint32_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
  }

  void check_end(const Holdings& holdings) {
    std::size_t missing = 0;
    std::string first;
    for (std::uint32_t rank = 0; rank < list_.ranks; ++rank) {
      for (std::uint32_t chunk = 0; chunk < list_.chunks; ++chunk) {
        if (!holdings.lacks(rank, chunk)) continue;
        if (missing++ == 0) first = "rank " + std::to_string(rank) + " without all of chunk " + std::to_string(chunk);
      }
    }
    if (missing == 0) return;
    const std::string rest = missing > 1 ? ", and " + std::to_string(missing - 1) + " more such" : "";
    root_.required("steps").problem("steps that end with a complete " + std::string(name_of(list_.operation)),
                                    first + rest);
  }

  const config::Document& document_;
  config::Node root_;
  StepList list_;
};

}  // namespace

StepList read_step_list(const config::Document& document) { return Reader(document).read(); }

std::shared_ptr<const StepList> load_step_list(const std::string& path) {
  const config::Document document = config::Document::load(path);
  auto list = std::make_shared<StepList>(read_step_list(document));
  document.check();
  return list;
}

CollectivePlan plan_steps(const StepList& list, const Situation& situation) {
  if (situation.operation() != list.operation) {
    throw ConfigError(Problem{.key = "algorithm",
                              .expected = "one that can do this " + std::string(name_of(situation.operation())),
                              .got = list.name + ", " + std::string(name_of(list.operation)) + " as data"});
  }
  if (situation.ranks != list.ranks) {
    throw ConfigError(Problem{.key = "ranks",
                              .expected = "the " + std::to_string(list.ranks) + " ranks that " + list.name + " is for",
                              .got = std::to_string(situation.ranks)});
  }
  CollectivePlan plan{.algorithm = list.name};
  for (const std::vector<StepList::Send>& step : list.steps) {
    std::vector<StepList::Send> sends = step;
    std::stable_sort(sends.begin(), sends.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
    Round round(situation);
    for (const auto& group : situation.request->groups) {
      for (const StepList::Send& send : sends) {
        const double share = list.chunk_share() * static_cast<double>(send.chunks.size());
        round.send(group[send.from], group[send.to], situation.bytes() * share);
      }
    }
    round.append_to(plan, 1);
  }
  return plan;
}

}  // namespace aifsim::collective
