#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "serving/sources/csv_line.hpp"
#include "serving/sources/line_reader.hpp"
#include "serving/sources/trace.hpp"

namespace aifsim::serving {
namespace {

bool is_object(std::string_view line) { return line.starts_with('{'); }
bool has(std::string_view line, std::string_view word) { return line.find(word) != std::string_view::npos; }

bool fits_bailian(std::string_view line) { return is_object(line) && has(line, "\"parent_chat_id\""); }
bool fits_mooncake(std::string_view line) { return is_object(line) && has(line, "\"hash_ids\""); }
bool fits_servegen(std::string_view line) {
  const auto fields = split_csv(line);
  const auto is_law = [&] {
    return fields[3].text == "Gamma" || fields[3].text == "Weibull" || fields[3].text.empty();
  };
  return fields.size() == 6 && is_law() && fields[0].text.find_first_not_of("0123456789.") == std::string::npos;
}
bool fits_burstgpt(std::string_view line) { return has(line, "Request tokens") && has(line, "Response tokens"); }
bool fits_azure(std::string_view line) { return line.starts_with("TIMESTAMP,ContextTokens,GeneratedTokens"); }
// A header: its first character is a letter.
bool fits_csv(std::string_view line) {
  return has(line, ",") &&
         std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\"").find(line.front()) !=
             std::string_view::npos;
}

// The first that fits counts: special formats stand before general ones. Azure's is a CSV with names of its own.
constexpr std::array formats{
    TraceFormat{"bailian", "Qwen-Bailian JSONL: chats, 16-token blocks", fits_bailian, open_bailian},
    TraceFormat{"mooncake", "Mooncake JSONL: hash_ids of 512-token blocks", fits_mooncake, open_mooncake},
    TraceFormat{"jsonl", "JSONL with arrival, input and output tokens under common names", is_object, open_jsonl},
    TraceFormat{"servegen", "ServeGen chunk-N-trace.csv and its dataset: a generator", fits_servegen, open_servegen},
    TraceFormat{"burstgpt", "BurstGPT CSV", fits_burstgpt, open_burstgpt},
    TraceFormat{"azure", "Azure LLM inference CSV", fits_azure, open_csv},
    TraceFormat{"csv", "CSV with a header: arrival, input and output tokens under common names", fits_csv, open_csv},
};

}  // namespace

std::span<const TraceFormat> trace_formats() { return formats; }

const TraceFormat* detect_trace(const std::string& path) {
  LineReader lines(path);
  if (!lines.next()) return nullptr;
  const auto found = std::find_if(formats.begin(), formats.end(),
                                  [&](const TraceFormat& format) { return format.fits(lines.line()); });
  return found == formats.end() ? nullptr : found;
}

void refuse_kind_of_trace(const std::string& path, const std::string& expected) {
  std::string names;
  for (const TraceFormat& format : formats) names += (names.empty() ? "" : ", ") + std::string(format.name);
  const std::string wanted = "a request trace (" + names + ")" + expected;
  LineReader lines(path);
  if (lines.next()) lines.refuse(1, "", wanted, "a file that begins with " + in_quotes(lines.line()));
  throw ConfigError(Problem{path, 1, 1, "", wanted, "an empty file", ""});
}

}  // namespace aifsim::serving
