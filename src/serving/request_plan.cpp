// Reads the `requests:` map.
#include "serving/request_plan.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "serving/sources/bodies.hpp"
#include "serving/sources/limits.hpp"
#include "serving/sources/line_reader.hpp"

namespace aifsim::serving {
namespace {

constexpr std::array<std::string_view, 7> arrival_words{"poisson",     "gamma",       "uniform",  "burst",
                                                        "all-at-once", "closed-loop", "as-traced"};
constexpr config::Range whole{.min = 1, .max = 1e12};
constexpr config::Range limited{.min = 1, .max = 1e6};
constexpr config::Range per_second{.min = 1e-9, .max = 1e9};
constexpr double most_cv = 20;  // assumed: burstier gaps are a mistake

// The keys of `requests:`. A trace that `--set` puts over synthetic requests takes their place: of the others only
// those count that `--set` gives too, or that these need.
class RequestKeys {
 public:
  explicit RequestKeys(const config::Node& node) : node_(node) {
    const config::Node trace = node.optional("trace"), input = node.optional("input");
    replaced_ = trace && from_command_line(trace) && input && !from_command_line(input);
    if (!replaced_) return;
    for (const std::string& key : node.keys()) (void)node.optional(key);
  }
  [[nodiscard]] config::Node optional(std::string_view key) const {
    const config::Node found = node_.optional(key);
    static const config::Document nothing = config::Document::parse("{}", "");
    return replaced_ && found && !from_command_line(found) ? nothing.root().optional(key) : found;
  }
  [[nodiscard]] config::Node required(std::string_view key) const { return node_.required(key); }
  [[nodiscard]] bool has(std::string_view key) const { return optional(key).present(); }
  [[nodiscard]] const config::Node& node() const { return node_; }

