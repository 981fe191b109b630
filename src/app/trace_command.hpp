// aifsim trace: what a request trace, or a generator of requests, is like.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace aifsim::app {

enum class TraceOutput { text, json };

struct TraceCommandOptions {
  std::string file;                // a trace, or a YAML file with `requests:`
  std::vector<std::string> sets;   // of the requests: "limit=1000", "cut.to=60 s"
  std::uint64_t cache_blocks = 0;  // 0 = not asked
  std::uint64_t seed = 1;
  TraceOutput format = TraceOutput::text;
};

void trace_command(const TraceCommandOptions& options);

// "mooncake (Mooncake JSONL …)": reads all of a trace; ConfigError at its first mistake. For `aifsim check`.
[[nodiscard]] bool is_trace_file(const std::string& path);
[[nodiscard]] std::string check_trace_file(const std::string& path);

}  // namespace aifsim::app
