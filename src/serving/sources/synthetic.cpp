// Synthetic requests: lengths from distributions; shared prefixes, conversations, images and adapters.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "serving/sources/block_names.hpp"
#include "serving/sources/bodies.hpp"
#include "serving/sources/limits.hpp"

namespace aifsim::serving {
namespace {

class KindDraw {
 public:
  explicit KindDraw(const Kinds& kinds) {
    double sum = 0;
    for (int kind = 1; kind <= kinds.count; ++kind) {
      sum += std::pow(kind, -kinds.skew);
      up_to_.push_back(sum);
    }
  }
  // 0 … count-1.
  [[nodiscard]] std::uint32_t draw(Rng& rng) const {
    if (up_to_.size() <= 1) return 0;
    const double at = rng.uniform(0, up_to_.back());
    const auto found = std::upper_bound(up_to_.begin(), up_to_.end(), at);
    return static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(found - up_to_.begin(), std::ssize(up_to_) - 1));
  }

 private:
  std::vector<double> up_to_;
};

class SyntheticBodies : public Bodies {
 public:
  SyntheticBodies(const PromptPlan& plan, int max_input, int max_output, std::uint64_t seed)
      : plan_(plan),
        max_input_(max_input),
        max_output_(max_output),
        seed_(seed),
        groups_(plan.prefix_groups),
        adapters_(plan.adapters),
        lengths_(seed, "requests.lengths"),
        turns_(seed, "requests.turns"),
        kinds_(seed, "requests.kinds"),
        images_(seed, "requests.images") {}

  std::optional<Request> first() override {
    ++conversations_;
    Conversation talk;
    talk.number = conversations_;
    talk.group = groups_.draw(kinds_);
    if (plan_.adapters.count > 0) talk.adapter = 1 + adapters_.draw(kinds_);
    talk.turns_left = plan_.turns ? plan_.turns->draw(turns_) - 1 : 0;
    const int fresh = (plan_.first_input ? *plan_.first_input : plan_.input).draw(lengths_);
    Request request = turn(talk, plan_.prefix_tokens, fresh, {});
    clip(request, max_input_, max_output_);
    if (plan_.turns) request.prompt.session = session_of(talk.number);
    if (talk.turns_left > 0) open_[request.prompt.session] = talk;
    return request;
  }

  std::optional<NextTurn> after(const Request& ended) override {
    if (ended.prompt.session == 0) return std::nullopt;
    const auto found = open_.find(ended.prompt.session);
    if (found == open_.end()) return std::nullopt;
    Conversation& talk = found->second;
    const std::int64_t context = std::int64_t{ended.prompt.tokens} + ended.output_tokens;
    NextTurn next{turn(talk, static_cast<int>(std::min<std::int64_t>(context, most_tokens)), plan_.input.draw(lengths_),
                       ended.prompt.image_runs),
                  draw_think(plan_.think, turns_)};
    const int most = max_input_ > 0 ? max_input_ : most_tokens;
    const bool is_too_long = next.request.prompt.tokens > most;
    clip(next.request, 0, max_output_);
    next.request.prompt.session = ended.prompt.session;
    --talk.turns_left;
    if (talk.turns_left == 0 || is_too_long) open_.erase(found);
    if (is_too_long) return std::nullopt;
    return next;
  }

 private:
  struct Conversation {
    std::uint64_t number = 0;
    std::uint32_t group = 0, adapter = 0;
    int turns_left = 0;
  };

  // Numbers from 1; after four billion conversations they begin again.
  static std::uint32_t session_of(std::uint64_t conversation) {
    return 1 + static_cast<std::uint32_t>((conversation - 1) % 0xFFFFFFFFULL);
  }

  Request turn(const Conversation& talk, int context, int fresh, const std::vector<ImageRun>& earlier) {
    Request request;
    Prompt& prompt = request.prompt;
    prompt.image_runs = earlier;
    if (plan_.image_share > 0 && images_.uniform() < plan_.image_share) {
      std::int64_t tokens = 0;
      const int count = plan_.images.draw(images_);
      for (int image = count; image > 0; --image) tokens += plan_.image_tokens.draw(images_);
      const std::int64_t room = most_tokens - std::int64_t{context};
      bring_images(prompt, context, count, static_cast<int>(std::min(tokens, room)));
    }
    const std::int64_t tokens = std::int64_t{context} + fresh + prompt.image_tokens;
    prompt.tokens = static_cast<int>(std::clamp<std::int64_t>(tokens, 1, most_tokens));
    prompt.adapter = talk.adapter;
    request.output_tokens = plan_.output.draw(lengths_);
    if (plan_.prefix_tokens > 0 || plan_.turns) name_blocks(talk, prompt);
    return request;
  }

  // Whole blocks of the shared prefix carry its group's names, the rest the conversation's. An adapter changes the
  // cached values, so that its blocks have names of their own.
  void name_blocks(const Conversation& talk, Prompt& prompt) const {
    const int size = plan_.block_tokens;
    const std::uint64_t mine = mixed(mixed(seed_ ^ mixed(talk.number)) ^ talk.adapter);
    const std::uint64_t shared = mixed(mixed(mixed(seed_) ^ ~std::uint64_t{talk.group}) ^ talk.adapter);
    const int shared_blocks = std::min(plan_.prefix_tokens, prompt.tokens) / size;
    const int count = blocks_of(prompt.tokens, size);
    prompt.block_tokens = size;
    prompt.blocks.reserve(static_cast<std::size_t>(count));
    for (int block = 0; block < count; ++block) {
      const int held = std::min(size, prompt.tokens - block * size);
      prompt.blocks.push_back(block_name(block < shared_blocks ? shared : mine, block, held, size));
    }
  }

  PromptPlan plan_;
  int max_input_, max_output_;
  std::uint64_t seed_;
  KindDraw groups_, adapters_;
  Rng lengths_, turns_, kinds_, images_;
  std::uint64_t conversations_ = 0;
  std::unordered_map<std::uint32_t, Conversation> open_;  // those with turns to come
};

}  // namespace

Seconds draw_think(const ThinkTime& think, Rng& rng) {
  const bool drawn = think.exponential && think.mean > Seconds{};
  return drawn ? rng.exponential(think.mean.in(units::s)) * units::s : think.mean;
}

void clip(Request& request, int max_input, int max_output) {
  clip_prompt(request.prompt, max_input);
  if (max_output <= 0) return;
  request.output_tokens = std::min(request.output_tokens, max_output);
  request.prompt.output_limit = max_output;
}

std::unique_ptr<Bodies> make_synthetic_bodies(const PromptPlan& plan, int max_input, int max_output,
                                              std::uint64_t seed) {
  return std::make_unique<SyntheticBodies>(plan, max_input, max_output, seed);
}

}  // namespace aifsim::serving
