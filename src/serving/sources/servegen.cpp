// ServeGen's description of one client (chunk-N): windows of time with rate, CV and law of the gaps in
// chunk-N-trace.csv, and histograms of lengths in chunk-N-dataset.json. Read as a trace it draws requests.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "serving/sources/arrivals.hpp"
#include "serving/sources/csv_line.hpp"
#include "serving/sources/lengths.hpp"
#include "serving/sources/limits.hpp"
#include "serving/sources/trace.hpp"

namespace aifsim::serving {
namespace {

constexpr double default_window_s = 600;  // ServeGen's own, where a file has one window only
// Tokens of the prompt: of one part, of which there are as many as the other key says; without it, one.
struct PromptPart {
  std::string_view tokens, count;
  bool encoded = false;  // by a vision encoder; a video counts as an image of its size
};
constexpr std::array<PromptPart, 5> prompt_parts{{{"input_tokens", ""},
                                                  {"text_tokens", ""},
                                                  {"image_tokens", "image_count", true},
                                                  {"audio_tokens", "audio_count"},
                                                  {"video_tokens", "video_count", true}}};

double number_of(const LineReader& lines, const CsvField& field, const char* name) {
  double value = -1;
  const auto [end, error] = std::from_chars(field.text.data(), field.text.data() + field.text.size(), value);
  const bool whole = error == std::errc{} && end == field.text.data() + field.text.size();
  if (whole && value >= 0 && value < 1e12) return value;
  lines.refuse(field.column, name, "a number from 0 to 1e12", field.text.empty() ? "nothing" : in_quotes(field.text));
}

// The fitted shape, at the measured rate: a Weibull fit's own mean gap differs from it by up to a third.
RateStep step_of(const LineReader& lines) {
  const auto fields = split_csv(lines.line());
  if (fields.size() != 6) {
    lines.refuse(1, "", "6 fields: window start, rate, cv, law, shape, scale", std::to_string(fields.size()));
  }
  RateStep step{number_of(lines, fields[0], "window start") * units::s, number_of(lines, fields[1], "rate"), {}};
  if (fields[3].text.empty() || step.per_second <= 0) return step;
  const bool is_gamma = fields[3].text == "Gamma";
  if (!is_gamma && fields[3].text != "Weibull")
    lines.refuse(fields[3].column, "law", "Gamma or Weibull", in_quotes(fields[3].text));
  step.law = {is_gamma ? GapLaw::Kind::gamma : GapLaw::Kind::weibull, number_of(lines, fields[4], "shape")};
  constexpr double least_shape = 0.01;  // below, a gap of mean 1 is zero or overflows
  if (step.law.shape < least_shape)
    lines.refuse(fields[4].column, "shape", "a number of at least 0.01", in_quotes(fields[4].text));
  return step;
}

struct Windows {
  std::vector<RateStep> steps;
  Seconds end;
};

Windows read_windows(const std::string& path) {
  LineReader lines(path);
  Windows windows;
  while (lines.next()) {
    const RateStep step = step_of(lines);
    if (!windows.steps.empty() && step.from <= windows.steps.back().from) {
      lines.refuse(1, "window start", "windows in the order of time", "one not after the line before");
    }
    if (windows.steps.empty() && step.from > Seconds{}) windows.steps.push_back({});
    windows.steps.push_back(step);
  }
  if (windows.steps.empty()) lines.refuse(1, "", "windows of time", "an empty file");
  const auto count = windows.steps.size();
  const Seconds last = windows.steps.back().from;
  windows.end = last + (count > 1 ? last - windows.steps[count - 2].from : default_window_s * units::s);
  return windows;
}

// "{3003: 0.0001, 3124: 0.0002}", a Python dict as text.
Lengths histogram_in(const std::string& text, const std::string& path, const std::string& key) {
  std::vector<Lengths::Bin> bins;
  const auto refuse = [&] {
    throw ConfigError(Problem{path, 0, 0, key, "a dict {tokens: probability}", in_quotes(text), ""});
  };
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  const auto skip = [&](std::string_view characters) {
    while (at != end && characters.find(*at) != std::string_view::npos) ++at;
  };
  skip("{ ");
  double weight_sum = 0;
  while (at != end && *at != '}') {
    double tokens = 0;
    double weight = 0;
    const auto first = std::from_chars(at, end, tokens);
    at = first.ptr;
    skip(": ");
    const auto second = std::from_chars(at, end, weight);
    at = second.ptr;
    const bool good =
        first.ec == std::errc{} && second.ec == std::errc{} && tokens >= 0 && tokens <= most_tokens && weight >= 0;
    if (!good) refuse();
    skip(", ");
    bins.push_back({static_cast<int>(tokens), weight});
    weight_sum += weight;
  }
  if (!(weight_sum > 0) || at == end) refuse();
  return histogram_of(std::move(bins));
}

struct WindowLengths {
  std::map<std::string, Lengths, std::less<>> by_key;
};
using Dataset = std::map<double, WindowLengths>;  // by the window's start in seconds

WindowLengths window_lengths(const nlohmann::json& window, const std::string& path, const std::string& name) {
  WindowLengths lengths;
  const auto add = [&](std::string_view key) {
    const auto found = window.find(std::string(key));
    if (found == window.end() || !found->is_string()) return;
    lengths.by_key.emplace(key, histogram_in(found->get<std::string>(), path, name + '.' + std::string(key)));
  };
  for (const PromptPart& part : prompt_parts) {
    add(part.tokens);
    add(part.count);
  }
  add("output_tokens");
  const bool has_input = lengths.by_key.contains("input_tokens") || lengths.by_key.contains("text_tokens");
  if (!has_input || !lengths.by_key.contains("output_tokens")) {
    throw ConfigError(
        Problem{path, 0, 0, name, "input_tokens (or text_tokens) and output_tokens", "a window without them", ""});
  }
  return lengths;
}

Dataset read_dataset(const std::string& path) {
  Dataset dataset;
  nlohmann::json document;
  try {
    std::ifstream file(path, std::ios::binary);
    document = nlohmann::json::parse(file);
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError(Problem{path, 0, 0, "", "a JSON object of windows", "a syntax error", error.what()});
  }
  if (!document.is_object())
    throw ConfigError(Problem{path, 0, 0, "", "a JSON object of windows", "something else", ""});
  for (const auto& [name, window] : document.items()) {
    double start = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), start);
    if (error != std::errc{} || end != name.data() + name.size()) {
      throw ConfigError(Problem{path, 0, 0, name, "a window's start in seconds as key", in_quotes(name), ""});
    }
    // A window without requests has empty dicts.
    const bool empty = window.is_object() && window.value("output_tokens", "{}") == "{}";
    if (!empty) dataset.emplace(start, window_lengths(window, path, name));
  }
  if (dataset.empty()) throw ConfigError(Problem{path, 0, 0, "", "a window with lengths", "none", ""});
  return dataset;
}

