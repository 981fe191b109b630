// A training job as its workload file describes it. Plain, valid data.
#pragma once

#include <string>
#include <vector>

#include "config/node.hpp"
#include "hardware/platform.hpp"
#include "model/model_spec.hpp"
#include "parallel/plan.hpp"
#include "training/framework.hpp"
#include "training/schedule.hpp"

namespace aifsim::training {

// Which communication runs beside compute instead of in its way.
struct Overlap {
  bool gradient_reduce = true;   // DP gradients under the backward pass
  bool parameter_gather = true;  // the distributed optimizer's all-gather under the forward pass
  bool tensor_parallel = false;  // TP collectives pipelined with their GEMM (TE user buffers, async TP)
  bool context_parallel = true;  // KV exchange under attention
  bool pipeline = true;          // stage-to-stage transfers do not block the sender
};

// automatic: the least that fits in memory; where the GPU reaches its host over C2C, activations are offloaded before
// anything is recomputed.
enum class RecomputeChoice { none, selective, full, automatic };

struct TrainingJob {
  std::string name;
  model::ModelSpec model;
  Framework framework;
  parallel::Plan plan;
  const Schedule* schedule = nullptr;
  double sequence = 0;                             // tokens
  int global_batch = 0;                            // sequences a step
  int micro_batch = 1;                             // sequences
  Precision precision = Precision::bf16;           // of the layers' GEMMs
  Precision gradient_precision = Precision::fp32;  // in which gradients are reduced
  Precision gather_precision = Precision::bf16;    // in which parameters are gathered
  Precision weight_precision = Precision::bf16;    // in which a rank keeps its working copy
  RecomputeChoice recompute = RecomputeChoice::none;
  double offload_activations = 0;  // fraction of the kept activations that wait in host memory for the backward pass
  Overlap overlap;
  std::vector<int> layers_per_slot;  // pp x vp entries in model order
  int gpus_per_domain = 0;           // placement; 0 = fill domains evenly
  bool nvls = true;                  // NCCL may use in-switch reduction

  [[nodiscard]] int micro_batches() const { return global_batch / (plan.dp * micro_batch); }
  [[nodiscard]] double tokens_per_step() const { return global_batch * sequence; }
};

// Reads a workload document of `kind: training`. `platform` gives dp its default and bounds ranks and precisions;
// without one (nullptr) the file alone is checked. Problems go to the document; call document.check() after.
[[nodiscard]] TrainingJob read_training_job(const config::Document& document, const hardware::Platform* platform);

// Layers of each of `slots` virtual stages: even when they divide; else embedding and head count as one layer each
// (Megatron's account_for_embedding/loss_in_pipeline_split) when that divides; else the first slots get one more.
[[nodiscard]] std::vector<int> split_layers(int layers, int slots);

}  // namespace aifsim::training
