// Who joins a batch, and what an iteration does. A scheduler only decides, from what a real engine knows: lengths of
// prompts, limits of answers, counters. It never sees how long an answer will be.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "serving/engine.hpp"
#include "serving/kv_cache_shape.hpp"

namespace aifsim::serving {

// The engine between two iterations.
struct EngineView {
  int running = 0;   // sequences that have joined and are not done
  int decoding = 0;  // of them, those whose prompt is done
  int waiting = 0;
};

// The attention group that a waiting request would join.
struct GroupView {
  int running = 0;
  CacheUnits total = 0, available = 0;  // available: unused, or kept for nobody in particular
  CacheUnits promised = 0;              // of all who have joined, if each answer gets as long as it may
  double units_per_token = 0;           // of cache, of a token that is added to a sequence
  double expected_tokens = 0;  // of output to come, if each answer gets as long as it may or `longest_estimate`
};

// The request at the head of the queue.
struct Candidate {
  int uncached_tokens = 0;  // to prefill
  int output_limit = 0;     // the longest answer it may get
  CacheUnits lacking = 0;   // of cache for its prompt; what its prefix cache hits keep from eviction counts too
  CacheUnits whole = 0;     // of cache for prompt and the longest answer
};

// What the next iteration may hold.
struct Turn {
  bool admit = true;                  // waiting requests may join
  bool decode_beside_prefill = true;  // decodes come first, and prefill chunks get what is left of the token budget;
                                      // else chunks run alone, and decodes wait
};

class BatchScheduler {
 public:
  // Output that engines reckon with at most where they estimate.
  static constexpr int longest_estimate = 4096;  // SGLang's CLIP_MAX_NEW_TOKENS

  virtual ~BatchScheduler() = default;
  [[nodiscard]] virtual Turn turn(const EngineView& engine) const = 0;
  [[nodiscard]] virtual bool admits(const Candidate& candidate, const GroupView& group) const = 0;
  // Somebody waits who was not admitted: may that change while the same sequences go on decoding?
  [[nodiscard]] virtual bool asks_every_iteration() const { return false; }
  // What happened.
  virtual void decoded(std::int64_t /*iterations*/) {}
  // A sequence was preempted; those left have made so many tokens, and may make so many in all.
  virtual void preempted(int /*running*/, double /*made*/, double /*limit*/) {}
};

// Decides about memory alone; schedulers have one.
class AdmissionRule {
 public:
  virtual ~AdmissionRule() = default;
  [[nodiscard]] virtual bool admits(const Candidate& candidate, const GroupView& group) const = 0;
  [[nodiscard]] virtual bool asks_every_iteration() const { return false; }
  virtual void decoded(std::int64_t /*iterations*/) {}
  virtual void preempted(int /*running*/, double /*made*/, double /*limit*/) {}
};

// The registry.
struct BatchingPolicy {
  Batching batching;
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<BatchScheduler> (*make)(std::unique_ptr<AdmissionRule> admission);
};
[[nodiscard]] std::span<const BatchingPolicy> batching_policies();  // in the order of Batching

struct AdmissionPolicy {
  Admission admission;
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<AdmissionRule> (*make)(const EngineOptions& options);
};
[[nodiscard]] std::span<const AdmissionPolicy> admission_policies();  // in the order of Admission

[[nodiscard]] std::unique_ptr<BatchScheduler> make_scheduler(const EngineOptions& options);

}  // namespace aifsim::serving
