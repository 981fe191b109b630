// The inside of a replica. Its functions are in replica.cpp (the outside and the clock), replica_arrival.cpp (who comes),
// replica_admission.cpp (who joins), replica_adapters.cpp (LoRA adapters), replica_prefill.cpp, replica_images.cpp,
// replica_decode.cpp and replica_pace.cpp (iterations), replica_leave.cpp (who leaves) and replica_swap.cpp (who comes
// back).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "serving/adapter_queue.hpp"
#include "serving/adapter_slots.hpp"
#include "serving/adapter_source.hpp"
#include "serving/image_chunk.hpp"
#include "serving/pace.hpp"
#include "serving/replica.hpp"
#include "serving/replica_group.hpp"
#include "serving/replica_sequence.hpp"
#include "serving/replica_stretch.hpp"
#include "serving/scheduler.hpp"

namespace aifsim::serving {

struct Replica::Implementation {
  Implementation(std::uint32_t replica, Role what, const EngineOptions& engine, const EngineMemory& hbm,
                 const IterationPricer& prices, task::Executor& executor, ServingObserver& watcher,
                 ReplicaOutlets outside);

  // The clock
  void wake();
  void want(Seconds when);  // to be woken then, or before
  void step();              // the iterations under way are over: account for them, begin the next ones
  // Somebody can join from then on; `ahead` of those that wait.
  void notice(Seconds when, bool ahead = false);
  [[nodiscard]] bool interrupts() const;  // could a request that comes join in the middle of a stretch?
  void report(Seconds when);

  // Who comes
  void submit(Ticket ticket);
  void submit_transferred(Ticket ticket);
  [[nodiscard]] bool holdable(const Request& request) const;
  bool reserve(const Ticket& ticket);
  SequenceIndex enter(Ticket ticket, SequenceState state);
  void take_incoming();

  // Who joins
  void begin();
  [[nodiscard]] EngineView view() const;
  void join_ready();
  void continue_prefills(const Turn& turn);
  void admit();
  [[nodiscard]] std::uint32_t least_loaded() const;
  bool admit_front();
  [[nodiscard]] bool admitted_by_scheduler(const Sequence& sequence, const PrefixCache::Match& match) const;
  bool begin_fetch(SequenceIndex index, const PrefixCache::Match& match);
  [[nodiscard]] bool room_to_swap_in(const Sequence& sequence, const PrefixCache::Match& match) const;
  void begin_swap_in(SequenceIndex index);
  void swap_in(SequenceIndex index);
  void swap_out(const Sequence& sequence);
  [[nodiscard]] Bytes swapped_bytes(const Sequence& sequence) const;
  void fetched(SequenceIndex index);
  void run(SequenceIndex index);
  void add_chunk(SequenceIndex index);

  // Images
  void refill_encoders();
  [[nodiscard]] ChunkImages images_of(const Sequence& sequence, int tokens) const;
  void encode(Sequence& sequence, const ChunkImages& images);
  void expect(SequenceIndex index, Seconds when);

  // Adapters
  [[nodiscard]] std::uint32_t adapter_of(const Sequence& sequence) const;
  [[nodiscard]] bool adapter_fits(const Request& request) const;
  bool front_can_join();
  void take_adapter(SequenceIndex index);
  void give_back_adapter(SequenceIndex index);
  void await_adapter(SequenceIndex index);
  void adapter_loaded(std::uint32_t adapter, std::uint64_t load);
  void add_adapters(std::vector<model::Batch>& batches, bool with_decode) const;
  [[nodiscard]] int adapter_sequences() const;   // that decode
  [[nodiscard]] int different_adapters() const;  // in the group that has most
  [[nodiscard]] AdapterLoad adapter_load(const AttentionGroup& group) const;

  // Iterations
  void start_prefill(bool with_decode);
  void finish_prefill();
  void prompt_done(SequenceIndex index);
  void join_decode(SequenceIndex index);
  bool make_room();
  void start_stretch(bool preempted);
  [[nodiscard]] std::int64_t stretch_limit(std::int64_t iterations) const;
  void finish_stretch();
  void advance(std::int64_t iterations);
  void collect_ends();
  void begin_pace(const model::Batch& batch, Seconds alone);
  [[nodiscard]] model::Batch decode_batch(const AttentionGroup& group) const;
  void channels_changed();
  [[nodiscard]] double times_as_long(const model::Batch& batch, Seconds alone);

  // Who leaves
  void preempt(SequenceIndex index);
  void stop_running(SequenceIndex index);
  void leave_cache(SequenceIndex index, bool keep_answer);
  void complete(SequenceIndex index);
  void deliver();
  void release(std::uint64_t request);
  std::vector<Ticket> fail();
  void check_drained();

