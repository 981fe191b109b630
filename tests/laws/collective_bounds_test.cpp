// No collective beats the cuts it crosses, on random shapes, groups and sizes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <random>

#include "base/error.hpp"
#include "collective/toy_cluster.hpp"

namespace aifsim::collective {
namespace {

using testing::ToyCluster;

struct Draw {
  ToyCluster cluster;
  Request request;
  std::size_t domains = 1;  // of a group
  std::size_t members = 1;  // of a group in a domain
};

Draw draw(std::mt19937& random) {
  const auto pick = [&random](std::size_t least, std::size_t most) { return least + random() % (most - least + 1); };
  const char* architectures[] = {"ampere", "hopper", "blackwell", "unheard-of"};
  const std::size_t domain_gpus = std::size_t{1} << pick(0, 4);
  Draw result{.cluster = ToyCluster({.architecture = architectures[pick(0, 3)],
                                     .domains = pick(1, 9),
                                     .domain_gpus = domain_gpus,
                                     .nvlink_sharp = pick(0, 1) == 1,
                                     .nvlink = static_cast<double>(pick(100, 1800)) * units::GB_per_s,
                                     .nic = static_cast<double>(pick(10, 200)) * units::GB_per_s,
                                     .oversubscription = static_cast<double>(pick(1, 8))})};
  result.domains = result.cluster.shape.domains;
  result.members = std::size_t{1} << pick(0, static_cast<std::size_t>(std::countr_zero(domain_gpus)));
  const std::size_t groups = domain_gpus / result.members;
  for (std::size_t k = 0; k < groups; ++k) {
    std::vector<DeviceId> group;
    for (std::size_t d = 0; d < result.domains; ++d) {
      for (std::size_t i = 0; i < result.members; ++i) {
        group.push_back(result.cluster.topology.fabric.gpu(d * domain_gpus + k * result.members + i));
      }
    }
    result.request.groups.push_back(std::move(group));
  }
  const double exponent = std::uniform_real_distribution<double>(1, 10)(random);
  result.request.bytes = std::pow(10.0, exponent) * units::B;
  return result;
}

// Least bytes, in buffers, that leave (or enter) one rank and one domain of a group.
struct Cut {
  double rank;
  double domain;
};
Cut cut_of(Operation operation, std::size_t domains, std::size_t members) {
  const double n = static_cast<double>(domains * members);
  const double d = static_cast<double>(domains);
  const double g = static_cast<double>(members);
  switch (operation) {
    case Operation::all_gather:
    case Operation::reduce_scatter: return {(n - 1) / n, (d - 1) / d};
    case Operation::all_to_all: return {(n - 1) / n, g * (n - g) / n};
    default: return {1, domains > 1 ? 1.0 : 0.0};
  }
}

// "auto" and every algorithm that can do this request.
std::vector<std::string> algorithms_for(const Draw& d) {
  std::vector<std::string> names{"auto"};
  Request request = d.request;
  for (const auto& entry : list_algorithms()) {
    request.algorithm = entry.name;
    try {
      static_cast<void>(d.cluster.time(request));
      names.push_back(entry.name);
    } catch (const ConfigError&) {  // it serves other operations
    }
  }
  return names;
}

constexpr std::array operations{Operation::all_reduce, Operation::all_gather, Operation::reduce_scatter,
                                Operation::all_to_all, Operation::broadcast,  Operation::reduce};

TEST(CollectiveLaw, no_collective_beats_its_cuts) {
  std::mt19937 random(7);
  for (int i = 0; i < 400; ++i) {
    Draw d = draw(random);
    if (d.domains * d.members < 2) continue;
    for (const Operation operation : operations) {
      d.request.operation = operation;
      const Cut cut = cut_of(operation, d.domains, d.members);
      const ToyCluster& cluster = d.cluster;
      const Bytes bytes = d.request.bytes;
      const double g = static_cast<double>(d.members);
      const BytesPerSecond all_ports = cluster.port() + cluster.shape.nic;
      Seconds bound = bytes * cut.rank / all_ports;
      if (d.domains == 1) bound = bytes * cut.rank / cluster.port();
      bound = std::max(bound, bytes * cut.domain / (cluster.shape.nic * g));
      // All groups leave the domain over one trunk.
      const double groups = static_cast<double>(d.request.groups.size());
      const double width = static_cast<double>(cluster.shape.domain_gpus) / cluster.shape.oversubscription;
      bound = std::max(bound, bytes * cut.domain * groups / (cluster.shape.nic * width));
      // Without in-switch reduction a rank sends its buffer both ways.
      d.request.nvls_allowed = true;
      for (const std::string& algorithm : algorithms_for(d)) {
        d.request.algorithm = algorithm;
        EXPECT_GE(cluster.time(d.request), bound * (1 - 1e-9))
            << algorithm << ' ' << name_of(operation) << " draw " << i;
      }
      d.request.algorithm = "auto";
      if (operation == Operation::all_reduce && d.domains == 1) {
        d.request.nvls_allowed = false;
        const double n = g;
        EXPECT_GE(cluster.time(d.request), bytes * (2 * (n - 1) / n) / cluster.port() * (1 - 1e-9)) << "draw " << i;
      }
    }
  }
}

TEST(CollectiveLaw, a_message_takes_at_least_its_bytes_over_the_capacity) {
  std::mt19937 random(8);
  for (int i = 0; i < 200; ++i) {
    Draw d = draw(random);
    if (d.domains < 2) continue;
    d.request.operation = Operation::send_receive;
    const auto& fabric = d.cluster.topology.fabric;
    d.request.groups = {{fabric.gpu(0), fabric.gpu(d.cluster.shape.domain_gpus)}};
    EXPECT_GE(d.cluster.time(d.request), d.request.bytes / std::min(d.cluster.shape.nic, 55 * units::GB_per_s));
  }
}

}  // namespace
}  // namespace aifsim::collective
