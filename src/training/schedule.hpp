// The order in which each pipeline stage works through its micro-batches and model chunks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aifsim::training {

// One chunk's forward or backward pass of one micro-batch.
struct Pass {
  bool backward = false;
  int chunk = 0;  // 0 … vp-1
  int micro_batch = 0;
};

struct Schedule {
  std::string_view name;
  std::string_view summary;
  // Passes of `stage` in order. Every (chunk, micro-batch) appears once forward and once backward.
  std::vector<Pass> (*passes)(int stage, int stages, int chunks, int micro_batches);
  bool needs_chunks = false;             // vp > 1
  bool micro_batches_in_groups = false;  // micro_batches must be a multiple of stages
};

// In the order `aifsim list schedules` shows them.
[[nodiscard]] const std::vector<Schedule>& schedules();
[[nodiscard]] const Schedule* find_schedule(std::string_view name);

// Most chunk activations alive at once in a stage under `schedule`.
[[nodiscard]] int peak_in_flight(const Schedule& schedule, int stage, int stages, int chunks, int micro_batches);

struct ScheduleEntry {
  std::string name;
  std::string summary;
};
[[nodiscard]] std::vector<ScheduleEntry> list_schedules();

std::vector<Pass> gpipe_passes(int stage, int stages, int chunks, int micro_batches);
std::vector<Pass> one_forward_one_backward_passes(int stage, int stages, int chunks, int micro_batches);
std::vector<Pass> interleaved_passes(int stage, int stages, int chunks, int micro_batches);

}  // namespace aifsim::training
