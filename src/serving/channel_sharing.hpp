// Exchanges of engines and movements of the service on the same channels.
//
// An engine's exchanges are priced on an idle fabric, once per shape, and come and go many times in an iteration,
// whereas movements are flows on the executor. Where they meet on a channel:
// - While an exchange is on, its flows and the movements' share the channel max-min fairly. The exchange's
// bandwidth-bound
//   part takes as much longer, the iteration as much longer as that is not hidden behind the host.
// - A movement gets what the exchanges leave on average: the channel's capacity less the bytes that the engine's
//   iterations put on it, over their time; never less than its fair share beside all of them.
// Both are brought up to date when a movement's first byte leaves or its last one has arrived, and when an engine
// begins other iterations; in between everything is a line. Where no movement crosses an exchange's channel, nothing
// changes.
//
// Approximate: movements see the average of an iteration, not each exchange; a movement that other channels slow keeps
// to its share of the fullest one; one that does not reach its path's bandwidth holds the path up all the same, as
// flows do; exchanges of two engines do not slow each other; all of an engine's channels of one kind count as the
// fullest.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "serving/flights.hpp"
#include "serving/iteration_pricer.hpp"
#include "serving/shared_channels.hpp"
#include "task/executor.hpp"
#include "topology/fabric.hpp"

namespace aifsim::serving {

class ChannelSharing final : public SharedChannels, public FlightWatcher {
 public:
  // All must outlive it. `changed(replica)`: what its iterations take is no longer what works() said.
  ChannelSharing(const topology::Fabric& fabric, task::Executor& clock, std::function<void(std::uint32_t)> changed);

  // The next replica, and the channels of its exchanges (sorted).
  void add_engine(const IterationPricer& pricer, std::vector<ChannelId> channels);

  [[nodiscard]] bool shared(std::uint32_t replica) const override { return !engines_[replica].shared.empty(); }
  double works(std::uint32_t replica, const model::Batch& batch, Seconds alone) override;
  void rests(std::uint32_t replica) override;

  [[nodiscard]] bool concerns(std::span<const ChannelUse> path) const override;
  std::uint32_t began(std::span<const ChannelUse> path, BytesPerSecond rate_limit, const std::string& label) override;
  void ended(std::uint32_t movement) override;

  // Time that iterations with prompts, or decodes, have lost so far, by the channel that took it and the movements on
  // it.
  struct Cause {
    bool prompts = false;
    ChannelId channel;
    std::string label;  // of the movements
    auto operator<=>(const Cause&) const = default;
  };
  [[nodiscard]] const std::map<Cause, Seconds>& lost() const { return lost_; }

 private:
  struct Movement {
    std::vector<ChannelUse> path;
    BytesPerSecond rate_limit;
    const std::string* label = nullptr;
    std::uint64_t seen = 0;  // the last change that came by
  };
  struct Channel {
    BytesPerSecond now;                                       // what the executor knows
    double weight = 0;                                        // of all movements
    std::vector<std::pair<std::uint32_t, double>> movements;  // with their multiplicities
    std::vector<std::uint32_t> engines;                       // whose exchanges cross it
  };
  // What an engine's exchanges put on a channel on average.
  struct Load {
    ChannelId channel;
    BytesPerSecond rate;
    double multiplicity = 0;  // of their flows while they are on, at most
  };
  struct Engine {
    const IterationPricer* pricer = nullptr;
    std::vector<ChannelId> shared;  // of its channels, those with movements
    std::vector<Load> loads;        // of these, while it works
    bool prompts = false, decodes = false;
    Seconds since;
    double times = 1;  // as long as alone
    ChannelId cause;
    const std::string* label = nullptr;
    bool dirty = false;
  };
  [[nodiscard]] BytesPerSecond capacity(ChannelId channel) const { return fabric_.channel(channel).capacity; }
  [[nodiscard]] const Channel& at(ChannelId channel) const { return channels_.find(channel)->second; }
  Channel& channel_of(ChannelId channel);
  void weigh(Channel& channel) const;
  void change(std::span<const ChannelUse> path);
  void apply();
  void account(Engine& engine);
  struct Delay {
    Seconds time;       // beside the exchange's own
    ChannelId channel;  // that slows it most
  };
  [[nodiscard]] Delay delay(const Engine& engine, const ExchangeShape& shape) const;
  void load(Engine& engine, const ExchangeShape& shape, double times);  // bytes for now, not a rate
  // Of one flow of an exchange that is there so many times, beside all movements.
  [[nodiscard]] BytesPerSecond fair_rate(ChannelId channel, double multiplicity) const;
  [[nodiscard]] BytesPerSecond most(const Movement& movement, ChannelId beside) const;
  void leave_to_movements(ChannelId channel);
  void set(ChannelId channel, BytesPerSecond capacity);

  const topology::Fabric& fabric_;
  task::Executor& clock_;
  std::function<void(std::uint32_t)> changed_;
  std::vector<Engine> engines_;
  std::unordered_map<ChannelId, Channel> channels_;  // looked up, never gone through
  std::vector<Movement> movements_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> dirty_;  // engines whose channels have changed
  std::vector<ChannelId> touched_;    // channels that movements have come to or left
  std::uint64_t changes_ = 0;
  bool due_ = false;
  std::map<Cause, Seconds> lost_;
};

}  // namespace aifsim::serving
