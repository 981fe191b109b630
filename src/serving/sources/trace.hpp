// Request traces: files that say which requests came when. One reader per format, one row each in trace_registry.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serving/request.hpp"

namespace aifsim::serving {

struct TraceRecord {
  Request request;          // arrival counts from the trace's first request; no id yet
  std::uint32_t label = 0;  // index into labels()
};

// Reads a trace line by line: memory does not grow with its length.
class TraceReader {
 public:
  virtual ~TraceReader() = default;
  // False at the end. ConfigError with file:line:column when a line is not what it should be.
  virtual bool next(TraceRecord& record) = 0;
  // Kinds of requests that the file tells apart ("GPT-4", "search"), in the order of their first appearance.
  [[nodiscard]] virtual std::vector<std::string> labels() const { return {}; }
  [[nodiscard]] virtual std::uint64_t skipped() const { return 0; }  // failed requests, left out
  [[nodiscard]] virtual bool has_arrivals() const { return true; }   // otherwise all arrivals are 0
  [[nodiscard]] virtual bool may_bring_images() const { return false; }
  [[nodiscard]] virtual std::vector<std::string> notes() const { return {}; }  // what was assumed
};

struct TraceFormat {
  std::string_view name;
  std::string_view summary;
  bool (*fits)(std::string_view first_line);
  // `seed` is for formats that describe a generator.
  std::unique_ptr<TraceReader> (*open)(const std::string& path, std::uint64_t seed);
};

[[nodiscard]] std::span<const TraceFormat> trace_formats();
// Told by the first line that is not blank; nullptr when no format fits. ConfigError when the file cannot be read.
[[nodiscard]] const TraceFormat* detect_trace(const std::string& path);
// ConfigError at that line, with what it begins with; `expected` beside a trace of the known formats.
[[noreturn]] void refuse_kind_of_trace(const std::string& path, const std::string& expected = {});

// The readers, for the registry.
[[nodiscard]] std::unique_ptr<TraceReader> open_mooncake(const std::string& path, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<TraceReader> open_bailian(const std::string& path, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<TraceReader> open_jsonl(const std::string& path, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<TraceReader> open_csv(const std::string& path, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<TraceReader> open_burstgpt(const std::string& path, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<TraceReader> open_servegen(const std::string& path, std::uint64_t seed);

}  // namespace aifsim::serving
