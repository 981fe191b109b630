#include "topology/fabric.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.hpp"

namespace aifsim::topology {
namespace {

constexpr std::array<std::string_view, device_kinds> kind_names{
    "gpu",  "cpu", "nic",     "dpu",    "nvswitch", "pcie_switch", "leaf",        "spine",
    "core", "ocs", "storage", "memory", "cores",    "nvme",        "storage-nic", "storage-switch"};
constexpr std::uint32_t no_node = ~0u;

}  // namespace

std::string_view name_of(DeviceKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

DeviceId Fabric::add_device(Device device) {
  if (kind_counts_.empty()) kind_counts_.resize(kind_names.size());
  device.ordinal = kind_counts_[static_cast<std::size_t>(device.kind)]++;
  const DeviceId id{devices_.size()};
  devices_.push_back(device);
  if (device.kind == DeviceKind::gpu) gpus_.push_back(id);
  return id;
}

ChannelId Fabric::add_channel(Channel channel) {
  ensure(channel.from.index() < devices_.size() && channel.to.index() < devices_.size(),
         "a channel joins devices of its fabric");
  ensure(channel.capacity > BytesPerSecond{} && channel.lanes > 0, "a channel has capacity");
  ensure(channel.medium.index() < media_.size(), "a channel is made of a known medium");
  channels_.push_back(channel);
  return ChannelId{channels_.size() - 1};
}

std::pair<ChannelId, ChannelId> Fabric::add_duplex(Channel channel) {
  const ChannelId there = add_channel(channel);
  std::swap(channel.from, channel.to);
  return {there, add_channel(channel)};
}

void Fabric::reserve(std::size_t devices, std::size_t channels) {
  devices_.reserve(devices_.size() + devices);
  channels_.reserve(channels_.size() + channels);
}

void Fabric::set_media(std::vector<hardware::LinkMedium> media) { media_ = std::move(media); }

void Fabric::scale_capacity(ChannelId id, double factor) { channels_[id.index()].capacity *= factor; }

std::span<const Device> Fabric::devices() const { return devices_; }
std::span<const Channel> Fabric::channels() const { return channels_; }
const Device& Fabric::device(DeviceId id) const { return devices_[id.index()]; }
const Channel& Fabric::channel(ChannelId id) const { return channels_[id.index()]; }
std::span<const hardware::LinkMedium> Fabric::media() const { return media_; }
std::size_t Fabric::gpu_count() const { return gpus_.size(); }
DeviceId Fabric::gpu(std::size_t index) const { return gpus_[index]; }

// Devices of one kind lie side by side in their node, so that the index within the node need not be stored.
std::string Fabric::name(DeviceId id) const {
  const Device& device = devices_[id.index()];
  const std::string kind{name_of(device.kind)};
  if (device.node == no_node) return kind + std::to_string(device.ordinal);
  std::size_t first = id.index();
  while (first > 0 && devices_[first - 1].kind == device.kind && devices_[first - 1].node == device.node) --first;
  return "node" + std::to_string(device.node) + '/' + kind + std::to_string(id.index() - first);
}

std::string Fabric::name(ChannelId id) const {
  const Channel& between = channels_[id.index()];
  return name(between.from) + "→" + name(between.to);
}

namespace {

// "gpu12" is gpu, 12.
bool split_name(std::string_view text, std::string_view& kind, std::size_t& number) {
  const std::size_t digits = text.find_first_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return false;
  kind = text.substr(0, digits);
  const auto [end, error] = std::from_chars(text.data() + digits, text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

DeviceId Fabric::find(std::string_view text) const {
  std::string_view word, kind;
  std::size_t node = no_node, number = 0;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos && (!split_name(text.substr(0, slash), word, node) || word != "node")) return {};
  if (!split_name(slash == std::string_view::npos ? text : text.substr(slash + 1), kind, number)) return {};
  std::size_t in_node = 0;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (devices_[i].node != node || name_of(devices_[i].kind) != kind) continue;
    if (node == no_node ? devices_[i].ordinal == number : in_node++ == number) return DeviceId{i};
  }
  return {};
}

double Topology::speed(DeviceId gpu) const {
  const auto known = std::lower_bound(slow_gpus.begin(), slow_gpus.end(), std::pair(gpu, 0.0));
  return known != slow_gpus.end() && known->first == gpu ? known->second : 1;
}

DeviceId Routing::nic_of(DeviceId /*gpu*/) const { return {}; }
std::size_t Routing::path_diversity(DeviceId /*source*/, DeviceId /*destination*/) const { return 1; }
bool Routing::in_first_half(DeviceId gpu) const { return gpu.index() == 0; }

}  // namespace aifsim::topology
