// A replica on an ideal clock with a pricer of round numbers, fed with requests.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "serving/replica.hpp"
#include "task/ideal_executor.hpp"

namespace aifsim::test {

using serving::Prompt;
using serving::RejectReason;
using serving::Request;
using serving::RequestRecord;
using serving::Ticket;

// Time grows with tokens, sequences and context; exactly along a line for decodes, or along two (`bend`).
class ToyPricer final : public serving::IterationPricer {
 public:
  explicit ToyPricer(double bend = 1e300) : bend_(bend) {}
  [[nodiscard]] Seconds time(const model::Batch& batch) const override {
    longest = std::max(longest, batch.tokens());
    encoded.push_back(batch.images);
    const double fixed = 1e-6 * batch.images.patches + 5e-3 + 1e-4 * batch.decode_sequences + 2e-5 * batch.tokens();
    return units::s * (fixed + 1e-9 * batch.prefill_pairs + slope(batch.decode_context) * batch.decode_context +
                       offset(batch.decode_context) + adapter_cost({batch.adapter_tokens, batch.adapters}));
  }
  [[nodiscard]] serving::DecodeLine decode(int sequences, double context,
                                           const serving::AdapterLoad& adapters) const override {
    const double tokens = sequences * tokens_each;
    longest = std::max(longest, tokens);
    return {.fixed = units::s * (5e-3 + 1e-4 * sequences + 2e-5 * tokens + offset(context) + adapter_cost(adapters)),
            .per_token = units::s * slope(context),
            .until_context = context > bend_ ? 1e300 : bend_};
  }
  double tokens_each = 1;
  mutable double longest = 0;
  mutable std::vector<model::ImageWork> encoded;  // by iteration with prompts
  mutable double most_adapters = 0;

 private:
  double adapter_cost(const serving::AdapterLoad& load) const {
    most_adapters = std::max(most_adapters, load.adapters);
    return 3e-6 * load.tokens + 2e-4 * load.adapters;
  }
  [[nodiscard]] double slope(double context) const { return context > bend_ ? 3e-7 : 1e-7; }
  [[nodiscard]] double offset(double context) const { return context > bend_ ? -2e-7 * bend_ : 0; }
  double bend_;
};

inline serving::EngineOptions toy_engine() {
  serving::EngineOptions options;
  options.max_sequences = 8;
  options.max_batched_tokens = 256;
  options.prefix_caching = false;
  return options;
}

inline serving::EngineMemory toy_memory(int blocks) {
  serving::EngineMemory memory;
  memory.cache_blocks = blocks;
  memory.cache_tokens = blocks * 16.0;
  memory.block_bytes = units::MB * 1.0;
  return memory;
}

inline Request request_of(std::uint64_t id, double arrival, int prompt, int output) {
  Request request;
  request.prompt.id = id;
  request.prompt.arrival = units::s * arrival;
  request.prompt.tokens = prompt;
  request.output_tokens = output;
  return request;
}

struct Outcome {
  std::vector<RequestRecord> completed;  // in the order of their ends
  std::vector<std::pair<std::uint64_t, RejectReason>> rejected;
  [[nodiscard]] const RequestRecord& record(std::uint64_t id) const {
    return *std::ranges::find(completed, id, &RequestRecord::id);
  }
};

// Adds up what watchers are told.
struct Tally final : serving::ServingObserver {
  void decoded(const serving::DecodeRun& run) override {
    tokens += run.tokens_per_iteration * run.sequences * run.iterations;
    iterations += run.iterations;
    ++runs;
  }
  void prefilled(std::uint32_t, Seconds, Seconds, double count) override { prefill_tokens += count; }
  void changed(const serving::ReplicaState& state, Seconds when) override {
    most_running = std::max(most_running, state.running);
    in_order = in_order && when >= last;
    last = when;
  }
  double tokens = 0, prefill_tokens = 0;
  std::int64_t iterations = 0, runs = 0;
  int most_running = 0;
  bool in_order = true;
  Seconds last;
};

struct ReplicaCase {
  ReplicaCase(const serving::EngineOptions& engine, const serving::EngineMemory& memory,
              serving::Role role = serving::Role::whole, double bend = 1e300)
      : pricer(bend),
        clock(task::make_ideal_executor({})),
        replica(0, role, engine, memory, pricer, *clock, tally,
                {.completed = [this](Ticket ticket) { outcome.completed.push_back(ticket.record); },
                 .rejected = [this](Ticket ticket,
                                    RejectReason why) { outcome.rejected.emplace_back(ticket.record.id, why); },
                 .prefilled = [this](Ticket ticket) { prefilled.push_back(std::move(ticket)); }}) {
    pricer.tokens_each = 1 + engine.speculative_tokens;
  }

  static Ticket ticket_of(const Request& request) {
    RequestRecord record;
    record.id = request.prompt.id;
    record.arrival = request.prompt.arrival;
    record.input_tokens = request.prompt.tokens;
    return {request, record};
  }
  void at_arrival(const Request& request) {
    clock->at(request.prompt.arrival, [this, request] {
      replica.submit(ticket_of(request));
      replica.check();
    });
  }
  const Outcome& run(const std::vector<Request>& requests) {
    for (const Request& request : requests) at_arrival(request);
    clock->run();
    replica.check();
    return outcome;
  }

  ToyPricer pricer;
  std::unique_ptr<task::Executor> clock;
  Tally tally;
  Outcome outcome;
  std::vector<Ticket> prefilled;
  serving::Replica replica;
};

}  // namespace aifsim::test
