// No contention: every task runs as if alone. The oracle (no executor is faster) and the test double.
#pragma once

#include <memory>
#include <vector>

#include "task/executor.hpp"

namespace aifsim::task {

// `channel_capacity[i]` is the capacity of ChannelId i. A flow runs at the least of capacity / multiplicity over its
// path and its rate_limit, and slows no compute.
[[nodiscard]] std::unique_ptr<Executor> make_ideal_executor(std::vector<BytesPerSecond> channel_capacity);

}  // namespace aifsim::task
