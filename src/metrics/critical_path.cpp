#include "metrics/critical_path.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "metrics/additive.hpp"
#include "metrics/label.hpp"

namespace aifsim::metrics {
namespace {

// Seconds by label and by channel, named only at the end: a path may have a hundred thousand tasks, but few names.
struct Tally {
  explicit Tally(std::size_t labels)
      : compute(labels), contention(labels), latency(labels), protocol(labels), delay(labels) {}
  std::vector<Seconds> compute, contention, latency, protocol, delay;
  std::map<ChannelId, Seconds> channel;
};

TaskId latest_dependency(const task::TaskGraph& graph, const Timeline& timeline, TaskId task) {
  TaskId latest;
  for (const TaskId dependency : graph.dependencies(task)) {
    const bool first = !latest.valid();
    if (first || timeline.finish(dependency) > timeline.finish(latest) ||
        (timeline.finish(dependency) == timeline.finish(latest) && dependency < latest)) {
      latest = dependency;
    }
  }
  return latest;
}

void blame_task(const task::Task& task, Seconds interval, ChannelId bound, Tally& tally) {
  const std::size_t label = task.label.index();
  // Sums of doubles differ from a duration in the last digits: that is no contention.
  const bool as_planned = interval <= task.duration * (1 + 1e-9);
  const Seconds alone = as_planned ? interval : task.duration;
  const Seconds rest = interval - alone;
  switch (task.kind) {
    case task::TaskKind::compute:
      tally.compute[label] += alone;
      tally.contention[label] += rest;
      return;
    case task::TaskKind::flow:
      tally.latency[label] += alone;
      (bound.valid() ? tally.channel[bound] : tally.protocol[label]) += rest;
      return;
    case task::TaskKind::delay:
    case task::TaskKind::join: tally.delay[label] += interval; return;
  }
}

Tally walk_back(const task::TaskGraph& graph, const Timeline& timeline) {
  Tally tally(graph.label_count());
  TaskId task = timeline.last();
  while (task.valid()) {
    const TaskId before = latest_dependency(graph, timeline, task);
    const Seconds from = before.valid() ? timeline.finish(before) : timeline.begin();
    const Seconds interval = std::max(Seconds{}, timeline.finish(task) - from);
    blame_task(graph.task(task), interval, timeline.bound(task), tally);
    task = before;
  }
  return tally;
}

void add(Blames& blames, std::string kind, std::string resource, Seconds amount) {
  if (amount > Seconds{}) blames[BlameKey{std::move(kind), std::move(resource)}] += amount;
}

void add_compute(Blames& blames, const std::string& text, Seconds amount, const Composition& composition) {
  double shares = 0;
  const auto parts = composition.find(text);
  if (parts != composition.end()) {
    for (const auto& [name, share] : parts->second) shares += share;
  }
  if (shares <= 0) return add(blames, "compute", std::string(split_label(text).detail), amount);
  for (const auto& [name, share] : parts->second) add(blames, "compute", name, amount * (share / shares));
}

}  // namespace

Blames critical_path(const task::TaskGraph& graph, const Timeline& timeline, const ChannelName& channel_name,
                     const Composition& composition) {
  ensure(timeline.size() == graph.size() && timeline.finished_count() == graph.size(),
         "a critical path is asked of a graph that has run to its end");
  const Tally tally = walk_back(graph, timeline);
  Blames blames;
  for (std::size_t index = 0; index < graph.label_count(); ++index) {
    const std::string& text = graph.text(LabelId(index));
    const std::string cause(split_label(text).cause);
    add_compute(blames, text, tally.compute[index], composition);
    add(blames, "contention", cause + " slowed by overlapped communication", tally.contention[index]);
    add(blames, "latency", cause + " latency", tally.latency[index]);
    add(blames, "protocol", cause + " protocol ceiling", tally.protocol[index]);
    add(blames, cause, std::string(split_label(text).detail), tally.delay[index]);
  }
  for (const auto& [channel, amount] : tally.channel) add(blames, "channel", channel_name(channel), amount);
  return blames;
}

std::vector<Bottleneck> ranked(const Blames& blames) {
  const Seconds all = total(blames);
  std::vector<Bottleneck> list;
  for (const auto& [key, amount] : blames) {
    if (amount > Seconds{}) list.push_back({key.resource, key.kind, amount, amount / all});
  }
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.blame > b.blame; });
  return list;
}

}  // namespace aifsim::metrics
