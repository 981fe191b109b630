#include "serving/iteration_cost.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "hardware/operator_cost.hpp"
#include "serving/exchange_cost.hpp"

namespace aifsim::serving {
namespace {

using model::Batch;
using model::Pass;

// GPU time of a pass and how many kernels the host had to launch for it.
struct PassTime {
  Seconds kernels, exchanges;
  double launches = 0;
  PassTime& operator+=(const PassTime& other) {
    kernels += other.kernels;
    exchanges += other.exchanges;
    launches += other.launches;
    return *this;
  }
};

PassTime between(const PassTime& low, const PassTime& high, double share) {
  return {.kernels = low.kernels * (1 - share) + high.kernels * share,
          .exchanges = low.exchanges * (1 - share) + high.exchanges * share,
          .launches = low.launches};
}

hardware::GpuSpec with_software(const hardware::GpuSpec& gpu, const EngineSoftware& software) {
  hardware::GpuSpec result = gpu;
  if (!software.kernel_library.empty()) {
    if (auto profile = hardware::with_library(gpu.kernels, software.kernel_library)) {
      result.kernels = *std::move(profile);
    }
  }
  // A service computes without a pause, as a training step does.
  result.kernels = hardware::under_sustained_load(std::move(result.kernels));
  return result;
}

// Contexts per sequence between which the time of decoding is taken to be a line.
constexpr double first_anchor = 64;
constexpr int anchors = 20;
double anchor(int index) { return first_anchor * std::exp2(index); }
int anchor_below(double context_each) {
  if (context_each < first_anchor) return -1;
  return std::min(anchors, static_cast<int>(std::floor(std::log2(context_each / first_anchor))));
}

// Token counts are exact up to 128, then 64 to an octave with a line between them.
int grid_below(int tokens) {
  if (tokens <= 128) return tokens;
  const int spacing = 1 << (static_cast<int>(std::floor(std::log2(tokens))) - 6);
  return tokens / spacing * spacing;
}
int grid_above(int low) {
  if (low < 128) return low + 1;
  return low + (1 << (static_cast<int>(std::floor(std::log2(low))) - 6));
}

}  // namespace

struct IterationCost::Implementation {
  const model::ModelSpec& model;
  EngineOptions options;
  std::vector<DeviceId> gpus;
  hardware::GpuSpec gpu;
  ExchangeCost exchanges;
  double speed = 1;  // of the slowest GPU, which all others wait for
  // Memoised: by tokens of one attention group, by sampled rows, by sequences and anchor of their context.
  mutable std::vector<std::optional<PassTime>> bodies, heads;
  mutable std::vector<std::vector<std::optional<PassTime>>> decodes;

  Implementation(const model::ModelSpec& spec, const EngineOptions& engine, const hardware::Platform& platform,
                 const topology::Topology& topology, std::vector<DeviceId> devices)
      : model(spec),
        options(engine),
        gpus(std::move(devices)),
        gpu(with_software(gpu_of(platform, topology, gpus.front()), engine.software)),
        exchanges(options, platform, topology, gpus) {
    for (const DeviceId device : gpus) speed = std::min(speed, topology.speed(device));
  }

  [[nodiscard]] PassTime priced(const Pass& pass) const {
    PassTime total;
    for (const model::RepeatedOperator& entry : pass.operators) {
      total.kernels += hardware::operator_cost(entry.op, gpu).time * entry.times;
      total.launches += entry.op.kernels * entry.times;
    }
    for (const model::RepeatedExchange& entry : pass.exchanges) {
      total.exchanges += exchanges.time(entry.exchange, entry.bytes) * entry.times;
      total.launches += entry.times;
    }
    return total;
  }

  [[nodiscard]] const PassTime& body_at(int tokens) const {
    const auto index = static_cast<std::size_t>(tokens);
    if (bodies.size() <= index) bodies.resize(index + 1);
    if (!bodies[index]) {
      bodies[index] = tokens == 0 ? PassTime{}
                                  : priced(token_pass(model, options.plan, tokens, tokens * options.plan.dp, 0));
    }
    return *bodies[index];
  }
  [[nodiscard]] PassTime body(double tokens) const {
    const int whole = static_cast<int>(std::ceil(tokens - 1e-9));
    const int low = grid_below(whole);
    if (low == whole) return body_at(low);
    const int high = grid_above(low);
    const PassTime below = body_at(low);
    return between(below, body_at(high), double{1} * (whole - low) / (high - low));
  }
  [[nodiscard]] PassTime head(double sampled) const {
    const auto rows = static_cast<std::size_t>(std::ceil(sampled - 1e-9));
    if (heads.size() <= rows) heads.resize(rows + 1);
    if (!heads[rows]) {
      const auto count = static_cast<double>(rows);
      heads[rows] = rows == 0 ? PassTime{} : priced(token_pass(model, options.plan, 0, 0, count));
    }
    return *heads[rows];
  }

