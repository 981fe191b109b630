// An inference engine as its user configures it, and what its software costs. Plain, valid data.
#pragma once

#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "config/node.hpp"
#include "hardware/platform.hpp"
#include "model/inference.hpp"

namespace aifsim::serving {

enum class Preemption { recompute, swap };
enum class Batching {
  mixed,           // prefill chunks and decodes share iterations (vLLM V1, TensorRT-LLM with chunked context)
  prefill_first,   // an iteration is either prefills or decodes; prefills go first (SGLang without mixed chunks)
  static_batches,  // the next batch starts when the last sequence of this one is done
};
enum class Admission {
  optimistic,  // admits while the prompt fits; runs out later and preempts (vLLM, SGLang)
  no_evict,    // admits when prompt and longest allowed output fit (TensorRT-LLM's guaranteed no evict)
  estimated,   // admits while the prompt and a learnt share of the longest outputs fit (SGLang)
};

// What the engine's software adds to the kernels. One file each in workloads/engines/, calibrated on families of
// measurements.
struct EngineSoftware {
  std::string name;  // "vllm", "tensorrt-llm", "sglang"
  std::string source;
  std::string kernel_library;    // variant of the GPU's kernel tables; empty = the tables' own
  Seconds step;                  // host time of an iteration that nothing hides
  Seconds per_sequence;          // the same, of each sequence in the batch: sampling, detokenising, scheduling
  Seconds per_prefill;           // of each prefill chunk: tokenising, block tables
  Seconds per_request;           // once, before a request can be scheduled: HTTP, tokeniser
  Seconds per_image;             // the same of each image that it brings: decoding, resizing, cutting into patches
  Seconds request_gap;           // requests come out of the front end at least this far apart
  double kernel_factor = 1;      // GPU time of an iteration over the sum of its kernels' measured times
  double launch_share = 1;       // of the launch times in the kernel tables that graphs and dependent launches leave
  Seconds expert_launch;         // most that the launches of fused experts take; 0 = as in the tables
  Seconds launch_gap;            // host time per kernel where no CUDA graph covers the batch
  int graph_batch = 0;           // decode batches up to this size run as CUDA graphs, padded to the next captured size
  std::vector<int> graph_sizes;  // captured sizes; empty: powers of two, then multiples of 8
  bool overlaps_scheduling = true;  // the next iteration is scheduled while this one computes
  bool custom_all_reduce = true;    // one-shot/two-shot kernels for small tensors inside an NVLink domain
  std::string expert_exchange;      // "all-reduce", "all-to-all", "deepep": how tokens reach their experts
  Bytes context_memory;             // CUDA context, NCCL, libraries
  Bytes graph_memory;               // of captured CUDA graphs
};

// Engines may keep new prompts waiting while others decode, so that prompts meet in few iterations.
struct PromptWait {
  int iterations = 0;      // at most so many decode iterations; 0 = none wait
  double token_share = 0;  // or until the waiting prompts have this share of max_batched_tokens; 0 = they do not count
  bool every_group = false;  // or until there is one for each attention group
  bool polled = false;       // the queue is looked at every so many iterations, however long a prompt has waited
};

// How the images of prompts are encoded.
struct VisionOptions {
  int patches_per_token = 0;    // of the model; 0: it has no encoder, or none is loaded
  int budget_tokens = 0;        // that may be encoded in an iteration, in one attention group; 0 = max_batched_tokens
  Seconds host_time_per_image;  // before the request can be scheduled; the images of several requests side by side
  bool asked = false;           // the user wrote `vision:`, so that the encoder is loaded even if no images come
};

// LoRA adapters that an engine serves beside its model (rank and layers are in model::AdapterPlan).
struct AdapterOptions {
  int slots = 0;             // in HBM, and so many different ones run at once; 0 = none are served
  int host = 0;              // kept in host memory
  bool all_in_host = false;  // as many as there are
};

struct EngineOptions {
  EngineSoftware software;
  model::InferencePlan plan;
  Batching batching = Batching::mixed;
  Admission admission = Admission::optimistic;
  Preemption preemption = Preemption::recompute;
  int max_sequences = 256;         // running at once, in one attention group
  int max_batched_tokens = 8192;   // of one iteration, in one attention group
  int max_model_tokens = 0;        // prompt + output; 0 = as long as the cache allows
  bool must_hold_longest = false;  // the user asked for max_model_tokens: the cache must hold a sequence of it
  bool chunked_prefill = true;
  bool prefix_caching = true;
  int block_tokens = 16;         // of one KV block
  double memory_fraction = 0.9;  // of HBM that the engine may use (or of what weights leave free: see memory_of_free)
  bool memory_of_free = false;   // memory_fraction is of what is free after loading (TensorRT-LLM)
  bool activations_in_fraction = true;  // or they, and CUDA graphs, are in the rest (SGLang)
  int queue_limit = 0;                  // waiting requests; more are turned away; 0 = none are
  BytesPerSecond swap_bandwidth;  // of one GPU to host memory, for preemption by swapping: where the fabric has no way
  bool swap_limited = false;      // the user asked for swap_bandwidth: no faster on the fabric either
  PromptWait prompt_wait;
  VisionOptions vision;
  int speculative_tokens = 0;  // drafted for each sequence and iteration (MTP, draft model)
  double acceptance = 0;       // probability that a drafted token is accepted, given those before it were
  AdapterOptions adapters;
};

[[nodiscard]] inline int encoder_budget(const EngineOptions& options) {
  return options.vision.budget_tokens > 0 ? options.vision.budget_tokens : options.max_batched_tokens;
}

// Reads the `engine:` map of a serving workload. Problems go to the document.
[[nodiscard]] EngineOptions read_engine(const config::Node& node, const model::ModelSpec& model,
                                        const hardware::Platform* platform);

struct EngineEntry {
  std::string name;
  std::string summary;
};
[[nodiscard]] std::vector<EngineEntry> list_engines();

}  // namespace aifsim::serving
