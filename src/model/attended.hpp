// How many keys queries meet under a window. Exact for sequences of equal length; a batch stands in with its mean.
#pragma once

#include "model/model_spec.hpp"

namespace aifsim::model {

// Of one query that follows `cached` tokens. A chunked layer's query meets what its chunk has so far: past the first
// chunk half of it on average, since a batch's sequences stand anywhere in theirs.
[[nodiscard]] double attended(const SlidingWindow& window, double cached);

// (query, key) pairs of `chunk` queries after `before` tokens, each query meeting itself and what is before it.
[[nodiscard]] double causal_pairs(double before, double chunk);
[[nodiscard]] double causal_pairs(const SlidingWindow& window, double before, double chunk);

}  // namespace aifsim::model