// chunk-15-trace.csv -> chunk-15-dataset.json, or the first chunk-15-dataset.*.json (a trimmed one).
std::string dataset_of(const std::string& trace) {
  namespace fs = std::filesystem;
  const fs::path path(trace);
  const std::string name = path.filename().string();
  const std::size_t at = name.rfind("-trace");
  const std::string prefix = (at == std::string::npos ? path.stem().string() : name.substr(0, at)) + "-dataset.";
  std::vector<std::string> found;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string candidate = entry.path().filename().string();
    if (candidate.starts_with(prefix) && candidate.ends_with(".json")) found.push_back((folder / candidate).string());
  }
  if (found.empty()) {
    throw ConfigError(
        Problem{trace, 0, 0, "", "the histograms of lengths beside it, in " + prefix + "json", "no such file", ""});
  }
  return *std::min_element(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);
  });
}

class ServeGenReader : public TraceReader {
 public:
  ServeGenReader(Windows windows, const std::string& dataset, std::uint64_t seed)
      : windows_end_(windows.end),
        dataset_(read_dataset(dataset)),
        arrivals_(std::move(windows.steps), windows.end, 1, Rng(seed, "servegen.arrivals")),
        lengths_rng_(seed, "servegen.lengths"),
        counts_rng_(seed, "servegen.counts"),
        dataset_path_(dataset) {}

  bool next(TraceRecord& record) override {
    const auto arrival = arrivals_.next();
    if (!arrival) return false;
    record = {};
    record.request.prompt.arrival = *arrival;
    // The window it falls into; before the first one, that one's.
    auto window = dataset_.upper_bound(arrival->in(units::s));
    if (window != dataset_.begin()) --window;
    draw(window->second, record.request);
    return true;
  }
  [[nodiscard]] bool may_bring_images() const override {
    return std::any_of(dataset_.begin(), dataset_.end(), [](const auto& window) {
      return window.second.by_key.contains("image_tokens") || window.second.by_key.contains("video_tokens");
    });
  }
  [[nodiscard]] std::vector<std::string> notes() const override {
    std::vector<std::string> notes{"ServeGen: requests are drawn; gaps have the fitted shape and the measured rate"};
    const Seconds last = dataset_.rbegin()->first * units::s;
    // ServeGen's datasets have a window every six hours.
    if (windows_end_ - last > 6 * units::hour)
      notes.push_back("lengths after the last window of " + dataset_path_ + " are drawn as in it");
    return notes;
  }

 private:
  void draw(const WindowLengths& window, Request& request) {
    std::int64_t input = 0, image_tokens = 0;
    int images = 0;
    for (const PromptPart& part : prompt_parts) {
      const auto lengths = window.by_key.find(part.tokens), counts = window.by_key.find(part.count);
      if (lengths == window.by_key.end()) continue;
      const int count = counts == window.by_key.end() ? 1 : counts->second.draw(counts_rng_);
      for (int i = 0; i < count; ++i) {
        const int tokens = lengths->second.draw(lengths_rng_);
        input += tokens;
        if (!part.encoded || tokens == 0) continue;
        image_tokens += tokens;
        ++images;
      }
    }
    request.prompt.tokens = static_cast<int>(std::clamp<std::int64_t>(input, 1, most_tokens));
    bring_images(request.prompt, 0, images,
                 static_cast<int>(std::min<std::int64_t>(image_tokens, request.prompt.tokens)));
    request.output_tokens = window.by_key.find("output_tokens")->second.draw(lengths_rng_);
  }

  Seconds windows_end_;
  Dataset dataset_;
  Arrivals arrivals_;
  Rng lengths_rng_, counts_rng_;
  std::string dataset_path_;
};

}  // namespace

std::unique_ptr<TraceReader> open_servegen(const std::string& path, std::uint64_t seed) {
  Windows windows = read_windows(path);
  return std::make_unique<ServeGenReader>(std::move(windows), dataset_of(path), seed);
}

}  // namespace aifsim::serving
