// The `requests:` map of a serving workload, as plain, valid data, and the source of requests it describes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "config/node.hpp"
#include "serving/request.hpp"
#include "serving/sources/arrivals.hpp"
#include "serving/sources/lengths.hpp"
#include "serving/sources/trace.hpp"

namespace aifsim::serving {

enum class ArrivalLaw {
  poisson,
  gamma,    // gaps with a chosen coefficient of variation
  uniform,  // equal gaps
  burst,    // bursts of requests at the same time, as a Poisson process
  all_at_once,
  closed_loop,  // users who each wait for the answer, think, and ask again
  as_traced,
};

// Between an answer and the next request of the same user or conversation.
struct ThinkTime {
  Seconds mean;
  bool exponential = false;
};

struct ArrivalPlan {
  ArrivalLaw law = ArrivalLaw::as_traced;
  std::vector<RateStep> rate;  // open loops: of new conversations (a request without turns is one)
  int burst = 1;
  int users = 0;  // closed loop
  // Closed loop, met in its stride: first answers are cut short so that this many users at a time go in step and all
  // others are elsewhere in theirs; 0 = all start together.
  int in_step = 0;
  ThinkTime think;  // closed loop, between conversations
};

// Draws from `count` kinds; with skew s the k-th is k^-s times as likely as the first.
struct Kinds {
  int count = 0;
  double skew = 0;
};

// What synthetic requests are like.
struct PromptPlan {
  Lengths input;  // new tokens of a turn
  Lengths output;
  std::optional<Lengths> first_input;  // of a conversation's first turn, where it differs
  int prefix_tokens = 0;               // shared, before `input`
  Kinds prefix_groups{.count = 1};
  int block_tokens = 16;
  std::optional<Lengths> turns;  // of a conversation; nothing: requests are on their own
  ThinkTime think;               // between turns
  double image_share = 0;        // of turns that bring images
  Lengths images, image_tokens;  // how many, and tokens of each, on top of `input`
  Kinds adapters;
};

struct TracePlan {
  std::string file;
  const TraceFormat* format = nullptr;
  bool sample = false;  // lengths alone, drawn from the file at random
  int loop = 1;
  Seconds from;  // cut: time in the trace, which becomes 0
  std::optional<Seconds> to;
};

struct RequestPlan {
  std::optional<TracePlan> trace;  // else synthetic
  std::optional<PromptPlan> prompts;
  ArrivalPlan arrivals;
  double rate_scale = 1;               // of traced arrivals; rates are scaled already
  std::optional<std::uint64_t> limit;  // conversations; of a trace, requests
  std::optional<Seconds> duration;     // nothing begins at this time or later
  int max_input = 0, max_output = 0;   // tokens; 0 = no limit
};

// What a source left out and told apart. Complete when the source has no more requests.
struct TraceTally {
  std::uint64_t skipped = 0;
  std::vector<std::string> labels;
  std::vector<std::uint64_t> requests;  // by label
  std::vector<std::string> notes;
};

// Problems go to the document; a path is relative to the file it is written in. On problems the plan is harmless.
[[nodiscard]] RequestPlan read_request_plan(const config::Node& requests);
// Does any request bring images? Reads a trace that may, up to the first that does.
[[nodiscard]] bool brings_images(const RequestPlan& plan);
// `tally`, when given, must outlive the source. ConfigError when a trace cannot be read, from take() too.
[[nodiscard]] std::unique_ptr<RequestSource> make_requests(const RequestPlan& plan, std::uint64_t seed,
                                                           TraceTally* tally = nullptr);

}  // namespace aifsim::serving
