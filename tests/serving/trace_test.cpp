// Traces of every format, the public ones' golden numbers, and the model of a cache.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <list>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "serving/source_case.hpp"
#include "serving/sources/trace_summary.hpp"

namespace aifsim::serving {
namespace {

std::vector<double> arrivals_of(const std::vector<Request>& requests) {
  std::vector<double> arrivals;
  for (const Request& request : requests) arrivals.push_back(request.prompt.arrival.in(units::s));
  return arrivals;
}
using Times = std::vector<double>;
using Blocks = std::vector<std::uint64_t>;

TEST(Trace, formats_are_told_by_content) {
  const auto format = [](const char* file) { return std::string(detect_trace(data_folder + file)->name); };
  EXPECT_EQ(format("mooncake.jsonl"), "mooncake");
  EXPECT_EQ(format("bailian.jsonl"), "bailian");
  EXPECT_EQ(format("log.jsonl"), "jsonl");
  EXPECT_EQ(format("azure.csv"), "azure");
  EXPECT_EQ(format("burstgpt.csv"), "burstgpt");
  EXPECT_EQ(format("plain.csv"), "csv");
  EXPECT_EQ(format("lengths.csv"), "csv");
  EXPECT_EQ(format("chunk-1-trace.csv"), "servegen");
}

TEST(Trace, mooncake) {
  const auto requests = requests_of("trace: mooncake.jsonl");
  EXPECT_EQ(arrivals_of(requests), (Times{0, 0, 2.5, 4}));
  EXPECT_EQ(requests[1].prompt.blocks, (Blocks{0, 1, 3}));
  EXPECT_EQ(requests[1].prompt.block_tokens, 512);
  EXPECT_EQ(requests[1].prompt.tokens, 1500);
  EXPECT_EQ(requests[2].output_tokens, 0);
  EXPECT_EQ(requests[3].prompt.id, 3U);
}

TEST(Trace, bailian_chats_are_conversations) {
  TraceTally tally;
  const auto requests = requests_of("trace: bailian.jsonl", 1, &tally);
  EXPECT_EQ(arrivals_of(requests), (Times{0, 0.5, 7.75}));
  EXPECT_EQ(requests[0].prompt.session, requests[2].prompt.session);
  EXPECT_NE(requests[0].prompt.session, requests[1].prompt.session);
  EXPECT_EQ(requests[2].prompt.block_tokens, 16);
  EXPECT_EQ(tally.labels, (std::vector<std::string>{"text", "search"}));
  EXPECT_EQ(tally.requests, (std::vector<std::uint64_t>{2, 1}));
}

// Seven decimals, over the end of a leap day.
TEST(Trace, azure_dates_are_exact) {
  const auto arrivals = arrivals_of(requests_of("trace: azure.csv"));
  EXPECT_DOUBLE_EQ(arrivals[1], 2e-7);
  EXPECT_DOUBLE_EQ(arrivals[2], 1.5000001);
}

TEST(Trace, burstgpt_leaves_failed_requests_out) {
  TraceTally tally;
  const auto requests = requests_of("trace: burstgpt.csv", 1, &tally);
  EXPECT_EQ(arrivals_of(requests), (Times{0, 113, 245.5}));
  EXPECT_EQ(tally.skipped, 1U);
  EXPECT_EQ(tally.labels,
            (std::vector<std::string>{"ChatGPT, Conversation log", "GPT-4, Conversation log", "ChatGPT, API log"}));
}

TEST(Trace, plain_csv_has_optional_columns_and_units_in_names) {
  const auto requests = requests_of("trace: plain.csv");
  EXPECT_EQ(arrivals_of(requests), (Times{0, 0.0005, 2}));
  EXPECT_EQ(requests[1].prompt.adapter, 3U);
  EXPECT_EQ(requests[1].prompt.image_tokens, 64);
  EXPECT_EQ(requests[0].prompt.session, requests[2].prompt.session);
}

TEST(Trace, jsonl_of_a_client) {
  const auto requests = requests_of("trace: log.jsonl");
  EXPECT_NEAR(requests[1].prompt.arrival.in(units::s), 0.285059, 1e-6);
  EXPECT_EQ(requests[1].output_tokens, 769);
}

TEST(Trace, servegen_draws_at_the_rates_of_its_windows) {
  const auto requests = requests_of("trace: chunk-1-trace.csv");
  const auto before = [&](double time) {
    return std::count_if(requests.begin(), requests.end(),
                         [&](const Request& r) { return r.prompt.arrival < time * units::s; });
  };
  EXPECT_NEAR(static_cast<double>(before(600)), 1200, 5 * 1.5 * 35);  // five standard errors at CV 1.5
  EXPECT_EQ(before(1200), before(600));
  EXPECT_NEAR(static_cast<double>(before(1e9) - before(1200)), 2400, 5 * 0.5 * 49);
  for (const Request& request : requests) {
    const bool late = request.prompt.arrival >= 1200 * units::s;
    EXPECT_TRUE(late ? request.prompt.tokens == 50 : request.prompt.tokens == 100 || request.prompt.tokens == 300);
  }
}

TEST(Trace, cut_scale_limit_loop_and_clip) {
  EXPECT_EQ(arrivals_of(requests_of("{trace: mooncake.jsonl, rate_scale: 2}")), (Times{0, 0, 1.25, 2}));
  EXPECT_EQ(arrivals_of(requests_of("{trace: mooncake.jsonl, limit: 3}")), (Times{0, 0, 2.5}));
  EXPECT_EQ(arrivals_of(requests_of("{trace: mooncake.jsonl, cut: {from: 2 s, to: 4 s}}")), (Times{0.5}));
  EXPECT_EQ(arrivals_of(requests_of("{trace: mooncake.jsonl, duration: 3 s}")), (Times{0, 0, 2.5}));
  const auto twice = arrivals_of(requests_of("{trace: azure.csv, loop: 2}"));
  ASSERT_EQ(twice.size(), 6U);
  EXPECT_NEAR(twice[3], 1.5000001 * 1.5, 1e-9);  // one mean gap after the last
  EXPECT_EQ(arrivals_of(requests_of("{trace: mooncake.jsonl, loop: 2, cut: {from: 1 s, to: 3 s}, rate_scale: 2}")),
            (Times{0.75, 1.75}));
  const auto clipped = requests_of("{trace: mooncake.jsonl, max_input: 700, max_output: 40}");
  EXPECT_EQ(clipped[0].prompt.tokens, 700);
  EXPECT_EQ(clipped[0].prompt.blocks.size(), 2U);
  EXPECT_EQ(clipped[0].prompt.blocks, clipped[1].prompt.blocks);  // both begin with 0, 1
  EXPECT_NE(clipped[0].prompt.blocks[1], 1U);                     // which is not whole any more
  EXPECT_EQ(clipped[3].output_tokens, 40);
}

TEST(Trace, its_requests_at_other_times) {
  const auto looped = requests_of("{trace: lengths.csv, arrivals: uniform, rate: 2, loop: 2}");
  EXPECT_EQ(arrivals_of(looped), (Times{0, 0.5, 1, 1.5}));
  EXPECT_EQ(looped[2].prompt.tokens, 3772);
  const auto users = requests_of("{trace: mooncake.jsonl, arrivals: closed-loop, users: 2}");
  EXPECT_EQ(users.size(), 4U);
  EXPECT_EQ(users[3].prompt.blocks, (Blocks{0, 1, 2, 6}));
  const auto drawn = requests_of("{trace: lengths.csv, sample: true, arrivals: all-at-once, count: 1000}");
  const auto longer = std::count_if(drawn.begin(), drawn.end(),
                                    [](const Request& r) { return r.prompt.tokens == 3772 && r.output_tokens == 54; });
  EXPECT_NEAR(static_cast<double>(longer), 500, 80);
}

// A plain LRU cache of blocks, as the model says it is used.
class PlainCache {
 public:
  explicit PlainCache(std::size_t capacity) : capacity_(capacity) {}
  std::uint64_t request(const Blocks& blocks) {
    std::uint64_t found = 0;
    while (found < blocks.size() && std::find(recent_.begin(), recent_.end(), blocks[found]) != recent_.end()) ++found;
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      recent_.remove(*block);
      recent_.push_front(*block);
    }
    while (recent_.size() > capacity_) recent_.pop_back();
    return found;
  }