  [[nodiscard]] double tokens_each() const { return 1.0 + options.speculative_tokens; }
  [[nodiscard]] Batch decoding(double sequences, double context) const {
    return {.decode_sequences = sequences,
            .decode_tokens = sequences * tokens_each(),
            .decode_context = context,
            .sampled = sequences * tokens_each()};
  }
  [[nodiscard]] const PassTime& decode_at(int sequences, int index) const {
    const auto row = static_cast<std::size_t>(sequences), column = static_cast<std::size_t>(index + 1);
    if (decodes.size() <= row) decodes.resize(row + 1);
    if (decodes[row].size() <= column) decodes[row].resize(column + 1);
    if (!decodes[row][column]) {
      const double context = index < 0 ? 0 : sequences * anchor(index);
      decodes[row][column] = priced(context_pass(model, options.plan, decoding(sequences, context)));
    }
    return *decodes[row][column];
  }
  // Attention of `sequences` with `context` in all lies on a line between two anchors.
  struct Segment {
    PassTime low, high;
    double from = 0, to = 0;
  };
  [[nodiscard]] Segment segment(int sequences, double context) const {
    const int index = anchor_below(context / sequences);
    Segment result;
    result.low = decode_at(sequences, index);
    result.high = decode_at(sequences, index + 1);
    result.from = index < 0 ? 0 : sequences * anchor(index);
    result.to = sequences * anchor(index + 1);
    if (index == anchors) result.to = std::numeric_limits<double>::infinity();
    return result;
  }
  [[nodiscard]] PassTime decode_attention(int sequences, double context) const {
    if (sequences == 0) return {};
    const Segment line = segment(sequences, context);
    const double to = std::isinf(line.to) ? 2 * line.from : line.to;
    return between(line.low, line.high, (context - line.from) / (to - line.from));
  }
  [[nodiscard]] PassTime prefill_attention(const Batch& batch) const {
    if (batch.prefill_tokens <= 0) return {};
    return priced(context_pass(model, options.plan,
                               {.prefill_sequences = batch.prefill_sequences,
                                .prefill_tokens = batch.prefill_tokens,
                                .prefill_context = batch.prefill_context,
                                .prefill_pairs = batch.prefill_pairs}));
  }

  // A CUDA graph of the next captured size covers the batch, or the host launches every kernel.
  [[nodiscard]] bool in_graph(const Batch& batch) const {
    return batch.prefill_tokens <= 0 && batch.decode_sequences <= options.software.graph_batch;
  }
  [[nodiscard]] double padded(double sequences) const {
    const std::vector<int>& sizes = options.software.graph_sizes;
    const auto next = std::lower_bound(sizes.begin(), sizes.end(), sequences - 1e-9);
    return next == sizes.end() ? sequences : *next;
  }
  // Of one pipeline stage; its micro-batch is an equal share of the batch.
  [[nodiscard]] Batch micro_batch(Batch batch) const {
    const double share = 1.0 / options.plan.pp;
    for (double* value : {&batch.decode_sequences, &batch.decode_tokens, &batch.decode_context, &batch.prefill_sequences,
                          &batch.prefill_tokens, &batch.prefill_context, &batch.prefill_pairs, &batch.sampled}) {
      *value *= share;
    }
    return batch;
  }

