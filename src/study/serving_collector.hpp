// Watches a service and keeps what the report needs, in memory that does not grow with the number of requests.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "metrics/serving_report.hpp"
#include "serving/events.hpp"
#include "serving/job.hpp"
#include "study/serving_run.hpp"
#include "study/serving_series.hpp"

namespace aifsim::study {

class ServingCollector final : public serving::ServingObserver {
 public:
  ServingCollector(const serving::ServingJob& job, std::size_t replicas, const RequestSink& sink);

  void arrived(const serving::Prompt& prompt, Seconds when) override;
  void decoded(const serving::DecodeRun& run) override;
  void prefilled(std::uint32_t replica, Seconds begin, Seconds duration, double tokens) override;
  void changed(const serving::ReplicaState& state, Seconds when) override;
  void tier_changed(topology::DataPlace place, double share, Seconds when) override;
  void adapter_taken(std::uint32_t replica, bool there) override;
  void adapter_awaited(std::uint32_t replica, Seconds time) override;
  void completed(const serving::RequestRecord& record) override;
  void rejected(const serving::Prompt& prompt, serving::RejectReason reason, Seconds when) override;

  // A replica had a cache, serving or draining. Of every replica, before report().
  void served(Seconds from, Seconds until);
  // Everything that requests and replicas told; what the engines are is the caller's to add.
  [[nodiscard]] metrics::ServingReport report(Seconds end) const;

  [[nodiscard]] Seconds end() const { return last_; }  // of the last request

  // The mean request and batch, for saying where their time goes.
  struct Means {
    double input_tokens = 0, cached_tokens = 0, context = 0;  // context: cached tokens of a decoding sequence
    double batch = 0;                                         // sequences of a decode iteration
    model::ImageWork images;                                  // encoded for a request
    Seconds preparation, queueing, fetch, transfer, prefill;  // of the time to the first token
    Seconds iterations_with_prompts, decode_iterations;       // of all replicas, in the whole run
    double adapter_share = 0;                                 // of requests, those with a LoRA adapter
    double adapter_batch = 0, adapters = 0;             // of a decode iteration: sequences with one, different ones
    Seconds adapter_wait, slot_wait, decode_slot_wait;  // of fetch, of queueing, of transfer
  };
  [[nodiscard]] Means means() const;
  // Requests that bring what is not simulated.
  [[nodiscard]] std::uint64_t with_adapters() const { return with_adapters_; }
  [[nodiscard]] metrics::AdapterReport adapters() const;

 private:
  struct Replica {
    int gpus = 0;
    serving::ReplicaState state;
    Seconds since;
  };
  void account(Replica& replica, Seconds until);
  [[nodiscard]] bool measuring() const { return completed_ >= job_.warm_up_requests; }

  const serving::ServingJob& job_;
  const RequestSink& sink_;
  std::vector<Replica> replicas_;
  ServingSeries series_;
  metrics::ServingReport report_;
  std::map<serving::RejectReason, std::uint64_t> rejections_;
  std::uint64_t with_adapters_ = 0;
  std::uint64_t completed_ = 0, within_level_ = 0, transferred_ = 0;
  Seconds begin_, last_;
  Seconds busy_;  // of GPUs whose replica had requests running
  double running_seconds_ = 0, iterations_ = 0, batch_sum_ = 0;
  struct TierUse {
    double share = 0;
    Seconds since;
  };
  std::array<TierUse, 3> tiers_;                      // host, nvme, network
  double block_tokens_ = 0, found_block_tokens_ = 0;  // in whole blocks of the prompts' names
  double cached_tokens_ = 0, context_sum_ = 0, decoded_tokens_ = 0;
  model::ImageWork encoded_;
  Seconds preparation_, queueing_, fetch_, transfer_, prefill_;
  Seconds iterations_with_prompts_, decode_iterations_;
  std::uint64_t adapters_taken_ = 0, adapters_there_ = 0;
  double adapter_requests_ = 0, adapter_batch_sum_ = 0, adapters_sum_ = 0;  // measured; of decode iterations
  Seconds adapters_awaited_, adapter_wait_, slot_wait_, decode_slot_wait_, all_slot_waits_;
};

}  // namespace aifsim::study
