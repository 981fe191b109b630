#include "app/trace_command.hpp"

#include <iostream>

#include "app/trace_report.hpp"
#include "base/error.hpp"
#include "config/node.hpp"

namespace aifsim::app {
namespace {

bool is_yaml(const std::string& path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

std::string yaml_text(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

serving::RequestPlan plan_of_yaml(const TraceCommandOptions& options) {
  std::vector<config::Override> overrides;
  for (const std::string& text : options.sets) {
    config::Override entry = config::parse_override(text);
    if (!entry.key.starts_with("requests.")) entry.key = "requests." + entry.key;
    overrides.push_back(std::move(entry));
  }
  const config::Document document = config::Document::load(options.file, overrides);
  serving::RequestPlan plan = serving::read_request_plan(document.root().required("requests"));
  document.check();
  return plan;
}

// The trace as it is, unless --set says otherwise.
serving::RequestPlan plan_of_trace(const TraceCommandOptions& options) {
  const serving::TraceFormat* format = serving::detect_trace(options.file);
  std::vector<config::Override> overrides{{"trace", yaml_text(options.file)}};
  bool names_format = false;
  for (const std::string& text : options.sets) {
    config::Override entry = config::parse_override(text);
    if (entry.key.starts_with("requests.")) entry.key.erase(0, std::string_view("requests.").size());
    names_format = names_format || entry.key == "format";
    overrides.push_back(std::move(entry));
  }
  if (format == nullptr && !names_format) {
    serving::refuse_kind_of_trace(options.file, " or a YAML file with `requests`");
  }
  // Lengths without times are looked at all the same.
  const bool timeless = format != nullptr && !format->open(options.file, options.seed)->has_arrivals();
  if (timeless) overrides.insert(overrides.begin() + 1, {"arrivals", "all-at-once"});
  const config::Document document = config::Document::parse("{}", options.file, overrides);
  serving::RequestPlan plan = serving::read_request_plan(document.root());
  document.check();
  return plan;
}

InspectedTrace inspect(const TraceCommandOptions& options) {
  const serving::RequestPlan plan = is_yaml(options.file) ? plan_of_yaml(options) : plan_of_trace(options);
  InspectedTrace result;
  result.format = plan.trace ? std::string(plan.trace->format->name) : "synthetic";
  const auto source = serving::make_requests(plan, options.seed, &result.tally);
  // A request is answered when it arrives: a source that waits for answers goes on at once.
  while (source->next_arrival()) {
    const serving::Request request = source->take();
    result.summary.add(request);
    source->ended(request, request.prompt.arrival);
  }
  const bool turns = plan.prompts && plan.prompts->turns;
  result.answered_at_once = turns || plan.arrivals.law == serving::ArrivalLaw::closed_loop;
  if (result.answered_at_once)
    result.tally.notes.emplace_back("every request is taken as answered at once: times are those of no service");
  if (result.summary.requests == 0) {
    throw ConfigError(
        Problem{options.file, 0, 0, "", "requests", result.tally.skipped > 0 ? "failed ones only" : "none", ""});
  }
  return result;
}

}  // namespace

void trace_command(const TraceCommandOptions& options) {
  const InspectedTrace trace = inspect(options);
  std::cout << (options.format == TraceOutput::json ? json_of_trace(options, trace) : text_of_trace(options, trace));
}

bool is_trace_file(const std::string& path) { return path.ends_with(".jsonl") || path.ends_with(".csv"); }

std::string check_trace_file(const std::string& path) { return inspect({.file = path, .sets = {}}).format; }

}  // namespace aifsim::app
