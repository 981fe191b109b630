#include "study/serving_collector.hpp"

#include <algorithm>

namespace aifsim::study {

using Figure = ServingSeries::Figure;

namespace {

constexpr std::array tier_figures{Figure::host_use, Figure::nvme_use, Figure::network_use};

}  // namespace

ServingCollector::ServingCollector(const serving::ServingJob& job, std::size_t replicas, const RequestSink& sink)
    : job_(job), sink_(sink), replicas_(replicas) {
  report_.slo_ttft = job.slo.ttft;
  report_.slo_tpot = job.slo.tpot;
  std::size_t first = 0;
  for (const serving::Pool& pool : job.pools) {
    for (int i = 0; i < pool.most() && first < replicas; ++i) replicas_[first++].gpus = pool.engine.plan.gpus();
  }
}

void ServingCollector::arrived(const serving::Prompt& prompt, Seconds /*when*/) {
  if (prompt.adapter > 0) ++with_adapters_;
  ++report_.requests;
}

void ServingCollector::decoded(const serving::DecodeRun& run) {
  const double count = run.iterations;
  const Seconds duration = (run.first + run.last) * (count / 2);
  const double tokens = run.sequences * run.tokens_per_iteration * count;
  series_.flowed(Figure::output_tokens, run.begin, run.begin + duration, tokens);
  decode_iterations_ += duration;
  if (!measuring()) return;
  const double gap = 1 / run.tokens_per_iteration;
  report_.itl.add_line(run.first * gap, run.last * gap, count, run.sequences * run.tokens_per_iteration);
  iterations_ += count;
  batch_sum_ += count * run.sequences;
  adapter_batch_sum_ += count * run.adapter_sequences;
  adapters_sum_ += count * run.adapters;
}

void ServingCollector::prefilled(std::uint32_t /*replica*/, Seconds begin, Seconds duration, double tokens) {
  series_.flowed(Figure::prompt_tokens, begin, begin + duration, tokens);
  iterations_with_prompts_ += duration;
}

void ServingCollector::account(Replica& replica, Seconds until) {
  const serving::ReplicaState& state = replica.state;
  series_.held(Figure::running, replica.since, until, state.running);
  series_.held(Figure::waiting, replica.since, until, state.waiting);
  if (state.running > 0) busy_ += (until - replica.since) * static_cast<double>(replica.gpus);
  if (state.cache_capacity > 0) {
    series_.held(Figure::cache_use, replica.since, until, state.cache_tokens / state.cache_capacity);
  }
  if (measuring()) running_seconds_ += state.running * (until - std::max(replica.since, begin_)).in(units::s);
  replica.since = until;
}

void ServingCollector::changed(const serving::ReplicaState& state, Seconds when) {
  Replica& replica = replicas_[state.replica];
  account(replica, when);
  replica.state = state;
}

void ServingCollector::served(Seconds from, Seconds until) { series_.held(Figure::serving, from, until, 1); }

void ServingCollector::tier_changed(topology::DataPlace place, double share, Seconds when) {
  const std::size_t tier = static_cast<std::size_t>(place) - 1;
  series_.held(tier_figures.at(tier), tiers_.at(tier).since, when, tiers_.at(tier).share);
  tiers_.at(tier) = {.share = share, .since = when};
}

void ServingCollector::adapter_taken(std::uint32_t /*replica*/, bool there) {
  ++adapters_taken_;
  if (there) ++adapters_there_;
}

void ServingCollector::adapter_awaited(std::uint32_t /*replica*/, Seconds time) { adapters_awaited_ += time; }

metrics::AdapterReport ServingCollector::adapters() const {
  metrics::AdapterReport report{.requests = with_adapters_};
  if (adapters_taken_ == 0) return report;
  report.hit_ratio = static_cast<double>(adapters_there_) / static_cast<double>(adapters_taken_);
  report.load_wait = adapters_awaited_ / static_cast<double>(with_adapters_);
  report.slot_wait = all_slot_waits_ / static_cast<double>(with_adapters_);
  return report;
}

void ServingCollector::completed(const serving::RequestRecord& record) {
  if (sink_) sink_(record);
  report_.preemptions += static_cast<std::uint64_t>(record.preemptions);
  last_ = record.done;
  all_slot_waits_ += record.slot_wait + record.decode_slot_wait;
  if (!measuring()) {
    if (++completed_ == job_.warm_up_requests) begin_ = record.done;
    return;
  }
  ++completed_;
  ++report_.measured;
  const Seconds ttft = record.first_token - record.arrival;
  const double later = record.output_tokens - 1;
  const Seconds tpot = later > 0 ? (record.done - record.first_token) / later : Seconds{};
  report_.ttft.add(ttft);
  if (later > 0) report_.tpot.add(tpot);
  report_.e2e.add(record.done - record.arrival);
  report_.queueing.add(record.scheduled - record.arrival);
  report_.input_tokens += record.input_tokens;
  report_.output_tokens += record.output_tokens;
  report_.images += record.images;
  report_.image_tokens += record.image_tokens;
  report_.encoded_images += record.encoded.images;
  encoded_.images += record.encoded.images;
  encoded_.patches += record.encoded.patches;
  encoded_.pairs += record.encoded.pairs;
  cached_tokens_ += record.cached_tokens;
  const int block = std::max(1, record.block_tokens);
  block_tokens_ += static_cast<double>((record.input_tokens + block - 1) / block) * block;
  found_block_tokens_ += static_cast<double>(record.cached_tokens / block) * block;
  decoded_tokens_ += std::max(0.0, later);
  context_sum_ += std::max(0.0, later) * (record.input_tokens + 0.5 * record.output_tokens);
  preparation_ += record.preparation;
  queueing_ += record.scheduled - record.arrival - record.preparation;
  fetch_ += record.fetch;
  transfer_ += record.transfer;
  adapter_wait_ += record.adapter_wait;
  slot_wait_ += record.slot_wait;
  decode_slot_wait_ += record.decode_slot_wait;
  adapter_requests_ += record.adapter > 0 ? 1 : 0;
  prefill_ += ttft - (record.scheduled - record.arrival) - record.fetch - record.transfer;
  if (record.transfer > Seconds{}) ++transferred_;
  const bool soon = job_.slo.ttft <= Seconds{} || ttft <= job_.slo.ttft;
  const bool steady = job_.slo.tpot <= Seconds{} || tpot <= job_.slo.tpot;
  if (soon && steady) ++within_level_;
}

void ServingCollector::rejected(const serving::Prompt& /*prompt*/, serving::RejectReason reason, Seconds when) {
  ++report_.rejected;
  ++rejections_[reason];
  last_ = std::max(last_, when);
}

metrics::ServingReport ServingCollector::report(Seconds /*end*/) const {
  metrics::ServingReport report = report_;
  report.completed = completed_;
  report.duration = last_ - begin_;
  report.busy_gpu_hours = busy_.in(units::hour);
  const double seconds = report.duration.in(units::s);
  if (seconds > 0) {
    report.output_tokens_per_s = report.output_tokens / seconds;
    report.output_tokens_per_s_per_gpu = report.output_tokens_per_s / static_cast<double>(job_.gpus());
    report.requests_per_s = static_cast<double>(report.measured) / seconds;
    report.goodput_rps = static_cast<double>(within_level_) / seconds;
    report.mean_running = running_seconds_ / seconds;
  }
  if (block_tokens_ > 0) report.prefix_hit_ratio = found_block_tokens_ / block_tokens_;
  if (iterations_ > 0) report.mean_batch = batch_sum_ / iterations_;
  if (transferred_ > 0) report.transfer_mean = transfer_ / static_cast<double>(transferred_);
  ServingSeries series = series_;
  for (std::size_t i = 0; i < tiers_.size(); ++i)
    series.held(tier_figures.at(i), tiers_[i].since, last_, tiers_[i].share);
  report.series = series.points(last_);
  for (const auto& [reason, count] : rejections_) {
    report.rejections.push_back(std::to_string(count) + " " + std::string(serving::name_of(reason)));
  }
  return report;
}

ServingCollector::Means ServingCollector::means() const {
  Means means;
  means.iterations_with_prompts = iterations_with_prompts_;
  means.decode_iterations = decode_iterations_;
  const double count = static_cast<double>(report_.measured);
  if (count <= 0) return means;
  means.input_tokens = report_.input_tokens / count;
  means.cached_tokens = cached_tokens_ / count;
  means.context = decoded_tokens_ > 0 ? context_sum_ / decoded_tokens_ : means.input_tokens;
  means.batch = iterations_ > 0 ? batch_sum_ / iterations_ : 0;
  means.images = {encoded_.images / count, encoded_.patches / count, encoded_.pairs / count};
  means.preparation = preparation_ / count;
  means.adapter_share = adapter_requests_ / count;
  means.adapter_batch = iterations_ > 0 ? adapter_batch_sum_ / iterations_ : 0;
  means.adapters = iterations_ > 0 ? adapters_sum_ / iterations_ : 0;
  means.adapter_wait = adapter_wait_ / count;
  means.slot_wait = slot_wait_ / count;
  means.decode_slot_wait = decode_slot_wait_ / count;
  means.queueing = queueing_ / count;
  means.fetch = fetch_ / count;
  means.transfer = transfer_ / count;
  means.prefill = prefill_ / count;
  return means;
}

}  // namespace aifsim::study
