// Synthetic requests: arrivals, lengths, conversations, closed loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>

#include "serving/source_case.hpp"

namespace aifsim::serving {
namespace {

double seconds(const Request& request) { return request.prompt.arrival.in(units::s); }

struct Moments {
  double mean = 0, cv = 0;
};
Moments gaps_of(const std::vector<Request>& requests) {
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 1; i < requests.size(); ++i) {
    const double gap = seconds(requests[i]) - seconds(requests[i - 1]);
    sum += gap;
    squares += gap * gap;
  }
  const auto count = static_cast<double>(requests.size() - 1);
  const double mean = sum / count;
  return {mean, std::sqrt(squares / count - mean * mean) / mean};
}

TEST(Source, poisson_gaps_have_the_mean_and_cv_1) {
  const Moments gaps = gaps_of(requests_of("{arrivals: poisson, rate: 4, count: 100000, input: 10, output: 5}"));
  EXPECT_NEAR(gaps.mean, 0.25, 0.004);  // five standard errors
  EXPECT_NEAR(gaps.cv, 1, 0.02);
}

TEST(Source, gamma_gaps_have_the_cv_asked_for) {
  for (const double cv : {0.3, 2.0}) {
    const Moments gaps = gaps_of(
        requests_of("{arrivals: gamma, cv: " + std::to_string(cv) + ", rate: 4, count: 100000, input: 10, output: 5}"));
    EXPECT_NEAR(gaps.mean, 0.25, 0.25 * 5 * cv / std::sqrt(1e5));
    EXPECT_NEAR(gaps.cv, cv, 0.05 * cv);
  }
}

TEST(Source, uniform_gaps_are_equal_and_a_duration_ends_them) {
  const auto requests = requests_of("{arrivals: uniform, rate: 2, duration: 10 s, input: 10, output: 5}");
  ASSERT_EQ(requests.size(), 20U);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    EXPECT_NEAR(seconds(requests[i]), 0.5 * static_cast<double>(i), 1e-12);
    EXPECT_EQ(requests[i].prompt.id, i);
    EXPECT_TRUE(requests[i].prompt.blocks.empty());
  }
}

TEST(Source, bursts_come_together_at_the_rate_of_their_requests) {
  const auto requests = requests_of("{arrivals: burst, burst_size: 8, rate: 4, count: 80000, input: 10, output: 5}");
  for (std::size_t i = 0; i < requests.size(); i += 8) EXPECT_EQ(seconds(requests[i]), seconds(requests[i + 7]));
  EXPECT_NEAR(seconds(requests.back()), 20000, 1000);
}

TEST(Source, a_rate_may_change_and_pause) {
  const auto requests = requests_of(
      "{arrivals: poisson, rate: [{from: 0 s, rate: 100}, {from: 100 s, rate: 0}, {from: 200 s, rate: 10}], "
      "rate_scale: 2, duration: 300 s, input: 10, output: 5}");
  std::map<int, int> by_span;
  for (const Request& request : requests) ++by_span[static_cast<int>(seconds(request) / 100)];
  EXPECT_NEAR(by_span[0], 20000, 5 * 142);
  EXPECT_EQ(by_span[1], 0);
  EXPECT_NEAR(by_span[2], 2000, 5 * 45);
}

TEST(Source, all_at_once) {
  const auto requests = requests_of("{arrivals: all-at-once, count: 50, input: 10, output: 5}");
  ASSERT_EQ(requests.size(), 50U);
  EXPECT_EQ(seconds(requests.back()), 0);
}

TEST(Source, same_seed_same_requests_and_another_seed_others) {
  const std::string yaml =
      "{arrivals: gamma, cv: 2, rate: 4, count: 500, input: {mean: 500, cv: 1}, output: {uniform: [1, 9]}, "
      "shared_prefix: {tokens: 100, groups: 3}, sessions: {turns: 3, think_time: {mean: 1 s}}, adapters: 4}";
  const auto same = [](const std::vector<Request>& a, const std::vector<Request>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Request& x, const Request& y) {
      return x.prompt.arrival == y.prompt.arrival && x.prompt.blocks == y.prompt.blocks &&
             x.prompt.tokens == y.prompt.tokens && x.output_tokens == y.output_tokens &&
             x.prompt.adapter == y.prompt.adapter;
    });
  };
  const auto first = requests_of(yaml, 7);
  EXPECT_EQ(first.size(), 1500U);
  EXPECT_TRUE(same(first, requests_of(yaml, 7)));
  EXPECT_FALSE(same(first, requests_of(yaml, 8)));
}

