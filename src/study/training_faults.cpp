#include "study/training_faults.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "base/error.hpp"
#include "metrics/timeline.hpp"
#include "parallel/rank_map.hpp"
#include "study/fault_text.hpp"
#include "study/training_ways.hpp"

namespace aifsim::study {
namespace {

std::set<DeviceId> members_of(const training::TrainingSetup& setup) {
  const parallel::Plan& plan = setup.job.plan;
  const parallel::RankMap ranks(plan, *setup.topology, setup.job.gpus_per_domain);
  std::set<DeviceId> gpus;
  for (int stage = 0; stage < plan.pp; ++stage) {
    for (int dp = 0; dp < plan.dp; ++dp) {
      for (int cp = 0; cp < plan.cp; ++cp) {
        for (int tp = 0; tp < plan.tp; ++tp) gpus.insert(ranks.gpu(tp, cp, dp, stage));
      }
    }
  }
  return gpus;
}

class FaultedRun {
 public:
  FaultedRun(const training::TrainingSetup& start, const std::vector<topology::NetworkChange>& changes,
             const SteadyStep& before, const MeasureSteady& measure, task::Executor& executor)
      : start_(start),
        changes_(changes),
        measure_(measure),
        executor_(executor),
        ways_(start, changes),
        members_(members_of(start)),
        watch_(*start.platform, *start.topology, changes, ways_, executor,
               [this](DeviceId gpu) { return members_.contains(gpu); }),
        steady_(before) {}

  std::vector<metrics::FaultReport> run() {
    try {
      while (watch_.state() < changes_.size()) pass_changes();
    } catch (const JobFailure& failure) {
      watch_.end();
      tell_failure(failure);
    }
    return std::move(reports_);
  }

 private:
  // To the step into which the next change falls, and through it; through further ones where the change is not known by
  // its end, but hits them.
  void pass_changes() {
    const std::size_t first = watch_.state();
    const double steps = std::floor((changes_[first].at - now_) / steady_.time);
    if (steps > 0) now_ += steady_.time * steps;
    const Seconds hit = execute_step();
    while (watch_.pending()) {
      if (ways_.job_crosses(watch_.settled_state(), watch_.down())) {
        execute_step();
      } else {
        watch_.settle();
      }
    }
    const SteadyStep after = measure_steady_step(first, hit);
    for (std::size_t change = first; change < watch_.state(); ++change) tell(change, hit, after);
    steady_ = after;
  }

  // Its time. GPUs that are slow from within the step on are so from the next one on.
  Seconds execute_step() {
    const std::size_t base = watch_.settled_state();
    ways_.use_step_of(base);
    const training::StepGraph& step = ways_.step(base);
    metrics::Timeline timeline(step.graph.size());
    watch_.begin(now_);
    executor_.submit(step.graph, timeline, [this] { watch_.end(); });
    executor_.run();
    ensure(timeline.finished_count() == step.graph.size(), "every task of a step finishes");
    now_ += timeline.elapsed();
    return timeline.elapsed();
  }

  // A job whose way is gone learns it in the step that needs it.
  SteadyStep measure_steady_step(std::size_t first, Seconds hit) {
    try {
      return measure_(ways_.setup(watch_.settled_state()));
    } catch (const ConfigError& error) {
      for (std::size_t change = first; change + 1 < watch_.state(); ++change) tell(change, hit, {});
      throw JobFailure{.at = now_, .change = watch_.state() - 1, .why = error.what()};
    }
  }

  void tell(std::size_t change, Seconds hit, const SteadyStep& after) {
    for (const std::size_t fault : changes_[change].struck) add_report(change, fault, hit, after);
    for (const std::size_t fault : changes_[change].repaired) {
      add_report(change, fault, hit, after);
      reports_.back().effect = "repaired";
      reports_.back().flows_rerouted = 0;
      reports_.back().detail = "new flows take its ways again; " + steady_text(after);
    }
  }

  void add_report(std::size_t change, std::size_t fault, Seconds hit, const SteadyStep& after) {
    const FaultEffect& effect = watch_.effects()[change];
    const topology::NetworkChange& state = changes_[change];
    const bool moved = effect.rerouted > 0;
    const bool slower = !moved && after.time > steady_.time * (1 + 1e-9);
    const bool crossed = effect.waited > 0 || state.died.empty();
    const std::string detail = moved ? rerouted_text(effect, start_.topology->fabric, *start_.platform, state)
                               : effect.waited > 0 ? fmt::format("{} flow{} waited until it was replaced",
                                                                 effect.waited, effect.waited == 1 ? "" : "s")
                               : crossed           ? std::string("no flow changes its way")
                                                   : std::string("nothing of the job crosses it");
    reports_.push_back({.at = state.at,
                        .part = start_.platform->faults[fault].part,
                        .effect = moved                         ? "rerouted"
                                  : slower || effect.waited > 0 ? "slowed"
                                                                : "untouched",
                        .flows_rerouted = effect.rerouted,
                        .step_before = steady_.time,
                        .step_hit = hit,
                        .step_after = after.time,
                        .detail = detail + "; " + steady_text(after)});
  }

  static std::string steady_text(const SteadyStep& after) {
    return after.bottleneck.empty() ? "no step after it" : "steps after it are limited by " + after.bottleneck;
  }

  void tell_failure(const JobFailure& failure) {
    for (std::size_t change = told(); change < failure.change; ++change) tell(change, {}, {});
    const topology::NetworkChange& last = changes_[failure.change];
    const std::vector<std::size_t>& blamed = last.struck.empty() ? last.repaired : last.struck;
    for (const std::size_t fault : blamed) {
      reports_.push_back(
          {.at = last.at,
           .part = start_.platform->faults[fault].part,
           .effect = "failed",
           .step_before = steady_.time,
           .detail = fmt::format("the job fails at {:.6g} s: {}", failure.at.in(units::s), failure.why)});
    }
  }
  // Changes that have their reports.
  [[nodiscard]] std::size_t told() const {
    std::size_t change = 0;
    while (change < changes_.size() && !reports_.empty() && changes_[change].at <= reports_.back().at) ++change;
    return change;
  }

  const training::TrainingSetup& start_;
  const std::vector<topology::NetworkChange>& changes_;
  const MeasureSteady& measure_;
  task::Executor& executor_;
  TrainingWays ways_;
  std::set<DeviceId> members_;
  FaultWatch watch_;
  SteadyStep steady_;  // in the state reached
  Seconds now_;
  std::vector<metrics::FaultReport> reports_;
};

}  // namespace

std::vector<metrics::FaultReport> simulate_faults(const training::TrainingSetup& start,
                                                  const std::vector<topology::NetworkChange>& changes,
                                                  const SteadyStep& before, const MeasureSteady& measure,
                                                  task::Executor& executor) {
  return FaultedRun(start, changes, before, measure, executor).run();
}

}  // namespace aifsim::study
