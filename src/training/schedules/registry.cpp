#include <algorithm>

#include "training/schedule.hpp"

namespace aifsim::training {

const std::vector<Schedule>& schedules() {
  static const std::vector<Schedule> all{
      {"1f1b", "one forward, one backward (PipeDream-flush): least memory without chunks",
       one_forward_one_backward_passes},
      {"interleaved", "1F1B over several model chunks per stage (Megatron-LM): the bubble shrinks by vp",
       interleaved_passes, true, true},
      {"gpipe", "all forwards, then all backwards: simple, most memory", gpipe_passes},
  };
  return all;
}

const Schedule* find_schedule(std::string_view name) {
  for (const Schedule& schedule : schedules()) {
    if (schedule.name == name) return &schedule;
  }
  return nullptr;
}

int peak_in_flight(const Schedule& schedule, int stage, int stages, int chunks, int micro_batches) {
  int alive = 0;
  int peak = 0;
  for (const Pass& pass : schedule.passes(stage, stages, chunks, micro_batches)) {
    alive += pass.backward ? -1 : 1;
    peak = std::max(peak, alive);
  }
  return peak;
}

std::vector<ScheduleEntry> list_schedules() {
  std::vector<ScheduleEntry> entries;
  for (const Schedule& schedule : schedules()) {
    entries.push_back({std::string(schedule.name), std::string(schedule.summary)});
  }
  return entries;
}

}  // namespace aifsim::training
