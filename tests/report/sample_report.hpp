// A report that uses every field.
#pragma once

#include "metrics/run_report.hpp"

namespace aifsim::report {

inline metrics::ServingReport sample_service() {
  metrics::ServingReport service;
  service.name = "serve-llama3-70b";
  service.model = "llama3-70b";
  service.precision = "fp8 weights, fp8 KV";
  service.layout = "2 x TP4 prefill + 1 x TP8 decode";
  service.engine = "vLLM";
  service.gpus = 16;
  service.requests = 1000;
  service.completed = 990;
  service.measured = 900;
  service.rejected = 10;
  service.preemptions = 3;
  service.duration = 200 * units::s;
  service.input_tokens = 900e3;
  service.output_tokens = 180e3;
  for (int i = 1; i <= 900; ++i) {
    service.ttft.add(i * 0.3 * units::ms);
    service.tpot.add((10 + i * 0.01) * units::ms);
    service.itl.add((10 + i * 0.01) * units::ms, 200);
    service.e2e.add((2 + i * 0.01) * units::s);
    service.queueing.add(i * 0.1 * units::ms);
  }
  service.output_tokens_per_s = 900;
  service.output_tokens_per_s_per_gpu = 56.25;
  service.requests_per_s = 4.5;
  service.goodput_rps = 4.1;
  service.slo_ttft = 200 * units::ms;
  service.prefix_hit_ratio = 0.25;
  service.mean_running = 31.5;
  service.mean_batch = 30.2;
  service.transfer_mean = 12 * units::ms;
  service.transferred = 300 * units::GB;
  metrics::MemoryReport memory;
  memory.classes = {{"weights", 9 * units::GB}, {"kv cache", 60 * units::GB}, {"activations", 3 * units::GB}};
  memory.capacity = 80 * units::GB;
  service.pools = {{.role = "prefill",
                    .replicas = 2,
                    .layout = "TP4",
                    .memory = memory,
                    .cache_tokens = 1.5e6,
                    .most_replicas = 4,
                    .mean_replicas = 2.5,
                    .start_up = {{"weights", 8 * units::s}}}};
  service.scaling = {{2 * units::s, "prefill", "starts", 2, 2}};
  service.tiers = {
      {.name = "host", .capacity = 2e12 * units::B, .hit_ratio = 0.1, .read = 4 * units::GB, .written = 9 * units::GB}};
  service.adapters = {.requests = 1000,
                      .loads = 120,
                      .reads = 40,
                      .hit_ratio = 0.88,
                      .load_wait = 3 * units::ms,
                      .slot_wait = 5 * units::ms,
                      .loaded = 50 * units::GB,
                      .read = 16 * units::GB};
  service.bottlenecks = {
      {.figure = "ttft", .resource = "waiting for a place in the batch", .time = 50 * units::ms, .share = 0.4},
      {.figure = "tpot", .resource = "expert ffn", .time = 6 * units::ms, .share = 0.5}};
  service.series = {{.when = 1 * units::s,
                     .running = 3,
                     .waiting = 1,
                     .cache_use = 0.1,
                     .output_tokens_per_s = 80,
                     .prompt_tokens_per_s = 900},
                    {.when = 3 * units::s,
                     .running = 9,
                     .waiting = 0,
                     .cache_use = 0.2,
                     .output_tokens_per_s = 280,
                     .prompt_tokens_per_s = 600}};
  service.rejections = {"10 queue full"};
  return service;
}

inline metrics::RunReport sample_report() {
  metrics::RunReport report;
  report.provenance = {.version = "0.1.0",
                       .platform = {"platforms/dgx-h100-2048.yaml", "nodes: {type: dgx-h100, count: 2048}\n"},
                       .workload = {"workloads/llama3-405b-pretrain.yaml", "model: llama3-405b\n"},
                       .seed = 7,
                       .simgrid_version = "3.32",
                       .simgrid_options = {"network/model:CM02"},
                       .data_sources = {"NVIDIA H100 datasheet"},
                       .validity_notes = {"a step of 16 micro-batches is extrapolated from steps of 4 and 8, in which "
                                          "the pipeline is full; the figures add up as they do in the whole step"}};
  report.platform_name = "dgx-h100-2048";
  report.platform_summary = "2,048 x dgx-h100, rail-optimized, 400 Gb/s per GPU, 1:7 at the top tier";

  metrics::JobReport job;
  job.name = "llama3-405b-pretrain";
  job.kind = "training";
  job.model = "llama3-405b";
  job.layout = "TP8 PP16 DP128, interleaved 1F1B, micro-batch 1, global batch 2,048";
  job.precision = "bf16";
  job.gpus = 16384;
  job.step_time = 6.2 * units::s;
  job.throughput = {2.7e6, 164.8125, 0.1 * 4003.3 * units::TFLOP_per_s, 0.4046, 0.4046};
  job.memory.classes = {
      {"weights", 6.3 * units::GB}, {"gradients", 12.7 * units::GB}, {"activations", 1.0 / 3 * units::GB}};
  job.memory.capacity = 80 * units::GiB;
  job.breakdown = {{"compute", 5.1 * units::s}, {"tp_comm", 0.7 * units::s}, {"bubble", 0.4 * units::s}};
  job.blames = {{{"compute", "gemm mlp_up"}, 3.1 * units::s},
                {{"compute", "attention"}, 1.9 * units::s},
                {{"channel", "leaf3→spine7"}, 0.9 * units::s},
                {{"latency", "pp_comm latency"}, 0.2 * units::s},
                {{"host", "launch"}, 0.1 * units::s}};
  for (int i = 0; i < 9; ++i) {
    job.blames[{"channel",
                "node" + std::to_string(i) + "/gpu0→node0/nvswitch0, and a name far too long for one line"}] =
        (0.01 + i * 0.001) * units::s;
  }
  job.faults = {{.at = 100 * units::s,
                 .part = "node1/nic2",
                 .effect = "rerouted",
                 .flows_rerouted = 153,
                 .step_before = 6.2 * units::s,
                 .step_hit = 36.3 * units::s,
                 .step_after = 6.4 * units::s,
                 .detail = "153 flows (2 waited), first dp_comm:ring: from node1/nic2→leaf2 to node1/nic3→leaf3"},
                {.at = 300 * units::s,
                 .part = "node0/gpu3",
                 .effect = "failed",
                 .step_before = 6.4 * units::s,
                 .detail = "the job fails at 300 s: a rank of the job ran on it"}};
  report.jobs.push_back(job);

  report.services.push_back(sample_service());

  report.network.kind = "fluid";
  for (int i = 0; i < 15; ++i) {
    report.network.channels.push_back({"pod0/leaf" + std::to_string(i) + "→spine0", "pluggable-dr4-with-a-long-name",
                                       (i + 1) * 0.1 * units::TB, (i + 1) / 30.0});
  }
  report.run_cost = {1.84 * units::s, 212e6 * units::B, 183204, 40211};
  return report;
}

}  // namespace aifsim::report
