// What is said when a run can go no further: flows wait for channels that will not come back.
#pragma once

#include <string>
#include <vector>

namespace aifsim::task {

struct StalledFlow {
  std::string label, channel;
};

// Throws a ConfigError that names the first few; there is at least one.
[[noreturn]] void reject_stalled(const std::vector<StalledFlow>& flows);

}  // namespace aifsim::task