 private:
  std::size_t capacity_;
  std::list<std::uint64_t> recent_;
};

TEST(CacheModel, finds_what_a_plain_cache_finds_at_every_size_and_grows_with_it) {
  Rng rng(5, "test");
  std::vector<Blocks> requests;
  for (int i = 0; i < 600; ++i) {
    Blocks blocks;
    if (!requests.empty() && rng.below(3) > 0) {
      const Blocks& other = requests[rng.below(requests.size())];
      blocks.assign(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(rng.below(other.size() + 1)));
    }
    for (auto more = rng.below(6); more > 0; --more) blocks.push_back(1000 + rng.below(400));
    if (blocks.empty()) blocks.push_back(1);
    requests.push_back(blocks);
  }
  CacheModel model;
  for (const Blocks& blocks : requests) model.request(blocks);
  std::uint64_t before = 0;
  for (const std::size_t capacity : {1U, 2U, 3U, 5U, 8U, 16U, 40U, 100U, 250U, 399U, 1000U}) {
    PlainCache plain(capacity);
    std::uint64_t found = 0;
    for (const Blocks& blocks : requests) found += plain.request(blocks);
    EXPECT_EQ(model.found(capacity), found) << capacity;
    EXPECT_GE(model.found(capacity), before);
    before = model.found(capacity);
  }
  EXPECT_EQ(model.found(1000), model.found_without_limit());
  EXPECT_GT(model.found(40), model.found(8));
}

TraceSummary summary_of(const std::string& yaml) {
  TraceSummary summary;
  const auto source = make_requests(plan_of(yaml), 1);
  while (source->next_arrival()) summary.add(source->take());
  return summary;
}

TEST(Trace, summary_counts_what_is_there) {
  const TraceSummary summary = summary_of("trace: mooncake.jsonl");
  EXPECT_EQ(summary.input.percentile(0.5), 1350);
  EXPECT_EQ(summary.cache.blocks(), 12U);
  EXPECT_EQ(summary.cache.distinct(), 7U);
  EXPECT_EQ(summary.cache.found_without_limit(), 5U);
  EXPECT_DOUBLE_EQ(summary.rate_per_s(), 0.75);
}

#define NEEDS_TRACES() \
  if (public_traces().empty()) GTEST_SKIP() << "no public traces: set AIFSIM_TRACES"

TEST(PublicTrace, mooncake_conversation) {
  NEEDS_TRACES();
  const TraceSummary summary = summary_of("trace: " + public_traces() + "mooncake/conversation_trace.jsonl");
  EXPECT_EQ(summary.requests, 12031U);
  EXPECT_DOUBLE_EQ(summary.duration().in(units::s), 3536.999);
  EXPECT_NEAR(summary.input.mean(), 12035.06, 0.005);
  EXPECT_EQ(summary.input.most(), 126195);
  EXPECT_NEAR(summary.output.mean(), 342.62, 0.005);
  EXPECT_EQ(summary.output.most(), 2000);
  EXPECT_EQ(summary.cache.distinct(), 182790U);
  EXPECT_EQ(summary.cache.blocks(), 288500U);
  EXPECT_EQ(summary.cache.found_without_limit(), 105710U);  // 36.64 %
  EXPECT_EQ(summary.cache.found(182790), 105710U);
}

TEST(PublicTrace, azure) {
  NEEDS_TRACES();
  const std::string folder = "trace: " + public_traces() + "azure-llm-2023/AzureLLMInferenceTrace_";
  const TraceSummary code = summary_of(folder + "code.csv");
  EXPECT_EQ(code.requests, 8819U);
  EXPECT_EQ(code.input.total(), 18059974);
  EXPECT_EQ(code.output.total(), 245896);
  EXPECT_NEAR(code.duration().in(units::s), 3435.948056, 1e-7);
  const TraceSummary conversation = summary_of(folder + "conv.csv");
  EXPECT_EQ(conversation.requests, 19366U);
  EXPECT_EQ(conversation.input.total(), 22361870);
  EXPECT_EQ(conversation.output.total(), 4088665);
  EXPECT_NEAR(conversation.duration().in(units::s), 3501.721937, 1e-7);
}

// Vidur's files are Azure's, in seconds from the first request.
TEST(PublicTrace, vidur_and_azure_are_the_same_requests) {
  NEEDS_TRACES();
  const auto vidur = requests_of("trace: " + public_traces() + "vidur/splitwise_conv.csv");
  const auto azure = requests_of("trace: " + public_traces() + "azure-llm-2023/AzureLLMInferenceTrace_conv.csv");
  ASSERT_EQ(vidur.size(), azure.size());
  for (std::size_t i = 0; i < vidur.size(); ++i) {
    EXPECT_EQ(vidur[i].prompt.tokens, azure[i].prompt.tokens);
    EXPECT_NEAR(vidur[i].prompt.arrival.in(units::s), azure[i].prompt.arrival.in(units::s), 1e-6);
  }
}

TEST(PublicTrace, servegen_draws_the_measured_number) {
  NEEDS_TRACES();
  const TraceSummary summary =
      summary_of("trace: " + public_traces() + "servegen/trimmed/deepseek-r1/chunk-15-trace.csv");
  EXPECT_NEAR(static_cast<double>(summary.requests), 33072, 5 * 1.5 * 182);  // the file's windows; CV about 1.5
}

}  // namespace
}  // namespace aifsim::serving
