// A naive engine: every iteration, every sequence, one token at a time. The oracle of the closed form; it shares the
// schedulers' decisions with the real one, and nothing else.
#pragma once

#include <cmath>
#include <list>
#include <set>

#include <gtest/gtest.h>

#include "serving/replica_case.hpp"
#include "serving/scheduler.hpp"

namespace aifsim::test {

class ReferenceEngine {
 public:
  ReferenceEngine(const serving::EngineOptions& options, int blocks, double bend)
      : options_(options), total_(blocks), pricer_(bend), scheduler_(serving::make_scheduler(options)) {
    double accepted = 1;
    yield_ = 0;
    for (int i = 0; i <= options.speculative_tokens; ++i, accepted *= options.acceptance) yield_ += accepted;
    if (options.speculative_tokens > 0) yield_ = std::floor(yield_ * 256 + 0.5) / 256;
    pricer_.tokens_each = 1 + options.speculative_tokens;
  }

  Outcome run(const std::vector<Request>& requests) {
    std::size_t next = 0;
    while (next < requests.size() || !running_.empty() || !waiting_.empty()) {
      if (running_.empty() && waiting_.empty()) now_ = std::max(now_, ready_time(requests[next]));
      for (; next < requests.size() && ready_time(requests[next]) <= now_; ++next) arrive(requests[next]);
      if (!running_.empty() || !waiting_.empty()) iterate();
    }
    return outcome_;
  }

 private:
  struct Sequence {
    Request request;
    RequestRecord record;
    int target = 0, computed = 0, chunk = 0, generated = 0, blocks = 0;
    double made = 0;  // while decoding: since it began
    bool decoding = false, scheduled = false;
  };
  [[nodiscard]] Seconds ready_time(const Request& request) const {
    return request.prompt.arrival + options_.software.per_request;
  }
  [[nodiscard]] int blocks_of(double tokens) const {
    return static_cast<int>(std::ceil(tokens / options_.block_tokens - 1e-12));
  }
  [[nodiscard]] int lookahead() const { return options_.speculative_tokens; }
  [[nodiscard]] int free() const {
    int used = 0;
    for (const Sequence& sequence : running_) used += sequence.blocks;
    return total_ - used;
  }
  [[nodiscard]] int limit(const Sequence& sequence) const {
    const int most = options_.max_model_tokens - std::max(1, sequence.request.prompt.tokens);
    return sequence.request.prompt.output_limit > 0 ? std::min(most, sequence.request.prompt.output_limit) : most;
  }
  [[nodiscard]] int whole(const Sequence& sequence) const {
    return std::min(total_, blocks_of(std::max(1, sequence.request.prompt.tokens) + limit(sequence) + lookahead()));
  }

  void arrive(const Request& request) {
    const int prompt = std::max(1, request.prompt.tokens);
    const Ticket ticket = ReplicaCase::ticket_of(request);
    if (prompt + request.output_tokens > options_.max_model_tokens ||
        blocks_of(prompt + request.output_tokens + lookahead()) > total_ ||
        (!options_.chunked_prefill && prompt > options_.max_batched_tokens)) {
      outcome_.rejected.emplace_back(request.prompt.id, RejectReason::too_long);
      return;
    }
    Sequence sequence{request, ticket.record};
    sequence.target = prompt;
    waiting_.push_back(sequence);
  }

  void iterate() {
    const auto decodes = [this] { return std::ranges::count_if(running_, &Sequence::decoding); };
    for (int round = 0; round < 2; ++round) {
      const serving::Turn turn = scheduler_->turn({.running = static_cast<int>(running_.size()),
                                                   .decoding = static_cast<int>(decodes()),
                                                   .waiting = static_cast<int>(waiting_.size())});
      const bool beside = turn.decode_beside_prefill;
      const bool preempted = beside && grow_decodes();
      int budget = options_.max_batched_tokens - (beside ? static_cast<int>(decodes()) * (1 + lookahead()) : 0);
      bool prefill = false;
      for (Sequence& sequence : running_) {
        sequence.chunk = sequence.decoding ? 0 : std::min(budget, sequence.target - sequence.computed);
        budget -= sequence.chunk;
        prefill = prefill || sequence.chunk > 0;
      }
      while (turn.admit && !preempted && budget > 0 && admit(budget)) prefill = true;
      if (prefill) return compute(beside);
      if (!beside) grow_decodes();
      if (decodes() > 0) return compute(true);
    }
    ADD_FAILURE() << "the reference engine has nothing to do";
    waiting_.clear();
  }

  bool grow_decodes() {
    bool preempted = false;
    // Cache is taken for all decodes, or nothing is taken until somebody has left.
    while (true) {
      int lacking = 0;
      for (const Sequence& sequence : running_) {
        if (sequence.decoding) lacking += needed(sequence) - sequence.blocks;
      }
      if (lacking <= free()) break;
      Sequence last = running_.back();
      running_.pop_back();
      last.generated = made(last);
      last.target = std::max(1, last.request.prompt.tokens) + last.generated;
      last.computed = last.blocks = last.chunk = 0;
      last.made = 0;
      last.decoding = false;
      ++last.record.preemptions;
      waiting_.push_front(last);
      double all_made = 0, all_limits = 0;
      for (const Sequence& other : running_) {
        all_made += made(other);
        all_limits += std::min(limit(other), serving::BatchScheduler::longest_estimate);
      }
      scheduler_->preempted(static_cast<int>(running_.size()), all_made, all_limits);
      preempted = true;
    }
    for (Sequence& sequence : running_) {
      if (sequence.decoding) sequence.blocks = needed(sequence);
    }
    return preempted;
  }
  [[nodiscard]] int needed(const Sequence& sequence) const {
    return blocks_of(sequence.target + lookahead() + sequence.made + yield_);
  }
  static int made(const Sequence& sequence) {
    return std::min(sequence.request.output_tokens,
                    sequence.generated + static_cast<int>(std::floor(sequence.made + 1e-9)));
  }

