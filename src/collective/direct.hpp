// The plan of an all_to_all whose messages all leave at once, with one library's kernels.
#pragma once

#include "collective/algorithm.hpp"

namespace aifsim::collective {

[[nodiscard]] CollectivePlan plan_all_at_once(std::string_view algorithm, const Situation& situation);

}  // namespace aifsim::collective
