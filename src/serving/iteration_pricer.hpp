// What a replica asks about the time of its iterations. IterationCost answers for real engines, fakes in tests.
#pragma once

#include <array>
#include <limits>

#include "base/quantity.hpp"
#include "model/inference.hpp"
#include "serving/exchange_shape.hpp"

namespace aifsim::serving {

// Iterations that only decode take time along a line as their context grows, as long as the sequences stay the same and
// the context (all cached tokens of one attention group together) does not pass `until_context`: from there on
// another line holds.
struct DecodeLine {
  Seconds fixed;      // of an iteration at no context
  Seconds per_token;  // of each cached token
  double until_context = std::numeric_limits<double>::infinity();
};

// Exchanges of one kind in an iteration: how many, how much in all, how long in all when nothing else uses their
// channels.
struct ExchangeUse {
  double times = 0;
  Bytes bytes;
  Seconds time;
};
using ExchangeUses = std::array<ExchangeUse, model::exchange_count>;

// LoRA adapters of the sequences that decode in one attention group.
struct AdapterLoad {
  double tokens = 0;    // of an iteration, of sequences with one
  double adapters = 0;  // different ones
};

class IterationPricer {
 public:
  virtual ~IterationPricer() = default;
  // From the start of one iteration to the start of the next, host included. All attention groups have a batch like
  // this.
  [[nodiscard]] virtual Seconds time(const model::Batch& batch) const = 0;
  // For `sequences` that decode in one attention group with `context` cached tokens in all. time() of such a batch is
  // on this line within rounding.
  [[nodiscard]] virtual DecodeLine decode(int sequences, double context, const AdapterLoad& adapters) const = 0;

  // Where movements share the channels of its exchanges: what they are,
  [[nodiscard]] virtual ExchangeUses exchanges(const model::Batch& /*batch*/) const { return {}; }
  // how one of them loads the fabric,
  [[nodiscard]] virtual const ExchangeShape* shape(model::Exchange /*exchange*/, Bytes /*bytes*/) const {
    return nullptr;
  }
  // and time() of a batch whose exchanges take so much longer in all.
  [[nodiscard]] virtual Seconds slowed(const model::Batch& batch, Seconds longer) const { return time(batch) + longer; }
};

}  // namespace aifsim::serving
