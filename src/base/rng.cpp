#include "base/rng.hpp"

#include <bit>
#include <cmath>
#include <numbers>

#include "base/error.hpp"

namespace aifsim {
namespace {

constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15ULL;  // splitmix64's increment

}  // namespace

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001B3ULL;
  }
  return hash;
}

std::uint64_t mixed(std::uint64_t value) {
  value += golden_gamma;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

Rng::Rng(std::uint64_t seed, std::string_view name) {
  std::uint64_t counter = mixed(seed) ^ stable_hash(name);
  for (std::uint64_t& word : state_) {
    word = mixed(counter);
    counter += golden_gamma;
  }
}

std::uint64_t Rng::next() {
  auto& s = state_;
  const std::uint64_t result = std::rotl(s[0] + s[3], 23) + s[0];
  const std::uint64_t shifted = s[1] << 17U;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = std::rotl(s[3], 45);
  return result;
}

double Rng::uniform() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

double Rng::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::uint64_t Rng::below(std::uint64_t limit) {
  ensure(limit > 0, "a random number is asked from a range that is not empty");
  // Refuses the few values that would make the low remainders likelier.
  const std::uint64_t refused = (0 - limit) % limit;
  std::uint64_t bits = next();
  while (bits < refused) bits = next();
  return bits % limit;
}

std::int64_t Rng::between(std::int64_t low, std::int64_t high) {
  ensure(low <= high, "a random number is asked from a range that is not empty");
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const std::uint64_t offset = span == ~std::uint64_t{0} ? next() : below(span + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

double Rng::exponential(double mean) { return -mean * std::log1p(-uniform()); }

// Box and Muller; the second value is thrown away so that a draw does not depend on the one before.
double Rng::normal(double mean, double deviation) {
  const double radius = std::sqrt(-2 * std::log1p(-uniform()));
  return mean + deviation * radius * std::cos(2 * std::numbers::pi * uniform());
}

// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
double Rng::gamma(double shape, double scale) {
  ensure(shape > 0, "the shape of a gamma distribution is positive");
  if (shape < 1) return gamma(shape + 1, scale) * std::pow(1 - uniform(), 1 / shape);
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal(0, 1);
    const double v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log1p(-uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v * scale;
  }
}

}  // namespace aifsim
