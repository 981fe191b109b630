// One attention group of an engine: its cache and the sequences that run on it.
#pragma once

#include <cstdint>

#include "serving/adapter_tally.hpp"
#include "serving/kv_cache.hpp"
#include "serving/kv_cache_growth.hpp"
#include "serving/replica_sequence.hpp"

namespace aifsim::serving {

// Lengths are counted in quanta, so that a fractional number of tokens in an iteration (speculative decoding) adds up
// without rounding.
struct TokenQuanta {
  std::int64_t token = 1;      // quanta of one token
  std::int64_t iteration = 1;  // quanta that each sequence gains in an iteration
  std::int64_t lookahead = 0;  // tokens: slots for drafts
  [[nodiscard]] double tokens(std::int64_t quanta) const {
    return static_cast<double>(quanta) / static_cast<double>(token);
  }
  [[nodiscard]] double tokens_per_iteration() const { return tokens(iteration); }
};
[[nodiscard]] TokenQuanta token_quanta(const EngineOptions& options);

struct AttentionGroup {
  AttentionGroup(const CacheShape& shape, const TokenQuanta& quanta, std::uint32_t replica)
      : cache(shape, replica), growth(shape.block_tokens * quanta.token) {}

  KvCache cache;
  CacheGrowth growth;        // of those that decode
  AdapterTally adapters;     // the same
  CacheUnits committed = 0;  // of what is available, for the iterations under way
  int running = 0;           // prefilling and decoding
  int decoding = 0;
  int reserved = 0;          // with cache but not yet running
  std::int64_t context = 0;  // quanta that the next decode iteration attends to
  CacheUnits promised = 0;
  std::int64_t expected = 0;  // quanta
  SequenceIndex oldest = no_sequence, newest = no_sequence;

  [[nodiscard]] CacheUnits available() const { return cache.available() - committed; }
};

}  // namespace aifsim::serving
