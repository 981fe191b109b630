// What traces call their columns. Internal to serving/sources.
#pragma once

#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace aifsim::serving {

// The names in use by Azure, Vidur, Splitwise, LLMServingSim, vLLM's and SGLang's benchmarks, and their likes.
inline constexpr std::array<std::string_view, 14> arrival_names{
    "timestamp",    "arrival",     "arrived_at", "arrival_s",    "arrival_time", "arrival_time_s", "arrival_timestamp",
    "timestamp(s)", "timestamp_s", "arrival_ms", "timestamp_ms", "arrival_us",   "arrival_ns",     "arrival_time_ns"};
inline constexpr std::array<std::string_view, 11> input_names{
    "input_tokens",   "input_length",  "num_prefill_tokens", "prompt_tokens",  "prompt_size", "prompt_len",
    "context_tokens", "contexttokens", "input_toks",         "request_tokens", "isl"};
inline constexpr std::array<std::string_view, 12> output_names{
    "output_tokens",    "output_length",   "num_decode_tokens", "completion_tokens", "token_size", "output_len",
    "generated_tokens", "generatedtokens", "output_toks",       "response_tokens",   "osl",        "decode_tokens"};
inline constexpr std::array<std::string_view, 3> session_names{"session", "session_id", "conversation_id"};
inline constexpr std::array<std::string_view, 3> adapter_names{"adapter", "adapter_id", "lora_id"};
inline constexpr std::array<std::string_view, 1> image_names{"image_tokens"};
inline constexpr std::array<std::string_view, 4> image_count_names{"images", "num_images", "numimages", "image_count"};
inline constexpr std::array<std::string_view, 4> label_names{"type", "model", "request_type", "label"};

// Nanoseconds of the unit that the name of a time column ends with; seconds when it says nothing.
[[nodiscard]] inline double unit_of_column(std::string_view name) {
  if (name.ends_with("_ns")) return 1;
  if (name.ends_with("_us")) return 1e3;
  if (name.ends_with("_ms")) return 1e6;
  return 1e9;
}

}  // namespace aifsim::serving