 private:
  [[nodiscard]] static bool from_command_line(const config::Node& node) { return node.file() == "--set"; }
  const config::Node& node_;
  bool replaced_ = false;
};

int small(const config::Node& node, int fallback) { return static_cast<int>(node.integer_or(fallback, limited)); }

// A length of time, or {mean: …}: exponentially distributed.
ThinkTime read_think(const config::Node& node) {
  if (!node.is_map()) return {node.seconds_or({}), false};
  const ThinkTime think{node.required("mean").seconds(), true};
  node.finish();
  return think;
}

// `8`, or {count: 8, skew: 1}.
Kinds read_kinds(const config::Node& node) {
  if (!node.is_map()) return {small(node, 1), 0};
  const Kinds kinds{small(node.required("count"), 1), node.optional("skew").number_or(0, {.min = 0, .max = 10})};
  node.finish();
  return kinds;
}

// `2.5`, or a list of {from, rate}.
std::vector<RateStep> read_rate(const config::Node& node, const GapLaw& law) {
  if (!node.is_list()) return {{{}, node.number(per_second), law}};
  std::vector<RateStep> steps;
  for (const config::Node& item : node.items()) {
    const RateStep step{item.required("from").seconds(),
                        item.required("rate").number({.min = 0, .max = per_second.max}), law};
    item.finish();
    if (steps.empty() && step.from > Seconds{}) item.optional("from").problem("0 s in the first entry", "a later time");
    if (!steps.empty() && step.from <= steps.back().from) {
      item.optional("from").problem("a time after the entry before", "an earlier or equal one");
    }
    steps.push_back(step);
  }
  if (steps.empty()) {
    node.problem("at least one entry {from, rate}", "an empty list");
    steps.push_back({{}, 1, law});
  }
  return steps;
}

GapLaw gap_law(const RequestKeys& node, ArrivalLaw law) {
  if (law == ArrivalLaw::uniform) return {GapLaw::Kind::even, 1};
  if (law != ArrivalLaw::gamma) return {};
  return gamma_gaps(node.required("cv").number({.min = 0, .max = most_cv}));
}

ArrivalPlan read_arrivals(const RequestKeys& node, const config::Node& word, bool may_be_traced) {
  ArrivalPlan plan{.law = ArrivalLaw::all_at_once, .rate = {{{}, 1, {}}}};
  if (!word) return plan;
  plan.law = static_cast<ArrivalLaw>(word.choice(std::span(arrival_words).first(may_be_traced ? 7 : 6)));
  if (plan.law == ArrivalLaw::closed_loop) {
    plan.users = small(node.required("users"), 1);
    plan.think = read_think(node.optional("think_time"));
    if (const config::Node staggered = node.optional("staggered")) {
      plan.in_step = small(staggered.optional("in_step"), 1);
      staggered.finish();
    }
  } else if (plan.law == ArrivalLaw::burst) {
    plan.burst = small(node.required("burst_size"), 1);
  }
  const bool open =
      plan.law != ArrivalLaw::closed_loop && plan.law != ArrivalLaw::all_at_once && plan.law != ArrivalLaw::as_traced;
  if (open) {
    plan.rate = read_rate(node.required("rate"), gap_law(node, plan.law));
    const double scale = node.optional("rate_scale").number_or(1, per_second);
    for (RateStep& step : plan.rate) step.per_second *= scale;
  }
  return plan;
}

PromptPlan read_prompts(const RequestKeys& node) {
  PromptPlan plan;
  plan.input = read_lengths(node.required("input"), 1);
  plan.output = read_lengths(node.required("output"), 0);
  if (const config::Node prefix = node.optional("shared_prefix")) {
    plan.prefix_tokens = static_cast<int>(prefix.required("tokens").integer({.min = 0, .max = double{most_tokens}}));
    if (const config::Node groups = prefix.optional("groups")) plan.prefix_groups = read_kinds(groups);
    prefix.finish();
  }
  if (const config::Node sessions = node.optional("sessions")) {
    plan.turns = read_lengths(sessions.required("turns"), 1);
    plan.think = read_think(sessions.optional("think_time"));
    if (const config::Node first = sessions.optional("first_input")) plan.first_input = read_lengths(first, 1);
    sessions.finish();
  }
  if (plan.prefix_tokens > 0 || plan.turns) plan.block_tokens = small(node.optional("block_tokens"), 16);
  plan.images = fixed_length(1);
  if (const config::Node images = node.optional("images")) {
    plan.image_tokens = read_lengths(images.required("tokens"), 1);
    plan.image_share = images.optional("share").number_or(1, {.min = 0, .max = 1});
    if (const config::Node count = images.optional("count")) plan.images = read_lengths(count, 1);
    images.finish();
  }
  if (const config::Node adapters = node.optional("adapters")) plan.adapters = read_kinds(adapters);
  return plan;
}

std::string resolved(const config::Node& node) {
  const std::filesystem::path path(node.text());
  if (path.is_absolute() || node.file() == "--set") return path.string();
  return (std::filesystem::path(node.file()).parent_path() / path).string();
}

const TraceFormat* read_format(const config::Node& format, const config::Node& trace, const std::string& path) {
  std::vector<std::string_view> names{"auto"};
  for (const TraceFormat& known : trace_formats()) names.push_back(known.name);
  const std::size_t chosen = format.choice_or(0, names);
  try {
    const TraceFormat* detected = detect_trace(path);
    if (chosen > 0) return &trace_formats()[chosen - 1];
    if (detected == nullptr)
      trace.problem("a request trace (`aifsim trace --help` lists the formats)", '"' + path + '"');
    return detected;
  } catch (const ConfigError& error) {
    trace.problem(error.problems().front().expected, '"' + path + "\", " + error.problems().front().got);
    return nullptr;
  }
}

TracePlan read_trace(const RequestKeys& node) {
  const config::Node trace = node.optional("trace");
  TracePlan plan;
  const std::string name = trace.text();
  if (name.empty()) {
    if (trace.is_scalar()) trace.problem("the path of a trace", "an empty text");
    return plan;
  }
  plan.file = resolved(trace);
  plan.format = read_format(node.optional("format"), trace, plan.file);
  plan.sample = node.optional("sample").boolean_or(false);
  if (!plan.sample) plan.loop = small(node.optional("loop"), 1);
  if (const config::Node cut = node.optional("cut")) {
    plan.from = cut.optional("from").seconds_or({});
    if (const config::Node to = cut.optional("to")) plan.to = to.seconds();
    if (plan.to && *plan.to <= plan.from) cut.optional("to").problem("a time after `from`", "an earlier or equal one");
    cut.finish();
  }
  return plan;
}

// Endless sources need an end.
void check_end(const config::Node& node, const RequestPlan& plan) {
  const bool endless = plan.prompts || plan.trace->sample;
  const bool needs_count = plan.arrivals.law == ArrivalLaw::all_at_once;
  if (!endless || plan.limit || (plan.duration && !needs_count)) return;
  node.problem(
      needs_count ? "count, the number of requests" : "count or duration, since the requests have no end of their own",
      needs_count ? "none" : "neither");
}

void read_limits(const RequestKeys& node, RequestPlan& plan) {
  for (const char* key : {"count", "limit"}) {
    const config::Node limit = node.optional(key);
    if (!limit) continue;
    const auto most = static_cast<std::uint64_t>(limit.integer(whole));
    plan.limit = std::min(plan.limit.value_or(most), most);
  }
  if (const config::Node duration = node.optional("duration")) plan.duration = duration.seconds();
  plan.max_input = static_cast<int>(node.optional("max_input").integer_or(0, {.min = 1, .max = double{most_tokens}}));
  plan.max_output = static_cast<int>(node.optional("max_output").integer_or(0, {.min = 1, .max = double{most_tokens}}));
}

}  // namespace

RequestPlan read_request_plan(const config::Node& node) {
  RequestPlan plan;
  if (!node.is_map()) {
    if (node) node.problem("a map of the requests", "something else");
    plan.prompts = PromptPlan{.input = fixed_length(1), .output = fixed_length(1), .images = fixed_length(1)};
    plan.arrivals.law = ArrivalLaw::all_at_once;
    plan.limit = 1;
    return plan;
  }
  const RequestKeys keys(node);
  const config::Node arrivals = keys.optional("arrivals");
  if (keys.has("trace")) {
    plan.trace = read_trace(keys);
    const bool timeless = plan.trace->format != nullptr &&
                          (plan.trace->sample || !plan.trace->format->open(plan.trace->file, 0)->has_arrivals());
    if (arrivals || timeless) plan.arrivals = read_arrivals(keys, keys.required("arrivals"), !timeless);
    if (plan.arrivals.law == ArrivalLaw::as_traced)
      plan.rate_scale = keys.optional("rate_scale").number_or(1, per_second);
  } else {
    plan.arrivals = read_arrivals(keys, keys.required("arrivals"), false);
    plan.prompts = read_prompts(keys);
  }
  read_limits(keys, plan);
  check_end(node, plan);
  node.finish();
  return plan;
}

bool brings_images(const RequestPlan& plan) {
  if (!plan.trace) return plan.prompts && plan.prompts->image_share > 0;
  if (plan.trace->format == nullptr) return false;
  const auto reader = plan.trace->format->open(plan.trace->file, 0);
  if (!reader->may_bring_images()) return false;
  TraceRecord record;
  while (reader->next(record)) {
    const Seconds arrival = record.request.prompt.arrival;
    if (plan.trace->to && arrival >= *plan.trace->to) return false;
    if (arrival >= plan.trace->from && record.request.prompt.image_tokens > 0) return true;
  }
  return false;
}

std::unique_ptr<RequestSource> make_requests(const RequestPlan& plan, std::uint64_t seed, TraceTally* tally) {
  if (plan.trace && plan.arrivals.law == ArrivalLaw::as_traced) return make_trace_source(plan, seed, tally);
  auto bodies = plan.trace ? make_trace_bodies(*plan.trace, plan.max_input, plan.max_output, seed, tally)
                           : make_synthetic_bodies(*plan.prompts, plan.max_input, plan.max_output, seed);
  return make_paced_source(plan, std::move(bodies), seed);
}

}  // namespace aifsim::serving
