// What a serving run tells those who watch it. Watchers never act.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/inference.hpp"
#include "serving/request.hpp"

namespace aifsim::topology {
enum class DataPlace : std::uint8_t;
}

namespace aifsim::serving {

enum class RejectReason { too_long, queue_full, replica_lost };
[[nodiscard]] std::string_view name_of(RejectReason reason);

// Everything about one request that is over. Times are absolute; arrival <= scheduled <= first_token <= done.
struct RequestRecord {
  std::uint64_t id = 0;
  int input_tokens = 0, output_tokens = 0;
  int block_tokens = 0;       // of one name of the prompt; 0: it has no names
  std::uint32_t adapter = 0;  // LoRA adapter; 0 = none
  int cached_tokens = 0;      // of the prompt, found in a prefix cache
  std::uint32_t replica = 0;  // that decoded it
  int preemptions = 0;
  int images = 0, image_tokens = 0;  // that the turn brought
  model::ImageWork encoded;          // of the prompt's images: fewer than `images` where a cache had their tokens
  Seconds arrival, scheduled, first_token, done;
  Seconds transfer;          // KV transfer from prefill to decode, exposed
  Seconds fetch;             // waiting for KV blocks from a lower tier and for its adapter, exposed
  Seconds adapter_wait;      // of it, for the adapter alone
  Seconds slot_wait;         // of the time until scheduled, since it was passed over for want of an adapter slot
  Seconds decode_slot_wait;  // of the transfer, the same before a decode replica had one
  Seconds preparation;       // of its images on the host, before it could be scheduled
};

// `iterations` of one replica in a row that had the same batch; the gap between two output tokens goes from `first` to
// `last` along a line.
struct DecodeRun {
  std::uint32_t replica = 0;
  Seconds begin;
  int sequences = 0;  // that got a token in each iteration
  int iterations = 0;
  Seconds first, last;              // duration of the first and the last iteration
  double tokens_per_iteration = 1;  // of each sequence: more than 1 with speculative decoding
  int adapter_sequences = 0;        // of them, with a LoRA adapter
  int adapters = 0;                 // different ones, in the attention group that has most
};

// State after a change, for time series and utilisation.
struct ReplicaState {
  std::uint32_t replica = 0;
  int running = 0, waiting = 0;
  double cache_tokens = 0, cache_capacity = 0;  // HBM
};

class ServingObserver {
 public:
  virtual ~ServingObserver() = default;
  virtual void arrived(const Prompt& /*prompt*/, Seconds /*when*/) {}
  virtual void decoded(const DecodeRun& /*run*/) {}
  virtual void prefilled(std::uint32_t /*replica*/, Seconds /*begin*/, Seconds /*duration*/, double /*tokens*/) {}
  virtual void changed(const ReplicaState& /*state*/, Seconds /*when*/) {}
  // The tiers of this place together are full to this share from now on.
  virtual void tier_changed(topology::DataPlace /*place*/, double /*share*/, Seconds /*when*/) {}
  // A request got a slot for its adapter, which is in HBM or has to be loaded.
  virtual void adapter_taken(std::uint32_t /*replica*/, bool /*there*/) {}
  // Nothing but its adapter kept a request waiting for so long.
  virtual void adapter_awaited(std::uint32_t /*replica*/, Seconds /*time*/) {}
  virtual void completed(const RequestRecord& /*record*/) {}
  virtual void rejected(const Prompt& /*prompt*/, RejectReason /*reason*/, Seconds /*when*/) {}
};

}  // namespace aifsim::serving
