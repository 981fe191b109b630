// What requests are like, apart from when they arrive.
#pragma once

#include <memory>
#include <optional>

#include "serving/request.hpp"
#include "serving/request_plan.hpp"

namespace aifsim::serving {

struct NextTurn {
  Request request;
  Seconds wait;  // after the turn before has ended
};

class Bodies {
 public:
  virtual ~Bodies() = default;
  // The first request of another conversation; nothing when there are no more.
  [[nodiscard]] virtual std::optional<Request> first() = 0;
  // The turn after `ended` of its conversation; nothing when that was the last.
  [[nodiscard]] virtual std::optional<NextTurn> after(const Request& /*ended*/) { return std::nullopt; }
};

[[nodiscard]] std::unique_ptr<Bodies> make_synthetic_bodies(const PromptPlan& plan, int max_input, int max_output,
                                                            std::uint64_t seed);
// The requests of a trace, in its order; or drawn from it, lengths only, without end.
[[nodiscard]] std::unique_ptr<Bodies> make_trace_bodies(const TracePlan& plan, int max_input, int max_output,
                                                        std::uint64_t seed, TraceTally* tally);
[[nodiscard]] Seconds draw_think(const ThinkTime& think, Rng& rng);

// Bodies at times of their own.
[[nodiscard]] std::unique_ptr<RequestSource> make_paced_source(const RequestPlan& plan, std::unique_ptr<Bodies> bodies,
                                                               std::uint64_t seed);
// A trace at its own times.
[[nodiscard]] std::unique_ptr<RequestSource> make_trace_source(const RequestPlan& plan, std::uint64_t seed,
                                                               TraceTally* tally);

void clip(Request& request, int max_input, int max_output);

}  // namespace aifsim::serving
