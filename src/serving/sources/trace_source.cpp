// Requests of a trace: at its own times, scaled, cut and repeated; or its requests without the times.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "serving/sources/bodies.hpp"

namespace aifsim::serving {
namespace {

class Tally {
 public:
  explicit Tally(TraceTally* tally) : tally_(tally) {}
  void count(const TraceRecord& record) {
    if (tally_ == nullptr) return;
    if (tally_->requests.size() <= record.label) tally_->requests.resize(record.label + 1U);
    ++tally_->requests[record.label];
  }
  // Once for each reader, at its end.
  void finish(const TraceReader& reader) {
    if (tally_ == nullptr) return;
    if (tally_->labels.size() < reader.labels().size()) tally_->labels = reader.labels();
    tally_->requests.resize(std::max(tally_->labels.size(), tally_->requests.size()));
    tally_->skipped += reader.skipped();
    tally_->notes = reader.notes();
  }

 private:
  TraceTally* tally_;
};

class TraceSource : public RequestSource {
 public:
  TraceSource(const RequestPlan& plan, std::uint64_t seed, TraceTally* tally)
      : trace_(*plan.trace), plan_(plan), seed_(seed), tally_(tally), reader_(trace_.format->open(trace_.file, seed)) {
    advance();
  }

  std::optional<Seconds> next_arrival() override {
    if (!has_next_) return std::nullopt;
    return next_.request.prompt.arrival;
  }

  Request take() override {
    ensure(has_next_, "a request is taken only when there is a next arrival");
    tally_.count(next_);
    Request request = std::move(next_.request);
    request.prompt.id = taken_++;
    advance();
    return request;
  }

 private:
  // Reads the next request of the cut, in the time of the source.
  void advance() {
    has_next_ = (!plan_.limit || taken_ < *plan_.limit) && read();
    if (!has_next_) {
      tally_.finish(*reader_);
      return;
    }
    Prompt& prompt = next_.request.prompt;
    prompt.arrival = (prompt.arrival - trace_.from) / plan_.rate_scale + round_start_;
    clip(next_.request, plan_.max_input, plan_.max_output);
    if (plan_.duration && prompt.arrival >= *plan_.duration) {
      has_next_ = false;
      tally_.finish(*reader_);
    }
  }

  bool read() {
    while (!read_of_round()) {
      if (in_round_ == 0 || round_ + 1 >= trace_.loop) return false;
      begin_round();
    }
    return true;
  }

  bool read_of_round() {
    do {
      if (!reader_->next(next_)) return false;
    } while (next_.request.prompt.arrival < trace_.from);
    const Seconds arrival = next_.request.prompt.arrival;
    if (trace_.to && arrival >= *trace_.to) return false;
    if (in_round_ == 0) first_ = arrival;
    last_ = arrival;
    ++in_round_;
    return true;
  }

  // The next round begins one mean gap after the last request of this one; after the whole of a cut that has an end.
  void begin_round() {
    const double gaps = static_cast<double>(in_round_ > 1 ? in_round_ - 1 : 1);
    const Seconds length = trace_.to ? *trace_.to - trace_.from : last_ - trace_.from + (last_ - first_) / gaps;
    round_start_ += length / plan_.rate_scale;
    ++round_;
    in_round_ = 0;
    tally_.finish(*reader_);
    reader_ = trace_.format->open(trace_.file, seed_);
  }

  TracePlan trace_;
  RequestPlan plan_;
  std::uint64_t seed_;
  Tally tally_;
  std::unique_ptr<TraceReader> reader_;
  TraceRecord next_;
  bool has_next_ = false;
  std::uint64_t taken_ = 0, in_round_ = 0;
  int round_ = 0;
  Seconds round_start_, first_, last_;
};

class TraceBodies : public Bodies {
 public:
  TraceBodies(const TracePlan& plan, int max_input, int max_output, std::uint64_t seed, TraceTally* tally)
      : plan_(plan),
        max_input_(max_input),
        max_output_(max_output),
        seed_(seed),
        tally_(tally),
        reader_(plan.format->open(plan.file, seed)) {}

  std::optional<Request> first() override {
    TraceRecord record;
    while (!next(record)) {
      tally_.finish(*reader_);
      if (in_round_ == 0 || round_ + 1 >= plan_.loop) return std::nullopt;
      ++round_;
      in_round_ = 0;
      reader_ = plan_.format->open(plan_.file, seed_);
    }
    tally_.count(record);
    clip(record.request, max_input_, max_output_);
    return std::move(record.request);
  }

 private:
  bool next(TraceRecord& record) {
    do {
      if (!reader_->next(record)) return false;
    } while (record.request.prompt.arrival < plan_.from);
    if (plan_.to && record.request.prompt.arrival >= *plan_.to) return false;
    ++in_round_;
    return true;
  }

  TracePlan plan_;
  int max_input_, max_output_;
  std::uint64_t seed_;
  Tally tally_;
  std::unique_ptr<TraceReader> reader_;
  std::uint64_t in_round_ = 0;
  int round_ = 0;
};

// Lengths drawn with replacement, with the images that go with them. Holds the file's, 16 bytes a request.
class SampledBodies : public Bodies {
 public:
  SampledBodies(const TracePlan& plan, int max_input, int max_output, std::uint64_t seed, TraceTally* tally)
      : max_input_(max_input), max_output_(max_output), rng_(seed, "requests.lengths") {
    const auto reader = plan.format->open(plan.file, seed);
    TraceRecord record;
    while (reader->next(record)) {
      if (record.request.prompt.arrival < plan.from) continue;
      if (plan.to && record.request.prompt.arrival >= *plan.to) break;
      const Prompt& prompt = record.request.prompt;
      lengths_.push_back({prompt.tokens, record.request.output_tokens, prompt.images, prompt.image_tokens});
    }
    if (lengths_.empty()) throw ConfigError(Problem{plan.file, 0, 0, "", "requests to draw lengths from", "none", ""});
    if (tally != nullptr) tally->notes = reader->notes();
  }

  std::optional<Request> first() override {
    const Drawn& drawn = lengths_[rng_.below(lengths_.size())];
    Request request;
    request.prompt.tokens = drawn.input;
    request.output_tokens = drawn.output;
    bring_images(request.prompt, 0, drawn.images, drawn.image_tokens);
    clip(request, max_input_, max_output_);
    return request;
  }

 private:
  struct Drawn {
    int input, output, images, image_tokens;
  };
  int max_input_, max_output_;
  Rng rng_;
  std::vector<Drawn> lengths_;
};

}  // namespace

std::unique_ptr<Bodies> make_trace_bodies(const TracePlan& plan, int max_input, int max_output, std::uint64_t seed,
                                          TraceTally* tally) {
  if (plan.sample) return std::make_unique<SampledBodies>(plan, max_input, max_output, seed, tally);
  return std::make_unique<TraceBodies>(plan, max_input, max_output, seed, tally);
}

std::unique_ptr<RequestSource> make_trace_source(const RequestPlan& plan, std::uint64_t seed, TraceTally* tally) {
  return std::make_unique<TraceSource>(plan, seed, tally);
}

}  // namespace aifsim::serving
