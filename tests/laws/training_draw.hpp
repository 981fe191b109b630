// Random small training jobs on random small clusters, and what one simulated step says about them.
#pragma once

#include <array>
#include <random>
#include <string>

#include "base/error.hpp"
#include "engine/in_child.hpp"
#include "engine/simgrid_executor.hpp"
#include "study/training_run.hpp"
#include "training/job_case.hpp"
#include "training/step_graph.hpp"

namespace aifsim::test {

struct Draw {
  std::string platform;
  std::string workload;
  int micro_batches = 1;
  bool interleaved = false;
};

// A framework of round numbers: laws hold whatever calibration says.
inline const std::string plain_framework =
    "framework: {source: test, communication_steal: 0.1, tp_overlap: 0.5, step_overhead: 1 ms}\n";

class JobDraw {
 public:
  explicit JobDraw(unsigned seed) : random_(seed) {}

  Draw next() {
    Draw draw;
    const int nodes = power(3);
    draw.platform = platform(nodes);
    const int gpus = nodes * gpus_per_node_;
    int left = gpus;
    const auto degree = [&](int most) {
      int value = power(4);
      while (value > most || left % value != 0) value /= 2;
      left /= value;
      return value;
    };
    const int tp = degree(8);
    const int pp = degree(4);
    const int cp = degree(2);
    const int dp = degree(8);
    const int vp = pp > 1 && pick(0, 1) == 1 ? 2 : 1;
    draw.interleaved = vp > 1;
    draw.micro_batches = draw.interleaved ? pp * pick(1, 8) : pick(1, 30);
    draw.workload = "kind: training\nmodel: {layers: " + std::to_string(pp * vp * pick(1, 3)) +
                    ", hidden: 2048, ffn_hidden: 8192, heads: 16, kv_heads: 8, vocab: 32000}\n" + plain_framework +
                    "sequence: 4096\nglobal_batch: " + std::to_string(dp * draw.micro_batches) +
                    "\nprecision: bf16\nrecompute: auto\nparallelism: {tp: " + std::to_string(tp) +
                    ", pp: " + std::to_string(pp) + ", cp: " + std::to_string(cp) + ", dp: " + std::to_string(dp) +
                    ", vp: " + std::to_string(vp) + ", sharding: " + one_of({"none", "distributed-optimizer", "fsdp"}) +
                    "}\nschedule: " + (draw.interleaved ? "interleaved" : one_of({"1f1b", "gpipe"})) + "\noverlap: {" +
                    "gradient_reduce: " + boolean() + ", parameter_gather: " + boolean() +
                    ", tensor_parallel: " + boolean() + ", context_parallel: " + boolean() +
                    ", pipeline: " + boolean() + "}\n";
    return draw;
  }

 private:
  int pick(int least, int most) {
    return least + static_cast<int>(random_() % static_cast<unsigned>(most - least + 1));
  }
  int power(int below) { return 1 << pick(0, below - 1); }
  std::string boolean() { return pick(0, 1) == 1 ? "true" : "false"; }
  std::string one_of(std::initializer_list<const char*> choices) {
    return *(choices.begin() + pick(0, static_cast<int>(choices.size()) - 1));
  }

  std::string platform(int nodes) {
    const std::string type = one_of({"dgx-h100", "dgx-a100", "gh200-node-4x"});
    gpus_per_node_ = type == "gh200-node-4x" ? 4 : 8;
    const std::string network = one_of({"rail-optimized", "fat-tree"});
    return "nodes: {type: " + type + ", count: " + std::to_string(nodes) +
           "}\nscale_out: {topology: " + (nodes == 1 ? "none" : network) + "}\n";
  }

  std::mt19937 random_;
  int gpus_per_node_ = 8;
};

inline double seconds_of(const study::TrainingResult& result) { return result.job.step_time.in(units::s); }

// Works in a process of its own, on an executor of its own.
template <typename Work>
std::vector<double> on_engine(const Draw& draw, engine::NetworkKind network, Work work) {
  return in_child([&] {
    const JobCase job_case(draw.platform, draw.workload);
    const training::TrainingSetup setup = job_case.prepare();
    const auto executor = engine::make_simgrid_executor(job_case.topology.fabric, network);
    return work(setup, *executor);
  });
}

}  // namespace aifsim::test
