// Parts of a kernel table's reader that its files share.
#pragma once

#include <string>

#include "config/node.hpp"
#include "hardware/kernel_profile.hpp"

namespace aifsim::hardware {

inline constexpr config::Range fraction{.min = 0.01, .max = 1};
inline constexpr config::Range not_negative{.min = 0};

// Reads how well a fit meets its measurements and forgets it: it is for the reader of the file.
void pass_over(const config::Node& fit);
[[nodiscard]] Precision precision_key(const config::Node& map, const std::string& key);
[[nodiscard]] AttentionProfile read_attention(const config::Node& node);
[[nodiscard]] ServingProfile read_serving_profile(const config::Node& node);

}  // namespace aifsim::hardware
