#include "training/footprint.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>

#include "base/error.hpp"
#include "training/unit_cost.hpp"

namespace aifsim::training {
namespace {

using model::Recompute;
using parallel::Sharding;

// CUDA context, cuBLAS/cuDNN workspaces and NCCL buffers: about 2.5 GB on a Hopper GPU once all communicators exist
// (recalled from nvidia-smi after start-up of Megatron jobs).
constexpr Bytes reserve = units::GB * 2.5;
constexpr double fp32 = 4;

double bytes_of(Precision precision) { return bytes_per_element(precision).in(units::B); }

struct StageContents {
  double parameters = 0;
  double largest_unit = 0;  // parameters of the biggest unit
  Bytes activations;        // of one micro-batch in one average chunk, times chunks in flight
  bool head = false;
  int units = 0;
};

StageContents contents(const TrainingJob& job, Recompute recompute, int stage) {
  StageContents held;
  const auto slots = slot_units(job);
  const model::RankShape shape{.sequences = double{1} * job.micro_batch,
                               .sequence = job.sequence,
                               .tp = job.plan.tp,
                               .cp = job.plan.cp,
                               .precision = job.precision};
  const Bytes layer = model::layer_activations(job.model, shape, recompute);
  double layers = 0;
  for (int chunk = 0; chunk < job.plan.vp; ++chunk) {
    for (const UnitShape& unit : slots[static_cast<std::size_t>(chunk * job.plan.pp + stage)]) {
      const double parameters = unit_parameters(job, unit);
      held.parameters += parameters;
      held.largest_unit = std::max(held.largest_unit, parameters);
      held.head = held.head || unit.head;
      layers += unit.layers;
      ++held.units;
    }
  }
  const int in_flight = peak_in_flight(*job.schedule, stage, job.plan.pp, job.plan.vp, job.micro_batches());
  held.activations = layer * (layers / job.plan.vp * in_flight);
  // The layer being recomputed holds everything for a moment.
  if (recompute != Recompute::none) held.activations += model::layer_activations(job.model, shape, Recompute::none);
  return held;
}

Footprint stage_footprint(const TrainingJob& job, Recompute recompute, const hardware::GpuSpec& gpu, int stage) {
  const StageContents held = contents(job, recompute, stage);
  const double shards = job.plan.shards();
  Footprint use;
  use.stage = stage;
  use.capacity = gpu.memory;
  if (job.plan.sharding == Sharding::fsdp) {
    // FP32 master weights, gradients and two Adam moments, all split; two units gathered at a time.
    use.weights = units::B * (held.parameters / shards * fp32);
    use.gradients = units::B * (held.parameters / shards * fp32);
    use.optimizer = units::B * (held.parameters / shards * 2 * fp32);
    const double gathered = std::min(held.parameters, 2 * held.largest_unit);
    use.buffers =
        units::B * (gathered * bytes_of(job.gather_precision) + held.largest_unit * bytes_of(job.gradient_precision));
  } else {
    const double split = job.plan.sharding == Sharding::none ? 1 : shards;
    use.weights = units::B * (held.parameters * bytes_of(job.weight_precision));
    // ZeRO-2 keeps whole gradients of the chunk in work and of the one being reduced.
    const double whole = job.plan.sharding == Sharding::gradients ? std::min(1.0, 2.0 / job.plan.vp) : 1.0;
    use.gradients = units::B * (held.parameters * bytes_of(job.gradient_precision) * (whole + (1 - whole) / shards));
    use.optimizer = units::B * (held.parameters / split * 3 * fp32);
  }
  use.activations = held.activations * (1 - job.offload_activations);
  if (held.head) {
    // Logits of one micro-batch and their gradient, BF16; the FP32 of the loss lives a block at a time.
    const double logits = double{1} * job.micro_batch * job.sequence / job.plan.cp * job.model.vocab / job.plan.tp;
    use.activations += units::B * (logits * 4);
  }
  use.buffers += reserve;
  return use;
}

bool would_fit(TrainingJob job, const hardware::GpuSpec& gpu, const std::function<void(TrainingJob&)>& change,
               Recompute recompute) {
  change(job);
  if (job.micro_batch < 1 || job.micro_batches() < 1) return false;
  return footprint(job, recompute, gpu).fits();
}

// Changes a user can make, cheapest first; only those that fit are offered.
std::vector<std::string> remedies(const TrainingJob& job, Recompute recompute, const hardware::GpuSpec& gpu) {
  std::vector<std::string> found;
  const auto offer = [&](std::string text, Recompute with, const std::function<void(TrainingJob&)>& change) {
    if (found.size() < 2 && would_fit(job, gpu, change, with)) found.push_back(std::move(text));
  };
  const auto nothing = [](TrainingJob&) {};
  if (recompute == Recompute::none) offer("recompute: selective", Recompute::selective, nothing);
  if (job.plan.sharding == Sharding::none) {
    offer("parallelism.sharding: distributed-optimizer", recompute,
          [](TrainingJob& other) { other.plan.sharding = Sharding::distributed_optimizer; });
  }
  for (int smaller = job.micro_batch / 2; smaller >= 1; smaller /= 2) {
    offer("micro_batch: " + std::to_string(smaller), recompute,
          [smaller](TrainingJob& other) { other.micro_batch = smaller; });
  }
  if (recompute != Recompute::full) offer("recompute: full", Recompute::full, nothing);
  if (job.plan.sharding != Sharding::fsdp) {
    offer("parallelism.sharding: fsdp", recompute, [](TrainingJob& other) { other.plan.sharding = Sharding::fsdp; });
    offer("parallelism.sharding: fsdp with recompute: full", Recompute::full,
          [](TrainingJob& other) { other.plan.sharding = Sharding::fsdp; });
  }
  for (int factor = 2; factor <= 8; factor *= 2) {
    const int tp = job.plan.tp * factor;
    if (job.plan.dp % factor != 0 || job.model.heads % tp != 0 || job.model.ffn_hidden % tp != 0 ||
        job.plan.shard_group > 0) {
      continue;
    }
    const std::string text =
        "parallelism.tp: " + std::to_string(tp) + " with dp: " + std::to_string(job.plan.dp / factor);
    offer(text, recompute, [factor](TrainingJob& other) {
      other.plan.tp *= factor;
      other.plan.dp /= factor;
    });
    offer(text + " and recompute: full", Recompute::full, [factor](TrainingJob& other) {
      other.plan.tp *= factor;
      other.plan.dp /= factor;
    });
  }
  if (found.empty()) found.push_back("more GPUs, or GPUs with more memory");
  return found;
}

std::string gigabytes(Bytes bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f GB", bytes.in(units::GB));
  return text.data();
}

}  // namespace

std::vector<std::pair<std::string, Bytes>> Footprint::classes() const {
  return {{"weights", weights},
          {"gradients", gradients},
          {"optimizer", optimizer},
          {"activations", activations},
          {"buffers", buffers}};
}

Footprint footprint(const TrainingJob& job, Recompute recompute, const hardware::GpuSpec& gpu) {
  Footprint fullest;
  for (int stage = 0; stage < job.plan.pp; ++stage) {
    const Footprint use = stage_footprint(job, recompute, gpu, stage);
    if (stage == 0 || use.used() > fullest.used()) fullest = use;
  }
  return fullest;
}

ActivationPlan chosen_activation_plan(const TrainingJob& job, const hardware::GpuSpec& gpu, BytesPerSecond host_link) {
  switch (job.recompute) {
    case RecomputeChoice::none: return {Recompute::none, job.offload_activations};
    case RecomputeChoice::selective: return {Recompute::selective, job.offload_activations};
    case RecomputeChoice::full: return {Recompute::full, job.offload_activations};
    case RecomputeChoice::automatic: break;
  }
  // PCIe is too slow to hide a layer's activations behind its compute; C2C (hundreds of GB/s) is not.
  constexpr BytesPerSecond coherent = units::GB_per_s * 200;
  TrainingJob tried = job;
  const auto fits = [&](Recompute recompute) { return footprint(tried, recompute, gpu).fits(); };
  if (fits(Recompute::none)) return {Recompute::none, job.offload_activations};
  if (host_link >= coherent) {
    for (int eighths = 1; eighths <= 6; ++eighths) {
      tried.offload_activations = eighths / 8.0;
      if (fits(Recompute::none)) return {Recompute::none, tried.offload_activations};
    }
  }
  tried.offload_activations = job.offload_activations;
  return {fits(Recompute::selective) ? Recompute::selective : Recompute::full, job.offload_activations};
}

void check_fits(const TrainingJob& job, Recompute recompute, const hardware::GpuSpec& gpu) {
  const Footprint use = footprint(job, recompute, gpu);
  if (use.fits()) return;
  const auto classes = use.classes();
  const auto biggest = std::max_element(classes.begin(), classes.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
  std::string text = job.name + ": does not fit in memory: stage " + std::to_string(use.stage) + " needs " +
                     gigabytes(use.used()) + " of " + gigabytes(use.capacity) + " on " + gpu.name + "; the most is " +
                     biggest->first + " with " + gigabytes(biggest->second) + "; would fit with ";
  const std::vector<std::string> changes = remedies(job, recompute, gpu);
  for (std::size_t i = 0; i < changes.size(); ++i) text += (i > 0 ? ", or with " : "") + changes[i];
  throw OutOfMemoryError(text);
}

}  // namespace aifsim::training
