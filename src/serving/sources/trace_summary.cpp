#include "serving/sources/trace_summary.hpp"

#include <cmath>

namespace aifsim::serving {

void LengthCounts::add(int tokens) {
  ++counts_[tokens];
  ++count_;
  total_ += tokens;
  squares_ += static_cast<double>(tokens) * tokens;
}

double LengthCounts::deviation() const {
  if (count_ == 0) return 0;
  return std::sqrt(std::max(0.0, squares_ / static_cast<double>(count_) - mean() * mean()));
}

int LengthCounts::at(std::uint64_t rank) const {
  for (const auto& [tokens, count] : counts_) {
    if (rank < count) return tokens;
    rank -= count;
  }
  return most();
}

double LengthCounts::percentile(double share) const {
  if (count_ == 0) return 0;
  const double position = share * static_cast<double>(count_ - 1);
  const auto below = static_cast<std::uint64_t>(position);
  const std::uint64_t above = std::min(below + 1, count_ - 1);
  return std::lerp(at(below), at(above), position - static_cast<double>(below));
}

void TimeSeries::add(Seconds when, int input, int output) {
  while (when / width_ >= static_cast<double>(most_bins)) {
    for (std::size_t i = 0; i < bins_.size(); ++i) {
      Bin& into = bins_[i / 2];
      const Bin from = bins_[i];
      if (i % 2 == 0) {
        into = from;
        continue;
      }
      into.requests += from.requests;
      into.input_tokens += from.input_tokens;
      into.output_tokens += from.output_tokens;
    }
    bins_.resize((bins_.size() + 1) / 2);
    width_ *= 2;
  }
  const auto bin = static_cast<std::size_t>(when / width_);
  if (bins_.size() <= bin) bins_.resize(bin + 1);
  ++bins_[bin].requests;
  bins_[bin].input_tokens += input;
  bins_[bin].output_tokens += output;
}

void TraceSummary::add(const Request& request) {
  const Prompt& prompt = request.prompt;
  if (requests == 0) {
    first_arrival = prompt.arrival;
  } else {
    const double gap = (prompt.arrival - last_arrival).in(units::s);
    gap_squares_ += gap * gap;
  }
  last_arrival = prompt.arrival;
  ++requests;
  input.add(prompt.tokens);
  output.add(request.output_tokens);
  series.add(prompt.arrival - first_arrival, prompt.tokens, request.output_tokens);
  if (!prompt.blocks.empty()) {
    block_tokens = prompt.block_tokens;
    cache.request(prompt.blocks);
  }
  if (prompt.image_tokens > 0) ++with_images;
  image_tokens += prompt.image_tokens;
  if (prompt.adapter != 0) ++adapters[prompt.adapter];
  if (prompt.session != 0) ++sessions[prompt.session];
}

double TraceSummary::rate_per_s() const {
  if (requests < 2 || duration() <= Seconds{}) return 0;
  return static_cast<double>(requests - 1) / duration().in(units::s);
}

std::optional<double> TraceSummary::gap_cv() const {
  if (requests < 3 || duration() <= Seconds{}) return std::nullopt;
  const double mean = 1 / rate_per_s();
  const double variance = gap_squares_ / static_cast<double>(requests - 1) - mean * mean;
  return std::sqrt(std::max(0.0, variance)) / mean;
}

}  // namespace aifsim::serving
