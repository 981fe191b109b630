// What a request may at most be. Internal to serving/sources.
#pragma once

namespace aifsim::serving {

inline constexpr int most_tokens = 100'000'000;  // of a prompt or an answer: sums of a batch stay within int64 by far

}  // namespace aifsim::serving