  [[nodiscard]] std::uint32_t adapter_of(const Sequence& sequence) const {
    return options_.adapters.slots > 0 ? sequence.request.prompt.adapter : 0;
  }
  [[nodiscard]] bool adapter_fits(const Sequence& sequence) const {
    std::set<std::uint32_t> used;
    for (const Sequence& other : running_) used.insert(adapter_of(other));
    used.erase(0);
    const std::uint32_t adapter = adapter_of(sequence);
    return adapter == 0 || used.contains(adapter) || static_cast<int>(used.size()) < options_.adapters.slots;
  }

  bool admit(int& budget) {
    const auto next =
        std::ranges::find_if(waiting_, [this](const Sequence& sequence) { return adapter_fits(sequence); });
    if (next == waiting_.end() || static_cast<int>(running_.size()) >= options_.max_sequences) return false;
    Sequence& first = *next;
    if (!options_.chunked_prefill && first.generated == 0 && first.target > budget) return false;
    serving::GroupView group{.running = static_cast<int>(running_.size()), .total = total_, .available = free()};
    group.units_per_token = 1.0 / options_.block_tokens;
    for (const Sequence& sequence : running_) {
      group.promised += whole(sequence);
      const double at_join = sequence.decoding ? sequence.record.output_tokens : sequence.generated;
      group.expected_tokens +=
          std::max(0.0, std::min(limit(sequence), serving::BatchScheduler::longest_estimate) - at_join) - sequence.made;
    }
    group.expected_tokens = std::max(0.0, group.expected_tokens);
    const int blocks = blocks_of(first.target + lookahead());
    if (!scheduler_->admits(
            {.uncached_tokens = first.target, .output_limit = limit(first), .lacking = blocks, .whole = whole(first)},
            group)) {
      return false;
    }
    if (!first.scheduled) first.record.scheduled = now_;
    first.scheduled = true;
    first.blocks = blocks;
    first.chunk = std::min(budget, first.target);
    first.record.output_tokens = first.generated;  // when it joined; overwritten at its end
    budget -= first.chunk;
    running_.push_back(first);
    waiting_.erase(next);
    return true;
  }

  void compute(bool decode) {
    model::Batch batch;
    std::set<std::uint32_t> adapters;
    for (const Sequence& sequence : running_) {
      const bool decodes = sequence.decoding && decode;
      if (adapter_of(sequence) != 0 && (decodes || sequence.chunk > 0)) {
        adapters.insert(adapter_of(sequence));
        batch.adapter_tokens += decodes ? 1 + lookahead() : sequence.chunk;
      }
      if (sequence.decoding && decode) {
        batch.decode_sequences += 1;
        batch.decode_tokens += 1 + lookahead();
        batch.decode_context += sequence.target + 1 + sequence.made;
      } else if (sequence.chunk > 0) {
        const double tokens = sequence.chunk, before = sequence.computed;
        batch.prefill_tokens += tokens;
        batch.prefill_pairs += tokens * before + tokens * (tokens + 1) / 2;
      }
    }
    batch.adapters = static_cast<double>(adapters.size());
    EXPECT_LE(batch.tokens(), options_.max_batched_tokens);
    now_ += pricer_.time(batch);
    const bool any_decoded = batch.decode_sequences > 0;
    for (auto entry = running_.begin(); entry != running_.end();) {
      Sequence& sequence = *entry;
      if (sequence.decoding && decode) {
        sequence.made += yield_;
      } else if (!sequence.decoding) {
        sequence.computed += sequence.chunk;
        if (sequence.computed == sequence.target) prompt_done(sequence);
      }
      const bool prompt_is_done = sequence.decoding || sequence.computed == sequence.target;
      if (prompt_is_done && made(sequence) >= sequence.request.output_tokens) {
        sequence.record.done = now_;
        sequence.record.output_tokens = sequence.request.output_tokens;
        outcome_.completed.push_back(sequence.record);
        entry = running_.erase(entry);
      } else {
        ++entry;
      }
    }
    if (any_decoded) scheduler_->decoded(1);
  }

  void prompt_done(Sequence& sequence) {
    if (sequence.generated == 0) sequence.record.first_token = now_;
    if (sequence.request.output_tokens > 0) ++sequence.generated;
    sequence.decoding = true;
    sequence.chunk = 0;
  }

  serving::EngineOptions options_;
  int total_;
  ToyPricer pricer_;
  std::unique_ptr<serving::BatchScheduler> scheduler_;
  double yield_ = 1;
  Seconds now_;
  std::list<Sequence> waiting_;
  std::vector<Sequence> running_;
  Outcome outcome_;
};

}  // namespace aifsim::test
