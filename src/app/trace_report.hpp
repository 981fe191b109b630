// What `aifsim trace` prints of a trace that it has read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/trace_command.hpp"
#include "serving/request_plan.hpp"
#include "serving/sources/trace_summary.hpp"

namespace aifsim::app {

struct InspectedTrace {
  std::string format;
  bool answered_at_once = false;  // the source waits for answers
  serving::TraceSummary summary;
  serving::TraceTally tally;
};

[[nodiscard]] std::string json_of_trace(const TraceCommandOptions& options, const InspectedTrace& trace);
[[nodiscard]] std::string text_of_trace(const TraceCommandOptions& options, const InspectedTrace& trace);

[[nodiscard]] inline double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}
// Powers of two up to what holds every block, and that.
[[nodiscard]] std::vector<std::uint64_t> cache_sizes(const serving::CacheModel& cache);

}  // namespace aifsim::app
