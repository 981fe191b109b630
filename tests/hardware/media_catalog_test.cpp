#include <gtest/gtest.h>

#include <set>

#include "hardware/platform.hpp"

namespace aifsim::hardware {
namespace {

TEST(MediaCatalog, has_plausible_values) {
  std::set<std::string> names;
  for (const LinkMedium& medium : read_media()) {
    EXPECT_TRUE(names.insert(medium.name).second) << medium.name;
    EXPECT_GE(medium.latency, 100 * units::ns) << medium.name;
    EXPECT_LE(medium.latency, 1 * units::us) << medium.name;
    EXPECT_GT(medium.payload_fraction, 0.5) << medium.name;
    EXPECT_LE(medium.payload_fraction, 1.0) << medium.name;
    EXPECT_FALSE(medium.source.empty()) << medium.name;
  }
  for (const char* name : {"nvlink4-copper", "pcie5-x16", "c2c", "dac", "aec", "pluggable-dr4", "cpo", "ocs-port"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

// What co-packaged optics are for.
TEST(MediaCatalog, cpo_takes_less_power_and_fewer_lasers_than_pluggables) {
  Platform platform;
  platform.media = read_media();
  EXPECT_LT(platform.medium("cpo").power_per_end, platform.medium("pluggable-lpo").power_per_end);
  EXPECT_LT(platform.medium("pluggable-lpo").power_per_end, platform.medium("pluggable-dsp").power_per_end);
  EXPECT_LT(platform.medium("cpo").lasers, platform.medium("pluggable-dsp").lasers);
  EXPECT_GT(platform.medium("cpo").mtbf, platform.medium("pluggable-dsp").mtbf);
}

}  // namespace
}  // namespace aifsim::hardware