// Other consumers draw from streams of their own.
TEST(Source, arrivals_do_not_depend_on_lengths) {
  const auto fixed = requests_of("{arrivals: poisson, rate: 4, count: 100, input: 10, output: 5}");
  const auto drawn =
      requests_of("{arrivals: poisson, rate: 4, count: 100, input: {mean: 10, cv: 1}, output: {uniform: [1, 5]}}");
  for (std::size_t i = 0; i < fixed.size(); ++i) EXPECT_EQ(seconds(fixed[i]), seconds(drawn[i]));
}

TEST(Source, lengths_follow_their_laws) {
  const auto drawn = [](const std::string& input) {
    return requests_of("{arrivals: all-at-once, count: 50000, output: 1, input: " + input + "}");
  };
  const auto mean = [](const std::vector<Request>& requests) {
    double sum = 0;
    for (const Request& request : requests) sum += request.prompt.tokens;
    return sum / static_cast<double>(requests.size());
  };
  const auto [least, most] = [](const std::vector<Request>& requests) {
    const auto ends = std::minmax_element(requests.begin(), requests.end(), [](const Request& a, const Request& b) {
      return a.prompt.tokens < b.prompt.tokens;
    });
    return std::pair(ends.first->prompt.tokens, ends.second->prompt.tokens);
  }(drawn("{max: 1023, range_ratio: 0.8}"));
  EXPECT_EQ(least, 818);  // floor(0.8 x 1023)
  EXPECT_EQ(most, 1023);
  EXPECT_NEAR(mean(drawn("{uniform: [100, 200]}")), 150, 1);
  EXPECT_NEAR(mean(drawn("{mean: 1000, cv: 1}")), 1000, 25);
  EXPECT_NEAR(mean(drawn("{histogram: {100: 3, 500: 1, 900: 0}}")), 200, 5);
}

// However long answers take: never more users in flight than there are, and always all of them until the end.
TEST(Source, a_closed_loop_never_has_more_in_flight_than_users) {
  const auto source = make_requests(
      plan_of("{arrivals: closed-loop, users: 7, count: 2000, input: 10, output: {uniform: [1, 50]}}"), 3);
  std::multimap<double, Request> in_flight;  // by the time of the answer
  std::size_t taken = 0;
  double now = 0;
  while (source->next_arrival() || !in_flight.empty()) {
    const auto arrival = source->next_arrival();
    if (arrival && (in_flight.empty() || arrival->in(units::s) <= in_flight.begin()->first)) {
      Request request = source->take();
      EXPECT_GE(seconds(request), now);
      now = seconds(request);
      in_flight.emplace(now + request.output_tokens, request);
      ++taken;
      ASSERT_LE(in_flight.size(), 7U);
      continue;
    }
    if (taken < 2000) {
      EXPECT_EQ(in_flight.size(), 7U);
    }
    const auto done = in_flight.extract(in_flight.begin());
    now = done.key();
    source->ended(done.mapped(), now * units::s);
  }
  EXPECT_EQ(taken, 2000U);
}

TEST(Source, users_think_before_they_ask_again) {
  const auto source =
      make_requests(plan_of("{arrivals: closed-loop, users: 1, think_time: 3 s, count: 3, input: 10, output: 5}"), 1);
  const Request first = source->take();
  EXPECT_FALSE(source->next_arrival());
  source->ended(first, 10 * units::s);
  EXPECT_EQ(source->next_arrival()->in(units::s), 13);
}

std::size_t common_prefix(const Prompt& a, const Prompt& b) {
  const auto ends = std::mismatch(a.blocks.begin(), a.blocks.end(), b.blocks.begin(), b.blocks.end());
  return static_cast<std::size_t>(ends.first - a.blocks.begin());
}

