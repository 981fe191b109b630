#include "training/job.hpp"

#include <array>
#include <numeric>

#include "hardware/operator_cost.hpp"

namespace aifsim::training {
namespace {

constexpr std::array<std::string_view, 4> sharding_names{"none", "distributed-optimizer", "zero2", "fsdp"};
constexpr std::array<std::string_view, 4> recompute_names{"none", "selective", "full", "auto"};
constexpr config::Range positive{.min = 1, .max = 1e9};
constexpr config::Range degree{.min = 1, .max = 1e6};
constexpr double most_ranks = 1e8;
constexpr double most_slots = 1e6;

int count(const config::Node& node, int fallback) { return static_cast<int>(node.integer_or(fallback, positive)); }

int degree_of(const config::Node& node) { return static_cast<int>(node.integer_or(1, degree)); }

// Products of the degrees must not overflow.
bool small_enough(const config::Node& node, const parallel::Plan& plan) {
  const double ranks = double{1} * plan.tp * plan.pp * plan.cp * plan.dp;
  if (ranks <= most_ranks && double{1} * plan.pp * plan.vp <= most_slots) return true;
  node.problem("at most 100 million ranks and a million pipeline slots",
               "tp " + std::to_string(plan.tp) + " x pp " + std::to_string(plan.pp) + " x cp " +
                   std::to_string(plan.cp) + " x dp " + std::to_string(plan.dp) + ", vp " + std::to_string(plan.vp));
  return false;
}

void read_plan(const config::Node& node, int gpus, TrainingJob& job) {
  parallel::Plan& plan = job.plan;
  plan.tp = degree_of(node.optional("tp"));
  plan.pp = degree_of(node.optional("pp"));
  plan.vp = degree_of(node.optional("vp"));
  plan.cp = degree_of(node.optional("cp"));
  if (node.has("dp")) plan.dp = degree_of(node.optional("dp"));
  if (!small_enough(node, plan)) plan = {};
  const int group = plan.tp * plan.pp * plan.cp;
  if (!node.has("dp")) plan.dp = std::max(1, gpus / group);
  plan.sharding = static_cast<parallel::Sharding>(node.optional("sharding").choice_or(1, sharding_names));
  plan.shard_group = static_cast<int>(node.optional("shard_group").integer_or(0, {.min = 0, .max = 1e9}));
  node.finish();
  if (gpus > 0 && plan.gpus() > gpus) {
    node.problem("at most the " + std::to_string(gpus) + " GPUs of the platform",
                 std::to_string(plan.gpus()) + " ranks (tp " + std::to_string(plan.tp) + " x pp " +
                     std::to_string(plan.pp) + " x cp " + std::to_string(plan.cp) + " x dp " + std::to_string(plan.dp) +
                     ")",
                 "add nodes with --set nodes.count=… or shrink a degree");
  }
  if (plan.shard_group > 0 && plan.data_ranks() % plan.shard_group != 0) {
    node.optional("shard_group")
        .problem("a divisor of dp x cp (" + std::to_string(plan.data_ranks()) + ")", std::to_string(plan.shard_group));
  }
}

void check_divides(const config::Node& blamed, std::string_view what, double whole, int parts) {
  if (parts > 0 && static_cast<long long>(whole) % parts == 0) return;
  blamed.problem("a divisor of " + std::string(what) + " (" + std::to_string(static_cast<long long>(whole)) + ")",
                 std::to_string(parts));
}

void check_plan(const config::Node& root, const TrainingJob& job) {
  const config::Node degrees = root.optional("parallelism");
  const auto blamed = [&](const char* key) { return degrees && degrees.has(key) ? degrees.optional(key) : root; };
  check_divides(blamed("tp"), "the model's heads", job.model.heads, job.plan.tp);
  check_divides(blamed("tp"), "the model's ffn_hidden", job.model.ffn_hidden, job.plan.tp);
  check_divides(blamed("cp"), "the sequence", job.sequence, job.plan.cp);
  const int slots = job.plan.pp * job.plan.vp;
  if (slots > job.model.layers + 2) {
    blamed("pp").problem("at most layers + 2 pipeline slots (" + std::to_string(job.model.layers + 2) + ")",
                         std::to_string(slots) + " (pp x vp)");
  }
  const long long ranks = 1LL * job.plan.dp * job.micro_batch;
  if (job.global_batch % ranks != 0) {
    root.required("global_batch")
        .problem("a multiple of dp x micro_batch (" + std::to_string(job.plan.dp) + " x " +
                     std::to_string(job.micro_batch) + " = " + std::to_string(ranks) + ")",
                 std::to_string(job.global_batch));
    return;
  }
  if (job.schedule == nullptr) return;
  if (job.plan.vp > 1 && !job.schedule->needs_chunks) {
    blamed("vp").problem("1, since the schedule is " + std::string(job.schedule->name), std::to_string(job.plan.vp),
                         "schedule: interleaved");
  }
  if (job.plan.vp == 1 && job.schedule->needs_chunks && job.plan.pp > 1) {
    root.optional("schedule").problem("1f1b or gpipe, since parallelism.vp is 1", std::string(job.schedule->name));
  }
  if (job.plan.pp > 1 && job.schedule->micro_batches_in_groups && job.micro_batches() % job.plan.pp != 0) {
    root.required("global_batch")
        .problem("a number of micro-batches per rank that pp (" + std::to_string(job.plan.pp) + ") divides",
                 std::to_string(job.micro_batches()));
  }
}

void read_overlap(const config::Node& node, Overlap& overlap) {
  if (!node) return;
  overlap.gradient_reduce = node.optional("gradient_reduce").boolean_or(overlap.gradient_reduce);
  overlap.parameter_gather = node.optional("parameter_gather").boolean_or(overlap.parameter_gather);
  overlap.tensor_parallel = node.optional("tensor_parallel").boolean_or(overlap.tensor_parallel);
  overlap.context_parallel = node.optional("context_parallel").boolean_or(overlap.context_parallel);
  overlap.pipeline = node.optional("pipeline").boolean_or(overlap.pipeline);
  node.finish();
}

void read_schedule(const config::Node& root, TrainingJob& job) {
  std::vector<std::string_view> names;
  for (const Schedule& schedule : schedules()) names.push_back(schedule.name);
  const std::size_t fallback = job.plan.vp > 1 ? 1 : 0;
  job.schedule = &schedules()[root.optional("schedule").choice_or(fallback, names)];
}

void read_layer_split(const config::Node& root, TrainingJob& job) {
  const config::Node list = root.optional("layers_per_slot");
  const int slots = job.plan.pp * job.plan.vp;
  if (!list) {
    job.layers_per_slot = split_layers(job.model.layers, slots);
    return;
  }
  for (const config::Node& item : list.items()) {
    job.layers_per_slot.push_back(static_cast<int>(item.integer({.min = 0, .max = 1e6})));
  }
  const int sum = std::accumulate(job.layers_per_slot.begin(), job.layers_per_slot.end(), 0);
  if (static_cast<int>(job.layers_per_slot.size()) != slots || sum != job.model.layers) {
    list.problem(
        std::to_string(slots) + " entries (pp x vp) that sum to " + std::to_string(job.model.layers) + " layers",
        std::to_string(job.layers_per_slot.size()) + " entries that sum to " + std::to_string(sum));
    job.layers_per_slot = split_layers(job.model.layers, slots);
  }
}

// Tensor cores must have the format that GEMMs compute in.
void check_precision(const config::Node& node, Precision precision, const hardware::GpuSpec& gpu) {
  if (hardware::supports(gpu, precision)) return;
  std::string known;
  for (const auto& [format, peak] : gpu.dense_peak) known += (known.empty() ? "" : ", ") + std::string(name_of(format));
  node.problem("a precision that " + gpu.name + " computes in (" + known + ")", std::string(name_of(precision)));
}

void read_precisions(const config::Node& root, const hardware::Platform* platform, TrainingJob& job) {
  const auto precision_or = [](const config::Node& node, Precision fallback) {
    return node ? node.precision() : fallback;
  };
  const config::Node precision = root.required("precision");
  job.precision = precision.precision();
  if (platform != nullptr && !platform->groups.empty() && precision) {
    check_precision(precision, job.precision, *platform->groups.front().type->gpu);
  }
  job.gradient_precision = precision_or(root.optional("gradient_precision"), Precision::fp32);
  job.gather_precision = precision_or(root.optional("gather_precision"), Precision::bf16);
  job.weight_precision = precision_or(root.optional("weight_precision"), Precision::bf16);
}

}  // namespace

std::vector<int> split_layers(int layers, int slots) {
  const auto count_of = static_cast<std::size_t>(slots);
  if (layers % slots == 0) return std::vector<int>(count_of, layers / slots);
  if ((layers + 2) % slots == 0 && slots > 1) {
    std::vector<int> split(count_of, (layers + 2) / slots);
    --split.front();
    --split.back();
    return split;
  }
  std::vector<int> split(count_of, layers / slots);
  for (int extra = 0; extra < layers % slots; ++extra) ++split[static_cast<std::size_t>(extra)];
  return split;
}

TrainingJob read_training_job(const config::Document& document, const hardware::Platform* platform) {
  const int gpus = platform != nullptr ? platform->gpu_count() : 0;
  const config::Node root = document.root();
  TrainingJob job;
  (void)root.required("kind").choice(std::array<std::string_view, 2>{"training", "serving"});
  job.name = root.optional("name").text_or("training");
  (void)root.optional("description").text_or("");
  (void)root.optional("source").text_or("");
  job.model = model::read_model(root.required("model"));
  model::require_dense(root.required("model"), job.model);
  job.framework = read_framework(root.required("framework"));
  job.sequence = static_cast<double>(root.required("sequence").integer({.min = 1, .max = 1e8}));
  job.global_batch = static_cast<int>(root.required("global_batch").integer(positive));
  job.micro_batch = count(root.optional("micro_batch"), 1);
  read_precisions(root, platform, job);
  read_plan(root.required("parallelism"), gpus, job);
  read_schedule(root, job);
  read_overlap(root.optional("overlap"), job.overlap);
  job.recompute = static_cast<RecomputeChoice>(root.optional("recompute").choice_or(0, recompute_names));
  job.offload_activations = root.optional("offload_activations").number_or(0, {.min = 0, .max = 1});
  read_layer_split(root, job);
  const config::Node placement = root.optional("placement");
  if (placement) {
    job.gpus_per_domain = static_cast<int>(placement.optional("gpus_per_domain").integer_or(0, positive));
    placement.finish();
  }
  job.nvls = root.optional("nvls").boolean_or(true);
  root.finish();
  if (!document.has_problems()) check_plan(root, job);
  return job;
}

}  // namespace aifsim::training