  // What waits on the GPU for one stage's micro-batch, attention of decoding apart.
  [[nodiscard]] PassTime dense(const Batch& batch) const {
    const double decode_tokens = in_graph(batch) ? padded(batch.decode_sequences) * tokens_each() : batch.decode_tokens;
    PassTime total = body(decode_tokens + batch.prefill_tokens);
    total += head(batch.sampled);
    total += prefill_attention(batch);
    return total;
  }
  [[nodiscard]] Seconds on_gpu(const PassTime& pass, bool graph) const {
    const EngineSoftware& software = options.software;
    const Seconds busy = pass.kernels * (software.kernel_factor / speed) + pass.exchanges;
    return graph ? busy : std::max(busy, software.launch_gap * pass.launches);
  }
  [[nodiscard]] Seconds host_work(const Batch& batch) const {
    const EngineSoftware& software = options.software;
    return software.per_sequence * batch.decode_sequences + software.per_prefill * batch.prefill_sequences;
  }
  [[nodiscard]] Seconds with_host(Seconds gpu_time, const Batch& batch) const {
    const EngineSoftware& software = options.software;
    const Seconds work = host_work(batch);
    return software.step + (software.overlaps_scheduling ? std::max(gpu_time, work) : gpu_time + work);
  }
  [[nodiscard]] Seconds whole(const Batch& batch) const {
    const Batch part = micro_batch(batch);
    PassTime pass = dense(part);
    // Sequences of a stage may be a fraction; attention's time is taken in proportion.
    if (part.decode_sequences > 0) {
      const int sequences = static_cast<int>(std::ceil(part.decode_sequences - 1e-9));
      pass += decode_attention(sequences, part.decode_context);
    }
    return with_host(on_gpu(pass, in_graph(batch)) * options.plan.pp, batch);
  }
};

const hardware::GpuSpec& gpu_of(const hardware::Platform& platform, const topology::Topology& topology, DeviceId gpu) {
  std::size_t ordinal = topology.fabric.device(gpu).ordinal;
  for (const hardware::NodeGroup& group : platform.groups) {
    const auto count = static_cast<std::size_t>(group.count) * static_cast<std::size_t>(group.type->domain_gpus());
    if (ordinal < count) return *group.type->gpu;
    ordinal -= count;
  }
  throw InternalError("gpu_of: not a GPU of the platform");
}

IterationCost::IterationCost(const model::ModelSpec& model, const EngineOptions& options,
                             const hardware::Platform& platform, const topology::Topology& topology,
                             std::vector<DeviceId> gpus)
    : implementation_(std::make_unique<Implementation>(model, options, platform, topology, std::move(gpus))) {}
IterationCost::~IterationCost() = default;

const std::vector<DeviceId>& IterationCost::gpus() const { return implementation_->gpus; }

Seconds IterationCost::time(const Batch& batch) const {
  if (batch.prefill_tokens > 0 || batch.decode_sequences <= 0) return implementation_->whole(batch);
  const DecodeLine line = decode(static_cast<int>(std::lround(batch.decode_sequences)), batch.decode_context);
  return line.fixed + line.per_token * batch.decode_context;
}

DecodeLine IterationCost::decode(int sequences, double context) const {
  const Implementation& cost = *implementation_;
  const Batch whole = cost.decoding(sequences, context);
  const Batch part = cost.micro_batch(whole);
  const int stage_sequences = static_cast<int>(std::ceil(part.decode_sequences - 1e-9));
  const double stages = cost.options.plan.pp;
  const Implementation::Segment segment = cost.segment(stage_sequences, part.decode_context);
  const PassTime dense = cost.dense(part);
  const bool graph = cost.in_graph(whole);
  const auto at = [&](const PassTime& attention) {
    PassTime pass = dense;
    pass += attention;
    return cost.with_host(cost.on_gpu(pass, graph) * stages, whole);
  };
  // The kinks where the host's work or its launches stop hiding the GPU's are smoothed away within a segment.
  const double to = std::isinf(segment.to) ? 2 * segment.from : segment.to;
  const Seconds low = at(segment.low), high = at(segment.high);
  const Seconds slope = (high - low) / ((to - segment.from) * stages);
  return {.fixed = low - slope * segment.from * stages, .per_token = slope, .until_context = segment.to * stages};
}

std::vector<std::pair<std::string, Seconds>> IterationCost::breakdown(const Batch& batch) const {
  const Implementation& cost = *implementation_;
  std::map<std::string, Seconds> parts;
  const Batch part = cost.micro_batch(batch);
  const double group_tokens = part.tokens() * cost.options.plan.dp;
  const double stages = cost.options.plan.pp;
  for (const Pass& pass : {token_pass(cost.model, cost.options.plan, part.tokens(), group_tokens, part.sampled),
                           context_pass(cost.model, cost.options.plan, part)}) {
    for (const model::RepeatedOperator& entry : pass.operators) {
      parts[std::string(entry.op.name)] += hardware::operator_cost(entry.op, cost.gpu).time * entry.times * stages *
                                           (cost.options.software.kernel_factor / cost.speed);
    }
    for (const model::RepeatedExchange& entry : pass.exchanges) {
      const std::string bound = cost.exchanges.bound(entry.exchange);
      parts[std::string(entry.name) + (bound.empty() ? "" : " over " + bound)] +=
          cost.exchanges.time(entry.exchange, entry.bytes) * entry.times * stages;
    }
  }
  Seconds named;
  for (const auto& [name, time] : parts) named += time;
  parts["host and gaps"] += std::max(Seconds{}, this->time(batch) - named);
  std::vector<std::pair<std::string, Seconds>> sorted(parts.begin(), parts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

Seconds IterationCost::floor(const Batch& batch) const {
  const Implementation& cost = *implementation_;
  const Batch part = cost.micro_batch(batch);
  Seconds sum;
  for (const Pass& pass : {token_pass(cost.model, cost.options.plan, part.tokens(),
                                      part.tokens() * cost.options.plan.dp, part.sampled),
                           context_pass(cost.model, cost.options.plan, part)}) {
    for (const model::RepeatedOperator& entry : pass.operators) {
      sum += hardware::operator_floor(entry.op, cost.gpu) * entry.times;
    }
  }
  return sum * cost.options.plan.pp;
}

}  // namespace aifsim::serving
