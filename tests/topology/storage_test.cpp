// Memory, drives and shared storage in the fabric: the ways to them, and that nothing else changes.
#include "topology/storage.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "platforms.hpp"

namespace aifsim::topology {
namespace {

constexpr auto shared_storage = "storage: {capacity: 100 TB, read: 125 GB/s, write: 62 GB/s, latency: 200 us";

hardware::Platform with_storage(const std::string& nodes, const std::string& more = "") {
  return platform_of("nodes: {" + nodes + "}\n" + shared_storage + more + "}\n");
}

struct Built {
  explicit Built(const hardware::Platform& described) : platform(described), topology(build(platform)) {
    devices = topology.fabric.devices().size();
    channels.assign(topology.fabric.channels().begin(), topology.fabric.channels().end());
    add_storage(platform, topology);
  }
  [[nodiscard]] std::vector<ChannelUse> path(std::size_t gpu, DataPlace from, DataPlace to) const {
    std::vector<ChannelUse> path;
    topology.storage->append_path(topology.fabric.gpu(gpu), from, to, path);
    return path;
  }
  [[nodiscard]] std::vector<std::string> names(std::size_t gpu, DataPlace from, DataPlace to) const {
    std::vector<std::string> names;
    for (const ChannelUse& use : path(gpu, from, to)) names.push_back(topology.fabric.name(use.channel));
    return names;
  }
  [[nodiscard]] double slowest(std::size_t gpu, DataPlace from, DataPlace to) const {
    double least = 1e300;
    for (const ChannelUse& use : path(gpu, from, to)) {
      least = std::min(least, topology.fabric.channel(use.channel).capacity.in(units::GB_per_s) / use.multiplicity);
    }
    return least;
  }
  hardware::Platform platform;
  Topology topology;
  std::size_t devices = 0;
  std::vector<Channel> channels;
};

using Names = std::vector<std::string>;

TEST(Storage, changes_no_device_or_channel_that_is_there) {
  for (const char* name : {"dgx-h100-32", "gb200-nvl72-1", "gh200-64", "mixed-fabric"}) {
    const Built built(shipped(name));
    for (std::size_t i = 0; i < built.channels.size(); ++i) {
      const Channel& channel = built.topology.fabric.channels()[i];
      ASSERT_EQ(channel.from, built.channels[i].from);
      ASSERT_EQ(channel.to, built.channels[i].to);
      ASSERT_EQ(channel.capacity, built.channels[i].capacity);
    }
    for (std::size_t i = built.devices; i < built.topology.fabric.devices().size(); ++i) {
      EXPECT_NE(built.topology.fabric.device(DeviceId{i}).kind, DeviceKind::gpu);
    }
  }
}

TEST(Storage, is_added_once) {
  Built built(shipped("dgx-h100-32"));
  const std::size_t channels = built.topology.fabric.channels().size();
  add_storage(built.platform, built.topology);
  EXPECT_EQ(built.topology.fabric.channels().size(), channels);
}

TEST(Storage, of_an_hgx_lies_behind_the_pcie_switch_that_gpu_and_nic_share) {
  const Built built(with_storage("type: dgx-h100, count: 2"));
  EXPECT_EQ(built.names(11, DataPlace::gpu, DataPlace::host),
            (Names{"node1/gpu3→node1/nic3", "node1/nic3→node1/cpu0", "node1/cpu0→node1/memory0"}));
  EXPECT_EQ(
      built.names(0, DataPlace::nvme, DataPlace::gpu),
      (Names{"node0/nvme0→node0/cpu0", "node0/cpu0→node0/memory0", "node0/cpu0→node0/nic0", "node0/nic0→node0/gpu0"}));
  EXPECT_EQ(built.names(8, DataPlace::network, DataPlace::host),
            (Names{"storage0→storage-switch0", "storage-switch0→node1/storage-nic0", "node1/storage-nic0→node1/cpu0",
                   "node1/cpu0→node1/cores0", "node1/cpu0→node1/memory0"}));
  // 63 GB/s of PCIe 5 at 0.88; 8 drives of 6.8 GB/s; 400 Gb/s at the medium's payload, which the host's cores halve.
  EXPECT_NEAR(built.slowest(0, DataPlace::host, DataPlace::gpu), 55.44, 1e-9);
  EXPECT_NEAR(built.slowest(0, DataPlace::nvme, DataPlace::host), 54.4, 1e-9);
  EXPECT_NEAR(built.slowest(0, DataPlace::network, DataPlace::host), 112 * 0.3 / 1.1, 1e-9);
}

TEST(Storage, memory_is_crossed_twice_by_what_only_stages_there) {
  const Built built(with_storage("type: dgx-h100, count: 1"));
  const auto times = [&](DataPlace from, DataPlace to) {
    for (const ChannelUse& use : built.path(0, from, to)) {
      if (built.topology.fabric.name(use.channel) == "node0/cpu0→node0/memory0") return use.multiplicity;
    }
    return 0.0;
  };
  EXPECT_EQ(times(DataPlace::gpu, DataPlace::host), 1);
  EXPECT_EQ(times(DataPlace::nvme, DataPlace::host), 1);
  EXPECT_EQ(times(DataPlace::gpu, DataPlace::network), 2);
  EXPECT_EQ(times(DataPlace::nvme, DataPlace::network), 2);
}

TEST(Storage, behind_a_dpu_leaves_the_hosts_cores_alone) {
  const std::string node = "type: dgx-h100, count: 2";
  const Built nic(with_storage(node)), dpu(with_storage(node + ", dpus: {type: bluefield3, count: 1}"));
  EXPECT_EQ(dpu.names(0, DataPlace::host, DataPlace::network),
            (Names{"node0/cpu0→node0/memory0", "node0/dpu0→node0/cores0", "node0/cpu0→node0/dpu0",
                   "node0/dpu0→storage-switch0", "storage-switch0→storage0"}));
  const BytesPerSecond rate = units::GB_per_s * 10;
  EXPECT_NEAR(nic.topology.storage->host_cores_per(0, rate), 11, 1e-9);
  EXPECT_EQ(nic.topology.storage->dpu_cores_per(0, rate), 0);
  EXPECT_EQ(dpu.topology.storage->host_cores_per(0, rate), 0);
  EXPECT_NEAR(dpu.topology.storage->dpu_cores_per(0, rate), 2, 1e-9);
  EXPECT_GT(dpu.slowest(0, DataPlace::network, DataPlace::host), nic.slowest(0, DataPlace::network, DataPlace::host));
  const auto wait = [](const Built& built) {
    return built.topology.storage->latency(0, DataPlace::network, DataPlace::host).in(units::us);
  };
  EXPECT_NEAR(wait(nic), 250, 1e-9);
  EXPECT_NEAR(wait(dpu), 225, 1e-9);
}

TEST(Storage, of_a_node_with_dpus_may_go_through_its_nics) {
  const Built built(with_storage("type: dgx-b200, count: 1", ", attach: nic"));
  EXPECT_EQ(built.topology.fabric.find("node0/dpu0"), DeviceId{});
  EXPECT_TRUE(built.topology.fabric.find("node0/storage-nic0").valid());
}

TEST(Storage, of_superchips_lies_at_each_gpus_own_cpu) {
  const Built gb200(shipped("gb200-nvl72-1"));
  EXPECT_EQ(gb200.names(7, DataPlace::gpu, DataPlace::host),
            (Names{"node1/gpu3→node1/cpu1", "node1/cpu1→node1/memory1"}));
  EXPECT_NEAR(gb200.slowest(7, DataPlace::gpu, DataPlace::host), 450 * 0.83, 1e-9);
  const Built gb300(shipped("gb300-nvl72-4"));
  EXPECT_EQ(gb300.names(4, DataPlace::host, DataPlace::gpu),
            (Names{"node1/cpu0→node1/memory0", "node1/cpu0→node1/gpu0"}));
  EXPECT_NEAR(gb300.slowest(4, DataPlace::host, DataPlace::gpu), 450 * 0.83, 1e-9);
}

TEST(Storage, says_what_there_is) {
  const Built built(shipped("dgx-h100-32"));
  EXPECT_NEAR(built.topology.storage->capacity(0, DataPlace::host).in(units::GB), 2048, 1e-9);
  EXPECT_NEAR(built.topology.storage->capacity(0, DataPlace::nvme).in(units::TB), 30.72, 1e-9);
  EXPECT_FALSE(built.topology.storage->has(0, DataPlace::network));
}

std::string mistake(const std::string& yaml) {
  try {
    static_cast<void>(platform_of(yaml));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Storage, mistakes_are_told) {
  EXPECT_EQ(mistake("nodes: {type: dgx-h100, count: 1}\nstorage: {capacity: 1 TB, read: 1 GB/s, write: 1 GB/s, "
                    "latency: 1 us, attach: dpu}\n"),
            "test.yaml:2:79: storage.attach: expected node types with `dpus`, got dgx-h100, which has none (give it "
            "some with nodes.dpus: {type: bluefield3, count: 1})");
  EXPECT_EQ(mistake("nodes: {type: dgx-h100, count: 1}\nstorage: {capacity: 1 TB, read: 0 GB/s, write: 1 GB/s, "
                    "latency: 1 us}\n"),
            "test.yaml:2:33: storage.read: expected more than 0, got 0");
}

}  // namespace
}  // namespace aifsim::topology
