// Where one device's time went: exposed seconds by cause.
#pragma once

#include <map>
#include <span>
#include <string>

#include "metrics/timeline.hpp"
#include "task/task_graph.hpp"

namespace aifsim::metrics {

using Breakdown = std::map<std::string, Seconds>;

// At each instant between timeline.begin() and end(): the cause of the compute task that runs on the device; else of
// its communication (of several, the one that ends last); else "bubble". Sums to timeline.elapsed(). A delay belongs to
// the device it names; one that names none to every device with a task that waits for it, directly or through other
// delays and joins.
[[nodiscard]] Breakdown exposed_breakdown(const task::TaskGraph& graph, const Timeline& timeline, DeviceId device);

}  // namespace aifsim::metrics
