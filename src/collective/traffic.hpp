// What every rank of every group sends in one phase, and the slowest of them as one flow.
#pragma once

#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "collective/collective.hpp"
#include "topology/fabric.hpp"

namespace aifsim::collective {

// The flow of the rank whose path meets the most loaded channel: a collective ends with its slowest member. What the
// others send over the same channels is in the multiplicities.
struct SlowestFlow {
  std::vector<ChannelUse> path;
  double bytes = 0;
  Seconds latency;                               // of the rank's own way, mean over its messages
  BytesPerSecond line_rate;                      // the least capacity on it
  std::shared_ptr<const ChannelLoads> everyone;  // of all senders
  std::vector<MemberFlow> members;               // all senders, where they are kept
};

class Traffic {
 public:
  explicit Traffic(const topology::Topology& topology, bool keep_members = false);
  // Sends of one source that follow each other belong to one flow.
  void send(DeviceId source, DeviceId destination, double bytes) { send_for(source, source, destination, bytes); }
  // The same for what one rank receives, where ranks receive unequal amounts.
  void receive(DeviceId destination, DeviceId source, double bytes) {
    send_for(destination, source, destination, bytes);
  }
  [[nodiscard]] bool empty() const { return senders_.empty(); }
  // A circuit joins two NICs both ways: half of a ring's bytes go round the other way.
  [[nodiscard]] bool rings_both_ways() const { return topology_->circuits.has_value(); }
  [[nodiscard]] SlowestFlow slowest() const;

 private:
  struct Sender {
    DeviceId owner, destination;  // the last one
    std::size_t first = 0;        // into uses_; ends where the next sender's begins
    double bytes = 0;
  };
  struct Use {
    ChannelId channel;
    double bytes;
  };
  void send_for(DeviceId owner, DeviceId source, DeviceId destination, double bytes);
  [[nodiscard]] std::size_t end_of(std::size_t sender) const;
  [[nodiscard]] std::shared_ptr<const ChannelLoads> everyone() const;
  [[nodiscard]] Seconds busiest(std::size_t sender) const;
  struct OwnUse {
    ChannelId channel;
    double share;  // of the sender's bytes
  };
  [[nodiscard]] std::vector<OwnUse> own_uses(std::size_t sender) const;
  [[nodiscard]] MemberFlow member(std::size_t sender) const;

  const topology::Topology* topology_;
  bool keep_members_;
  std::vector<Sender> senders_;
  std::vector<Use> uses_;
  std::vector<double> load_;  // bytes by channel
  std::vector<ChannelUse> scratch_;
};

}  // namespace aifsim::collective