TEST(Source, a_turn_begins_with_the_turn_before_and_its_answer) {
  const auto requests = requests_of(
      "{arrivals: poisson, rate: 1, count: 20, input: {uniform: [20, 60]}, output: {uniform: [5, 90]}, "
      "shared_prefix: {tokens: 100}, sessions: {turns: {uniform: [1, 6]}, think_time: 2 s}}");
  std::map<std::uint32_t, Request> last;
  std::size_t later_turns = 0;
  for (const Request& request : requests) {
    const Prompt& prompt = request.prompt;
    ASSERT_EQ(prompt.block_tokens, 16);
    ASSERT_EQ(prompt.blocks.size(), static_cast<std::size_t>((prompt.tokens + 15) / 16));
    const auto before = last.find(prompt.session);
    if (before != last.end()) {
      ++later_turns;
      EXPECT_GE(prompt.tokens, before->second.prompt.tokens + before->second.output_tokens + 20);
      EXPECT_NEAR(seconds(request), seconds(before->second) + 2, 1e-9);
      // All whole blocks; a partial one is filled by the answer and has another name then.
      EXPECT_EQ(common_prefix(before->second.prompt, prompt),
                static_cast<std::size_t>(before->second.prompt.tokens / 16));
    } else if (!last.empty()) {
      EXPECT_EQ(common_prefix(last.begin()->second.prompt, prompt), 6U);  // whole blocks of the shared 100 tokens
    }
    last[prompt.session] = request;
  }
  EXPECT_EQ(last.size(), 20U);
  EXPECT_GT(later_turns, 20U);
}

TEST(Source, groups_and_adapters_share_only_among_themselves) {
  const auto requests = requests_of(
      "{arrivals: all-at-once, count: 400, input: 40, output: 5, shared_prefix: {tokens: 64, groups: 3}, adapters: "
      "{count: 2, skew: 1}}");
  std::map<std::uint64_t, std::set<std::uint32_t>> adapters_of_first_block;
  for (const Request& request : requests)
    adapters_of_first_block[request.prompt.blocks.front()].insert(request.prompt.adapter);
  EXPECT_EQ(adapters_of_first_block.size(), 6U);
  for (const auto& [block, adapters] : adapters_of_first_block) EXPECT_EQ(adapters.size(), 1U);
  const auto first =
      std::count_if(requests.begin(), requests.end(), [](const Request& r) { return r.prompt.adapter == 1; });
  EXPECT_NEAR(static_cast<double>(first), 400 * 2.0 / 3, 48);  // 1 : 1/2, five standard errors
}

TEST(Source, images_come_on_top) {
  const auto requests = requests_of(
      "{arrivals: all-at-once, count: 1000, input: 40, output: 5, images: {tokens: 576, count: 2, share: 0.25}}");
  int with = 0;
  for (const Request& request : requests) {
    EXPECT_EQ(request.prompt.tokens, 40 + request.prompt.image_tokens);
    EXPECT_TRUE(request.prompt.image_tokens == 0 || request.prompt.image_tokens == 1152);
    with += request.prompt.image_tokens > 0 ? 1 : 0;
  }
  EXPECT_NEAR(with, 250, 70);
}

TEST(Source, limits_clip_and_end_conversations) {
  const auto requests = requests_of(
      "{arrivals: all-at-once, count: 5, input: 100, output: 50, sessions: {turns: 10}, max_input: 450, max_output: "
      "20}");
  for (const Request& request : requests) {
    EXPECT_LE(request.prompt.tokens, 450);
    EXPECT_EQ(request.output_tokens, 20);
    EXPECT_EQ(request.prompt.output_limit, 20);
  }
  EXPECT_EQ(requests.size(), 5U * 3);  // 100, 220, 340; 460 would be too long
}

TEST(Source, a_long_stream_is_in_the_order_of_arrival) {
  const auto source =
      make_requests(plan_of("{arrivals: gamma, cv: 3, rate: 1000, count: 200000, input: 4, output: 1}"), 1);
  std::uint64_t count = 0;
  Seconds last;
  while (const auto arrival = source->next_arrival()) {
    const Request request = source->take();
    EXPECT_GE(*arrival, last);
    last = *arrival;
    ++count;
  }
  EXPECT_EQ(count, 200000U);
}

}  // namespace
}  // namespace aifsim::serving
