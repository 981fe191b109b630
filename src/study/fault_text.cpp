#include "study/fault_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aifsim::study {
namespace {

std::string names_of(const std::vector<ChannelId>& channels, const topology::Fabric& fabric) {
  constexpr std::size_t shown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(channels.size(), shown); ++i) {
    text += (i == 0 ? "" : ", ") + fabric.name(channels[i]);
  }
  if (channels.size() > shown) text += fmt::format(" and {} more", channels.size() - shown);
  return text;
}

}  // namespace

std::string rerouted_text(const FaultEffect& effect, const topology::Fabric& fabric, const hardware::Platform& platform,
                          const topology::NetworkChange& change) {
  std::string text = fmt::format("{} flow{} ({} waited), first {}", effect.rerouted, effect.rerouted == 1 ? "" : "s",
                                 effect.waited, effect.flow);
  if (!effect.left.empty()) text += ": from " + names_of(effect.left, fabric);
  if (!effect.taken.empty()) text += (effect.left.empty() ? ": over " : " to ") + names_of(effect.taken, fabric);
  if (effect.left.empty() && effect.taken.empty()) text += ": the same channels, loaded otherwise";
  const Seconds after = change.cuts_nics_off ? platform.scale_out.nic_failover : platform.scale_out.fault_detection;
  return text + fmt::format(" ({} routing, known after {:.6g} s)", topology::name_of(platform.scale_out.routing),
                            after.in(units::s));
}

}  // namespace aifsim::study
