// What HBM is left for the KV cache, as each engine counts it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "serving/kv_cache_shape.hpp"

namespace aifsim::serving {
namespace {

Bytes cache_of(const EngineOptions& options, const EngineMemory& use) {
  const Bytes held = use.weights + use.adapters + use.context;
  const Bytes transient = use.activations + use.encoder_cache + use.graphs;
  if (options.memory_of_free) {  // TensorRT-LLM: of what is free once weights are loaded and a pass has run
    return (use.capacity - held - transient) * options.memory_fraction;
  }
  const Bytes share = use.capacity * options.memory_fraction - held;
  // vLLM profiles a pass and takes its peak from the share; SGLang leaves it to the rest, which must be enough.
  return options.activations_in_fraction ? share - transient : std::min(share, use.capacity - held - transient);
}

// The part of a token's cache that a block holds: what grows, or windows alone.
Bytes growing(const std::vector<model::CacheGroup>& groups) {
  Bytes full, all;
  for (const model::CacheGroup& group : groups) {
    all += group.per_token;
    if (group.window <= 0) full += group.per_token;
  }
  return full > Bytes{} ? full : all;
}

EngineMemory counted(const model::ModelSpec& model, const EngineOptions& options, const hardware::GpuSpec& gpu) {
  EngineMemory use;
  use.capacity = gpu.memory;
  use.weights = model::weight_bytes(model, options.plan);
  // Every slot is made for the largest adapter, before the cache is sized.
  use.adapters = model::adapter_bytes(model, options.plan) * static_cast<double>(options.adapters.slots);
  const double rows =
      std::min(options.max_sequences * (1.0 + options.speculative_tokens), double{1} * options.max_batched_tokens);
  use.activations = model::activation_bytes(model, options.plan, options.max_batched_tokens, rows);
  // The encoder is done before the language model begins, but for what it made.
  const double image_tokens = std::max(encoder_budget(options), 1);
  use.activations = std::max(use.activations, model::image_activation_bytes(model, options.plan, image_tokens));
  use.encoder_cache = model::encoder_cache_bytes(model, image_tokens);
  use.context = options.software.context_memory;
  use.graphs = options.software.graph_memory;
  use.groups = model::cache_groups(model, options.plan);
  use.cache = std::max(Bytes{}, cache_of(options, use));
  use.reserve = use.capacity - use.weights - use.adapters - use.activations - use.encoder_cache - use.context -
                use.graphs - use.cache;
  use.block_bytes = growing(use.groups) * options.block_tokens;
  const double blocks = use.block_bytes > Bytes{} ? std::floor(use.cache / use.block_bytes) : 0;
  use.cache_blocks = static_cast<int>(std::min(blocks, double{1} * std::numeric_limits<int>::max()));
  use.cache_tokens = double{1} * use.cache_blocks * options.block_tokens;
  return use;
}

bool holds(const EngineOptions& options, const EngineMemory& use, std::int64_t tokens) {
  const CacheShape shape = cache_shape(options, use);
  return shape.demand(shape.blocks(tokens + options.speculative_tokens)) <= shape.total;
}

// What must fit: one sequence of the length asked for, or one of a block where nothing was asked.
bool enough(const EngineOptions& options, const EngineMemory& use) {
  return holds(options, use, options.must_hold_longest ? options.max_model_tokens : options.block_tokens);
}

std::int64_t longest(const EngineOptions& options, const EngineMemory& use) {
  std::int64_t fits = 0, too_long = std::max(1, options.max_model_tokens);
  while (too_long - fits > 1) {
    const std::int64_t middle = fits + (too_long - fits) / 2;
    (holds(options, use, middle) ? fits : too_long) = middle;
  }
  return fits;
}

std::vector<std::string> remedies(const model::ModelSpec& model, const EngineOptions& options,
                                  const hardware::GpuSpec& gpu, const EngineMemory& use) {
  std::vector<std::string> found;
  const auto offer = [&](std::string text, const EngineOptions& changed) {
    if (found.size() < 3 && enough(changed, counted(model, changed, gpu))) found.push_back(std::move(text));
  };
  if (options.must_hold_longest && longest(options, use) >= options.block_tokens) {
    found.push_back("max_model_tokens: " + std::to_string(longest(options, use)));
  }
  EngineOptions other = options;
  constexpr double most = 0.95;
  other.memory_fraction = std::max(options.memory_fraction, most);
  if (options.memory_fraction < most) offer("memory_fraction: 0.95", other);
  other = options;
  other.max_batched_tokens = std::max(options.max_sequences * (1 + options.speculative_tokens), 2048);
  if (other.max_batched_tokens < options.max_batched_tokens) {
    offer("max_batched_tokens: " + std::to_string(other.max_batched_tokens), other);
  }
  for (int slots = options.adapters.slots / 2; slots > 0; slots /= 2) {
    other = options;
    other.adapters.slots = slots;
    const std::size_t before = found.size();
    offer("lora.max_loras: " + std::to_string(slots), other);
    if (found.size() > before) break;
  }
  other = options;
  other.plan.kv_cache = Precision::fp8;
  if (options.plan.kv_cache != Precision::fp8) offer("kv_cache: fp8", other);
  for (int factor = 2; factor <= 16; factor *= 2) {
    other = options;
    other.plan.tp *= factor;
    if (model.experts) other.plan.ep *= factor;
    const bool splits = !model.vision || other.plan.whole_vision || model.vision->heads % other.plan.tp == 0;
    if (model.heads % other.plan.tp == 0 && splits) offer("tp: " + std::to_string(other.plan.tp), other);
  }
  if (found.empty()) found.emplace_back("more GPUs, GPUs with more memory, or narrower weights");
  return found;
}

std::string gigabytes(Bytes bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f GB", bytes.in(units::GB));
  return text.data();
}

[[noreturn]] void reject(const model::ModelSpec& model, const EngineOptions& options, const hardware::GpuSpec& gpu,
                         const EngineMemory& use) {
  std::string text = model.name + " on " + options.software.name + ": the KV cache gets " + gigabytes(use.cache) +
                     " of " + gigabytes(use.capacity) + " on " + gpu.name + ", which does not hold one sequence of " +
                     std::to_string(options.must_hold_longest ? options.max_model_tokens : options.block_tokens) +
                     " tokens; weights take " + gigabytes(use.weights) +
                     (use.adapters > Bytes{} ? ", LoRA adapters " + gigabytes(use.adapters) : "") + ", activations " +
                     gigabytes(use.activations + use.encoder_cache) + ", context and CUDA graphs " +
                     gigabytes(use.context + use.graphs) + "; would fit with ";
  const std::vector<std::string> changes = remedies(model, options, gpu, use);
  for (std::size_t i = 0; i < changes.size(); ++i) text += (i > 0 ? ", or with " : "") + changes[i];
  throw OutOfMemoryError(text);
}

}  // namespace

EngineMemory engine_memory(const model::ModelSpec& model, const EngineOptions& options, const hardware::GpuSpec& gpu) {
  EngineMemory use = counted(model, options, gpu);
  if (!enough(options, use)) reject(model, options, gpu, use);
  return use;
}

}  // namespace aifsim::serving
