// One request to an inference service, and where requests come from.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/quantity.hpp"

namespace aifsim::serving {

// Images of one size, one behind the other, in a prompt.
struct ImageRun {
  int begin = 0;  // their first token
  int images = 0;
  int tokens = 0;  // of them all
  // Of image `index`, from 0; of the one behind the last: the end.
  [[nodiscard]] int begin_of(int index) const {
    return begin + static_cast<int>(std::int64_t{tokens} * index / images);
  }
};

// What the service can see of a request when it arrives. Policies get this and nothing else.
struct Prompt {
  std::uint64_t id = 0;  // from 0 in the order of arrival
  Seconds arrival;
  int tokens = 0;
  // Names of the prompt's blocks of `block_tokens` tokens, in order, the last one possibly partial: equal leading names
  // mean an equal prefix. Empty: shares nothing with anything.
  std::vector<std::uint64_t> blocks;
  int block_tokens = 0;
  std::uint32_t session = 0;  // turns of a conversation have one number; 0 = none
  std::uint32_t adapter = 0;  // LoRA adapter; 0 = none
  // What the turn itself brings: `image_tokens` of its new tokens are of `images` images, all of one size. These are
  // the first of the new tokens: behind a shared prefix and what earlier turns left, before the turn's text.
  int images = 0;
  int image_tokens = 0;
  std::vector<ImageRun> image_runs;  // all images in the prompt, those of earlier turns of the conversation too
  int output_limit = 0;  // the longest answer that the client asked for (max_tokens); 0 = up to the model's limit
};

// The turn's own images, as the first of its new tokens from `begin` on. Called once, when image_runs has those of
// earlier turns.
inline void bring_images(Prompt& prompt, int begin, int images, int tokens) {
  if (images <= 0 || tokens <= 0) return;
  prompt.image_tokens = tokens;
  prompt.images = images < tokens ? images : tokens;
  prompt.image_runs.push_back({begin, prompt.images, tokens});
}

struct Request {
  Prompt prompt;
  int output_tokens = 0;  // the true length: only the engine finds out, token by token
};

// Makes requests in the order of their arrival. Open-loop sources know all arrivals beforehand; closed-loop ones make a
// new request when one has ended.
class RequestSource {
 public:
  virtual ~RequestSource() = default;
  // When the next request arrives; nothing when none will before another one has ended.
  [[nodiscard]] virtual std::optional<Seconds> next_arrival() = 0;
  // The request that arrives then. Only when there is a next arrival.
  [[nodiscard]] virtual Request take() = 0;
  // A request is over: answered in full, or rejected.
  virtual void ended(const Request& /*request*/, Seconds /*when*/) {}
};

}  // namespace aifsim::serving
