#include "serving/pass_cost.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hardware/operator_cost.hpp"

namespace aifsim::serving {
namespace {

// Contexts of one sequence between which the time of decoding is taken to be a line.
constexpr double first_anchor = 64;
constexpr int last_anchor = 20;
double anchor(int index) { return index < 0 ? 0 : first_anchor * std::exp2(index); }
int anchor_below(double context_each) {
  if (context_each < first_anchor) return -1;
  return std::min(last_anchor, static_cast<int>(std::floor(std::log2(context_each / first_anchor))));
}

int spacing_at(int tokens) { return tokens < 128 ? 1 : 1 << (static_cast<int>(std::floor(std::log2(tokens))) - 6); }

int rounded(double tokens) {
  const int whole = static_cast<int>(std::ceil(tokens - 1e-9));
  if (whole < 32) return whole;
  const int spacing = 1 << (static_cast<int>(std::floor(std::log2(whole))) - 4);
  return (whole + spacing - 1) / spacing * spacing;
}

}  // namespace

PassTime& PassTime::operator+=(const PassTime& other) {
  kernels += other.kernels;
  exchanges += other.exchanges;
  launches += other.launches;
  return *this;
}

PassTime operator*(PassTime time, double factor) {
  return {.kernels = time.kernels * factor, .exchanges = time.exchanges * factor, .launches = time.launches * factor};
}

PassTime between(const PassTime& low, const PassTime& high, double share) {
  PassTime time = low * (1 - share);
  time += high * share;
  return time;
}

PassCost::PassCost(model::ModelSpec model, const model::InferencePlan& plan, const hardware::GpuSpec& gpu,
                   const ExchangeCost& exchanges)
    : model_(std::move(model)), plan_(plan), gpu_(gpu), exchanges_(exchanges) {}

PassTime PassCost::priced(const model::Pass& pass) const {
  PassTime total;
  for (const model::RepeatedOperator& entry : pass.operators) {
    total.kernels += hardware::operator_cost(entry.op, gpu_).time * entry.times;
    total.launches += entry.op.kernels * entry.times;
  }
  for (const model::RepeatedExchange& entry : pass.exchanges) {
    total.exchanges += exchanges_.time(entry.exchange, entry.bytes) * entry.times;
    total.launches += entry.times;
  }
  return total;
}

const PassTime& PassCost::body_at(int tokens) const {
  const auto index = static_cast<std::size_t>(tokens);
  if (bodies_.size() <= index) bodies_.resize(index + 1);
  if (!bodies_[index]) {
    bodies_[index] =
        tokens == 0 ? PassTime{} : priced(token_pass(model_, plan_, tokens, double{1} * tokens * plan_.dp, 0));
  }
  return *bodies_[index];
}

PassTime PassCost::body(double tokens) const {
  const int whole = static_cast<int>(std::ceil(tokens - 1e-9));
  const int spacing = spacing_at(whole);
  const int low = whole / spacing * spacing;
  if (low == whole) return body_at(low);
  const PassTime below = body_at(low);
  return between(below, body_at(low + spacing), double{1} * (whole - low) / spacing);
}

// What depends on the engine's tokens, and a constant.
const PassTime& PassCost::experts_at(int engine_tokens) const {
  const auto index = static_cast<std::size_t>(engine_tokens);
  if (experts_.size() <= index) experts_.resize(index + 1);
  if (!experts_[index]) experts_[index] = priced(token_pass(model_, plan_, 1, engine_tokens, 0));
  return *experts_[index];
}

PassTime PassCost::experts(double engine_tokens) const {
  const int whole = std::max(1, static_cast<int>(std::ceil(engine_tokens - 1e-9)));
  const int spacing = spacing_at(whole);
  const int low = whole / spacing * spacing;
  if (low == whole) return experts_at(low);
  const PassTime below = experts_at(low);
  return between(below, experts_at(low + spacing), double{1} * (whole - low) / spacing);
}

PassTime PassCost::body(double tokens, double engine_tokens) const {
  PassTime time = body(tokens);
  const double even = std::ceil(tokens - 1e-9) * plan_.dp;
  if (engine_tokens <= 0 || engine_tokens >= even || !model_.experts || plan_.dp == 1) return time;
  time += experts(engine_tokens);
  time += experts(even) * -1;
  return time;
}

PassTime PassCost::head(double sampled) const {
  const auto rows = static_cast<std::size_t>(std::ceil(sampled - 1e-9));
  if (heads_.size() <= rows) heads_.resize(rows + 1);
  if (!heads_[rows]) {
    heads_[rows] = rows == 0 ? PassTime{} : priced(token_pass(model_, plan_, 0, 0, static_cast<double>(rows)));
  }
  return *heads_[rows];
}

const PassTime& PassCost::adapters_at(int tokens, int adapters) const {
  const std::uint64_t key = (static_cast<std::uint64_t>(tokens) << 32U) | static_cast<std::uint32_t>(adapters);
  const auto [entry, is_new] = adapters_.try_emplace(key);
  if (is_new) entry->second = priced(adapter_pass(model_, plan_, tokens, adapters));
  return entry->second;
}

PassTime PassCost::adapters(double tokens, double adapters) const {
  const int whole = static_cast<int>(std::ceil(tokens - 1e-9));
  const int different = static_cast<int>(std::ceil(adapters - 1e-9));
  const int spacing = spacing_at(whole);
  const int low = whole / spacing * spacing;
  if (low == whole) return adapters_at(low, different);
  const PassTime below = adapters_at(low, different);
  return between(below, adapters_at(low + spacing, different), double{1} * (whole - low) / spacing);
}

PassTime PassCost::prefill_attention(const model::Batch& batch) const {
  if (batch.prefill_tokens <= 0) return {};
  model::Batch prefill;
  prefill.prefill_sequences = batch.prefill_sequences;
  prefill.prefill_tokens = batch.prefill_tokens;
  prefill.prefill_context = batch.prefill_context;
  prefill.prefill_pairs = batch.prefill_pairs;
  return priced(context_pass(model_, plan_, prefill));
}

const ExchangeUses& PassCost::exchanges_at(int tokens, int engine_tokens, int sampled) const {
  const auto [entry, is_new] = exchange_uses_.try_emplace({tokens, engine_tokens, sampled});
  ExchangeUses& uses = entry->second;
  if (!is_new) return uses;
  for (const model::RepeatedExchange& each : token_pass(model_, plan_, tokens, engine_tokens, sampled).exchanges) {
    ExchangeUse& use = uses.at(static_cast<std::size_t>(each.exchange));
    use.times += each.times;
    use.bytes += each.bytes * each.times;
    use.time += exchanges_.time(each.exchange, each.bytes) * each.times;
  }
  return uses;
}

void PassCost::add_exchanges(double tokens, double engine_tokens, double sampled, double times,
                             ExchangeUses& uses) const {
  const auto add = [&](const ExchangeUses& more) {
    for (std::size_t i = 0; i < uses.size(); ++i) {
      uses.at(i).times += more.at(i).times * times;
      uses.at(i).bytes += more.at(i).bytes * times;
      uses.at(i).time += more.at(i).time * times;
    }
  };
  if (tokens > 0) add(exchanges_at(rounded(tokens), rounded(engine_tokens > 0 ? engine_tokens : tokens * plan_.dp), 0));
  if (sampled > 0) add(exchanges_at(0, 0, rounded(sampled)));
}

const PassTime& PassCost::decode_at(int sequences, double tokens_each, int index) const {
  const auto row = static_cast<std::size_t>(sequences), column = static_cast<std::size_t>(index + 1);
  if (decodes_.size() <= row) decodes_.resize(row + 1);
  if (decodes_[row].size() <= column) decodes_[row].resize(column + 1);
  if (!decodes_[row][column]) {
    model::Batch batch;
    batch.decode_sequences = sequences;
    batch.decode_tokens = sequences * tokens_each;
    batch.decode_context = sequences * anchor(index);
    decodes_[row][column] = priced(context_pass(model_, plan_, batch));
  }
  return *decodes_[row][column];
}

PassTime PassCost::decode_beside_prompts(const model::Batch& batch) const {
  if (batch.decode_sequences <= 0) return {};
  const double tokens_each = batch.decode_tokens / batch.decode_sequences;
  if (!gpu_.kernels.serving.prompts_take_decodes) {
    const int sequences = static_cast<int>(std::ceil(batch.decode_sequences - 1e-9));
    const Segment line = decode_attention(sequences, tokens_each, batch.decode_context);
    return between(line.low, line.high, (batch.decode_context - line.from) / (line.end() - line.from));
  }
  model::Batch decodes;
  decodes.decode_sequences = batch.decode_sequences;
  decodes.decode_tokens = batch.decode_tokens;
  decodes.decode_context = batch.decode_context;
  model::Pass pass = context_pass(model_, plan_, decodes);
  for (model::RepeatedOperator& entry : pass.operators) {
    Operator& op = entry.op;
    if (op.kind != OperatorKind::attention_decode) continue;
    op.kind = OperatorKind::attention_forward;
    op.batch *= op.m / tokens_each;  // query heads in place of KV heads
    op.m = tokens_each;
  }
  return priced(pass);
}

PassCost::Segment PassCost::decode_attention(int sequences, double tokens_each, double context) const {
  const int index = anchor_below(context / sequences);
  Segment segment;
  segment.low = decode_at(sequences, tokens_each, index);
  segment.high = decode_at(sequences, tokens_each, index + 1);
  segment.from = sequences * anchor(index);
  segment.to = index == last_anchor ? std::numeric_limits<double>::infinity() : sequences * anchor(index + 1);
  return segment;
}

double PassCost::Segment::end() const { return std::isinf(to) ? 2 * from : to; }

}  // namespace aifsim::serving
