// Which images a chunk of a prompt has encoded, and where it must end for the encoder's budget.
#pragma once

#include "model/inference.hpp"
#include "serving/request.hpp"

namespace aifsim::serving {

// Of the tokens that may be encoded in one iteration. vLLM V1: a chunk stops before an image that does not fit, and an
// image that is larger than the whole budget has an iteration's encoder to itself.
struct EncoderBudget {
  int left = 0;
  bool untouched = true;
  [[nodiscard]] bool takes(int tokens) const { return untouched || tokens <= left; }
};

struct ChunkImages {
  int tokens = 0;   // of the chunk
  int settled = 0;  // images, from the prompt's first, that need no encoding after it
  int encoded_tokens = 0;
  model::ImageWork work;
};

// A chunk of `tokens` tokens behind `computed`, where `settled` images are done with.
struct ChunkPlace {
  int computed = 0;
  int tokens = 0;
  int settled = 0;
};
// An image is encoded whole with the first chunk that reaches it, unless all its tokens are cached already.
[[nodiscard]] ChunkImages images_of_chunk(const Prompt& prompt, const ChunkPlace& place, EncoderBudget budget,
                                          int patches_per_token);

}  // namespace aifsim::serving
