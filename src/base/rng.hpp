// Named streams of random numbers that are the same with every compiler and library.
//
// Each consumer has a stream of its own (a function of seed and name), so that one that draws more numbers does not
// change what another one sees: Rng arrivals(seed, "arrivals").
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace aifsim {

// xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), seeded with splitmix64.
class Rng {
 public:
  Rng(std::uint64_t seed, std::string_view name);

  std::uint64_t next();                                       // 64 random bits
  double uniform();                                           // in [0, 1)
  double uniform(double low, double high);                    // in [low, high)
  std::uint64_t below(std::uint64_t limit);                   // in [0, limit), unbiased; limit > 0
  std::int64_t between(std::int64_t low, std::int64_t high);  // in [low, high], both included
  double exponential(double mean);                            // mean > 0
  double normal(double mean, double deviation);
  double gamma(double shape, double scale);  // shape, scale > 0; mean shape * scale

 private:
  std::array<std::uint64_t, 4> state_{};
};

// A 64-bit hash of text, the same on every machine (FNV-1a).
[[nodiscard]] std::uint64_t stable_hash(std::string_view text);
// One round of splitmix64: spreads the bits of `value`.
[[nodiscard]] std::uint64_t mixed(std::uint64_t value);

}  // namespace aifsim
