// The GPU time of one model's passes on one engine, memoised: by token count, by sampled rows, by sequences and
// context.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hardware/gpu_spec.hpp"
#include "model/inference.hpp"
#include "serving/exchange_cost.hpp"
#include "serving/iteration_pricer.hpp"

namespace aifsim::serving {

// What a pass takes, and how many kernels the host has to launch for it.
struct PassTime {
  Seconds kernels, exchanges;
  double launches = 0;
  PassTime& operator+=(const PassTime& other);
};
[[nodiscard]] PassTime operator*(PassTime time, double factor);
// On the line from `low` to `high`.
[[nodiscard]] PassTime between(const PassTime& low, const PassTime& high, double share);

class PassCost {
 public:
  // All must outlive it.
  PassCost(model::ModelSpec model, const model::InferencePlan& plan, const hardware::GpuSpec& gpu,
           const ExchangeCost& exchanges);

  // Everything but attention, for `tokens` of one attention group. Exact up to 128 tokens, beyond them on lines between
  // 64 points to an octave.
  [[nodiscard]] PassTime body(double tokens) const;
  // The same with `engine_tokens` in all attention groups together, which the experts see. 0: as many in each.
  [[nodiscard]] PassTime body(double tokens, double engine_tokens) const;
  [[nodiscard]] PassTime head(double sampled) const;
  [[nodiscard]] PassTime prefill_attention(const model::Batch& batch) const;

  // Attention of decoding sequences lies on a line as their context goes from `from` to `to` (which may be infinite).
  struct Segment {
    PassTime low, high;
    double from = 0, to = 0;
    [[nodiscard]] double end() const;  // of the line: finite
  };
  [[nodiscard]] Segment decode_attention(int sequences, double tokens_each, double context) const;

  // Of decoding sequences in an iteration with prompts. Some libraries run both in one launch, decodes as prompts of a
  // token (hardware::KernelProfile).
  [[nodiscard]] PassTime decode_beside_prompts(const model::Batch& batch) const;

  // Adds the exchanges of body(tokens, engine_tokens) and head(sampled), so many times. Sizes are rounded up to 16 in
  // an octave.
  void add_exchanges(double tokens, double engine_tokens, double sampled, double times, ExchangeUses& uses) const;
  // What LoRA adapters add, `tokens` being those of sequences with one. On the same lines as body().
  [[nodiscard]] PassTime adapters(double tokens, double adapters) const;

  [[nodiscard]] PassTime priced(const model::Pass& pass) const;
  [[nodiscard]] const model::ModelSpec& model() const { return model_; }

 private:
  [[nodiscard]] const PassTime& body_at(int tokens) const;
  [[nodiscard]] const PassTime& experts_at(int engine_tokens) const;
  [[nodiscard]] PassTime experts(double engine_tokens) const;
  [[nodiscard]] const PassTime& adapters_at(int tokens, int adapters) const;
  [[nodiscard]] const PassTime& decode_at(int sequences, double tokens_each, int anchor) const;

  model::ModelSpec model_;
  const model::InferencePlan& plan_;
  const hardware::GpuSpec& gpu_;
  const ExchangeCost& exchanges_;
  mutable std::vector<std::optional<PassTime>> bodies_, heads_;
  mutable std::vector<std::optional<PassTime>> experts_;
  mutable std::vector<std::vector<std::optional<PassTime>>> decodes_;
  mutable std::unordered_map<std::uint64_t, PassTime> adapters_;  // by tokens and adapters
  [[nodiscard]] const ExchangeUses& exchanges_at(int tokens, int engine_tokens, int sampled) const;
  mutable std::map<std::array<int, 3>, ExchangeUses> exchange_uses_;
};

}  // namespace aifsim::serving
