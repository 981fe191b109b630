#include "serving/sources/lengths.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "serving/sources/limits.hpp"

namespace aifsim::serving {
namespace {

constexpr double most_cv = 20;  // assumed: beyond it a lognormal is a mistake

config::Range token_range(int least) { return {.min = static_cast<double>(least), .max = double{most_tokens}}; }

int tokens_of(const config::Node& node, int least) { return static_cast<int>(node.integer(token_range(least))); }

Lengths read_uniform(const config::Node& node, int least) {
  const auto items = node.items();
  if (items.size() != 2) {
    node.problem("two lengths, such as [512, 1024]",
                 std::to_string(items.size()) + (items.size() == 1 ? " item" : " items"));
    return fixed_length(least);
  }
  Lengths lengths{
      .law = Lengths::Law::uniform, .least = tokens_of(items[0], least), .most = tokens_of(items[1], least)};
  if (lengths.least > lengths.most) {
    node.problem("the smaller length first", std::to_string(lengths.least) + " before " + std::to_string(lengths.most));
    lengths.most = lengths.least;
  }
  return lengths;
}

// As vLLM's benchmark_serving draws with --random-range-ratio: integers from floor(ratio x max) to max.
Lengths read_range_ratio(const config::Node& node, int least) {
  const int most = tokens_of(node.required("max"), std::max(1, least));
  const double ratio = node.optional("range_ratio").number({.min = 0, .max = 1});
  return {
      .law = Lengths::Law::uniform, .least = std::max(least, static_cast<int>(std::floor(ratio * most))), .most = most};
}

// A lognormal of mean m and coefficient of variation c has log-variance ln(1 + c^2) and log-mean ln m minus half of it.
Lengths read_lognormal(const config::Node& node, int least) {
  const double mean = node.optional("mean").number({.min = 1, .max = double{most_tokens}});
  const double cv = node.required("cv").number({.min = 0, .max = most_cv});
  const double variance = std::log1p(cv * cv);
  return {.law = Lengths::Law::lognormal,
          .least = std::max(1, least),
          .most = static_cast<int>(node.optional("max").integer_or(most_tokens, token_range(std::max(1, least)))),
          .log_mean = std::log(mean) - variance / 2,
          .log_deviation = std::sqrt(variance)};
}

Lengths read_histogram(const config::Node& node, int least) {
  std::vector<Lengths::Bin> bins;
  double total = 0;
  bool all_read = node.is_map();
  for (const std::string& key : node.keys()) {
    const config::Node weight = node.optional(key);
    int tokens = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), tokens);
    if (error != std::errc{} || end != key.data() + key.size() || tokens < least || tokens > most_tokens) {
      weight.problem("tokens as key, an integer from " + std::to_string(least) + " to " + std::to_string(most_tokens),
                     '"' + key + '"');
      all_read = false;
      continue;
    }
    bins.push_back({tokens, weight.number({.min = 0, .max = 1e15})});
    total += bins.back().up_to;
  }
  if (total > 0) return histogram_of(std::move(bins));
  if (all_read) node.problem("a histogram with some weight", "none");
  return fixed_length(least);
}

}  // namespace

Lengths fixed_length(int tokens) { return {.law = Lengths::Law::fixed, .least = tokens, .most = tokens}; }

Lengths histogram_of(std::vector<Lengths::Bin> bins) {
  std::erase_if(bins, [](const Lengths::Bin& bin) { return !(bin.up_to > 0); });
  ensure(!bins.empty(), "a histogram of lengths has a bin with some weight");
  std::sort(bins.begin(), bins.end(), [](const auto& a, const auto& b) { return a.tokens < b.tokens; });
  double sum = 0;
  for (Lengths::Bin& bin : bins) sum = bin.up_to += sum;
  for (Lengths::Bin& bin : bins) bin.up_to /= sum;
  bins.back().up_to = 1;
  return {.law = Lengths::Law::histogram,
          .least = bins.front().tokens,
          .most = bins.back().tokens,
          .bins = std::move(bins)};
}

int Lengths::draw(Rng& rng) const {
  switch (law) {
    case Law::fixed: return least;
    case Law::uniform: return static_cast<int>(rng.between(least, most));
    case Law::lognormal: {
      const double tokens = std::round(std::exp(rng.normal(log_mean, log_deviation)));
      return static_cast<int>(std::clamp(tokens, static_cast<double>(least), static_cast<double>(most)));
    }
    case Law::histogram: {
      const double share = rng.uniform();
      const auto bin =
          std::upper_bound(bins.begin(), bins.end(), share, [](double value, const Bin& b) { return value < b.up_to; });
      return bin->tokens;
    }
  }
  return least;
}

Lengths read_lengths(const config::Node& node, int least) {
  if (!node.is_map()) return fixed_length(tokens_of(node, least));
  Lengths lengths = fixed_length(least);
  if (node.has("uniform")) {
    lengths = read_uniform(node.optional("uniform"), least);
  } else if (node.has("range_ratio")) {
    lengths = read_range_ratio(node, least);
  } else if (node.has("histogram")) {
    lengths = read_histogram(node.optional("histogram"), least);
  } else if (node.has("mean")) {
    lengths = read_lognormal(node, least);
  } else {
    (void)node.has("max");  // known, but not enough
    (void)node.has("cv");
    node.problem("tokens, or one of the keys uniform, range_ratio (with max), mean (with cv), histogram",
                 "a map without them");
    return lengths;
  }
  node.finish();
  return lengths;
}

}  // namespace aifsim::serving