  [[nodiscard]] std::int64_t cached_quanta(const Sequence& sequence) const;
  [[nodiscard]] std::int64_t blocks_held(const Sequence& sequence) const;
  [[nodiscard]] int made(const Sequence& sequence) const;  // tokens of its answer so far
  [[nodiscard]] int output_limit(const Sequence& sequence) const;
  [[nodiscard]] int room() const { return options.max_sequences * static_cast<int>(groups.size()) - running; }
  [[nodiscard]] double tokens_each() const { return 1.0 + options.speculative_tokens; }

  // What it is
  std::uint32_t number;  // its own
  Role role;
  EngineOptions options;
  EngineMemory memory;
  const IterationPricer& pricer;
  task::Executor& clock;
  ServingObserver& observer;
  ReplicaOutlets outlets;
  TokenQuanta quanta;
  CacheShape shape;
  std::unique_ptr<BatchScheduler> scheduler;
  LowerTiers* tiers = nullptr;
  SharedChannels* channels = nullptr;
  AdapterSource* adapter_source = nullptr;  // null: adapters are there at once
  SwapSpace* swaps = nullptr;

  // Who is there
  SequenceTable sequences;
  std::vector<AttentionGroup> groups;
  std::deque<std::pair<Seconds, SequenceIndex>> incoming;  // by when they can join
  Seconds front_end_free;                                  // for the next request
  std::deque<SequenceIndex> waiting, ready;
  std::int64_t first_place = 0, last_place = 0;  // in `waiting`
  AdapterSlots adapters;
  AdapterQueue passed_over;      // of those that wait
  AdapterTally queued_adapters;  // of those that came and have not joined yet
  std::unordered_map<std::uint32_t, std::vector<std::pair<SequenceIndex, std::uint64_t>>>
      adapter_waiters;                    // and version
  std::vector<SequenceIndex> prefilling;  // in the order of joining
  std::unordered_map<std::uint64_t, SequenceIndex> held, reserved;
  int running = 0, decoding = 0, fetching = 0;
  std::int64_t waiting_tokens = 0;
  std::int64_t iteration = 0;                      // decode iterations so far
  std::optional<std::int64_t> prompts_wait_until;  // iteration; see PromptWait
  [[nodiscard]] bool prompts_wait();

  // Decoding sequences by the iteration at which something about them is due. A heap, the earliest first.
  struct Due {
    std::int64_t iteration = 0;
    std::uint64_t order = 0, version = 0;
    SequenceIndex sequence = 0;
    bool operator<(const Due& other) const {
      return std::pair(iteration, order) > std::pair(other.iteration, other.order);
    }
  };
  void push_due(std::vector<Due>& heap, std::int64_t when, SequenceIndex sequence);
  [[nodiscard]] bool prune(std::vector<Due>& heap) const;  // voids on top go; is one left?
  std::vector<Due> ends, growth_changes;
  void plan_growth_change(SequenceIndex index);
  void apply_growth_changes();
  std::uint64_t next_order = 0;

  // What is under way
  enum class Phase { idle, prefill, decode };
  Phase phase = Phase::idle;
  Seconds now;  // where the iterations are; never ahead of the clock in a step
  struct Chunk {
    SequenceIndex sequence = 0;
    int tokens = 0;
    model::ImageWork images;
  };
  std::vector<Chunk> chunks;
  std::vector<int> budget;              // tokens left in the iteration that is being put together, by group
  std::vector<EncoderBudget> encoders;  // the same, of images
  bool decodes_too = false;
  Seconds duration;
  DecodeStretch stretch;
  Seconds phase_begin;                                              // since when they are under way
  Pace pace;                                                        // of prefill and stretch, which reckon in own time
  model::Batch under_way;                                           // what they work on
  int swapping_out = 0;                                             // sequences, for which iterations wait
  std::vector<std::pair<SequenceIndex, std::uint64_t>> to_swap_in;  // then, with their versions
  bool busy = false;                                                // inside a step

  // The clock
  Seconds wanted;
  std::vector<Seconds> armed;  // wake-ups under way, the earliest last
  std::uint64_t epoch = 0;     // grows when all is lost

  // What goes out at the end of a step
  enum class Exit { completed, prefilled };
  std::vector<std::pair<Exit, Ticket>> outbox;
  bool draining = false;
  std::function<void()> drained;
  ReplicaState reported;
  mutable std::vector<PrefixPiece> scratch;
};

}  // namespace aifsim::serving
