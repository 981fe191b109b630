// Open and closed loops: bodies of requests, sent at times of their own.
#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <utility>

#include "base/error.hpp"
#include "serving/sources/bodies.hpp"

namespace aifsim::serving {
namespace {

// Something that waits for its time: a turn, or a user who will begin another conversation.
struct Waiting {
  Seconds when;
  std::uint64_t sequence = 0;
  bool is_turn = false;
  Request turn;
};
struct Later {
  bool operator()(const Waiting& a, const Waiting& b) const {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }
};

class PacedSource : public RequestSource {
 public:
  PacedSource(const RequestPlan& plan, std::unique_ptr<Bodies> bodies, std::uint64_t seed)
      : plan_(plan.arrivals),
        duration_(plan.duration),
        bodies_(std::move(bodies)),
        thinking_(seed, "requests.think"),
        left_(plan.limit.value_or(std::numeric_limits<std::uint64_t>::max())) {
    if (closed()) {
      for (int user = 0; user < plan_.users; ++user) waiting_.push({.sequence = sequence_++});
    } else if (plan_.law != ArrivalLaw::all_at_once) {
      arrivals_.emplace(plan_.rate, plan.duration, plan_.burst, Rng(seed, "requests.arrivals"));
    }
    fetch_body();
    next_start();
  }

  std::optional<Seconds> next_arrival() override {
    while (!waiting_.empty() && !waiting_.top().is_turn && !body_) waiting_.pop();  // users with nothing left to ask
    if (waiting_.empty()) return start_;
    return start_ ? std::min(*start_, waiting_.top().when) : waiting_.top().when;
  }

  Request take() override {
    const auto when = next_arrival();
    ensure(when.has_value(), "a request is taken only when there is a next arrival");
    const bool from_queue =
        !waiting_.empty() && waiting_.top().when == *when && (!start_ || *start_ > *when || waiting_.top().is_turn);
    Request request = from_queue ? take_waiting() : take_start();
    if (plan_.in_step > 0 && taken_ < static_cast<std::uint64_t>(plan_.users)) cut_short(request);
    request.prompt.arrival = *when;
    request.prompt.id = taken_++;
    return request;
  }

  void ended(const Request& request, Seconds when) override {
    if (auto turn = bodies_->after(request)) {
      waiting_.push({when + turn->wait, sequence_++, true, std::move(turn->request)});
    } else if (closed() && body_) {
      const Seconds again = when + draw_think(plan_.think, thinking_);
      if (!duration_ || again < *duration_) waiting_.push({.when = again, .sequence = sequence_++});
    }
  }

 private:
  [[nodiscard]] bool closed() const { return plan_.law == ArrivalLaw::closed_loop; }

  // Clumps of users of a loop that has run for long are evenly spread over their answers.
  void cut_short(Request& request) const {
    const double clumps = std::ceil(1.0 * plan_.users / plan_.in_step);
    const double share = (std::floor(static_cast<double>(taken_) / plan_.in_step) + 0.5) / clumps;
    request.output_tokens = std::max(1, static_cast<int>(std::lround(request.output_tokens * share)));
  }

  Request take_waiting() {
    // A queue shows its top as constant; it is popped at once.
    Waiting next = std::move(const_cast<Waiting&>(waiting_.top()));
    waiting_.pop();
    return next.is_turn ? std::move(next.turn) : take_body();
  }
  Request take_start() {
    Request request = take_body();
    next_start();
    return request;
  }
  Request take_body() {
    Request request = std::move(*body_);
    fetch_body();
    return request;
  }

  void fetch_body() {
    body_.reset();
    if (left_ == 0) return;
    --left_;
    body_ = bodies_->first();
  }
  void next_start() {
    start_.reset();
    if (closed() || !body_) return;
    start_ = arrivals_ ? arrivals_->next() : std::optional<Seconds>(Seconds{});
  }

  ArrivalPlan plan_;
  std::optional<Seconds> duration_;
  std::unique_ptr<Bodies> bodies_;
  Rng thinking_;
  std::uint64_t left_;
  std::optional<Arrivals> arrivals_;
  std::optional<Request> body_;   // of the next conversation
  std::optional<Seconds> start_;  // of it, in an open loop
  std::priority_queue<Waiting, std::vector<Waiting>, Later> waiting_;
  std::uint64_t sequence_ = 0, taken_ = 0;
};

}  // namespace

std::unique_ptr<RequestSource> make_paced_source(const RequestPlan& plan, std::unique_ptr<Bodies> bodies,
                                                 std::uint64_t seed) {
  return std::make_unique<PacedSource>(plan, std::move(bodies), seed);
}

}  // namespace aifsim::serving
