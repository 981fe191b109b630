#include "serving/image_chunk.hpp"

#include <algorithm>

namespace aifsim::serving {
namespace {

void add(ChunkImages& chunk, double tokens, int patches_per_token) {
  const double patches = tokens * patches_per_token;
  chunk.work.images += 1;
  chunk.work.patches += patches;
  chunk.work.pairs += patches * patches;
}

}  // namespace

ChunkImages images_of_chunk(const Prompt& prompt, int computed, int tokens, int settled, EncoderBudget budget,
                            int patches_per_token) {
  ChunkImages chunk{.tokens = tokens, .settled = settled, .encoded_tokens = 0, .work = {}};
  if (patches_per_token <= 0) return chunk;
  int first = 0;
  for (const ImageRun& run : prompt.image_runs) {
    for (int image = std::max(0, settled - first); image < run.images; ++image) {
      const int begin = run.begin_of(image), end = run.begin_of(image + 1);
      if (begin >= computed + tokens) return chunk;
      if (end > computed) {
        if (!budget.takes(end - begin)) {
          // Behind its own beginning only where a cache has a part of it: such a chunk has to wait.
          chunk.tokens = std::max(0, begin - computed);
          return chunk;
        }
        budget.left -= end - begin;
        budget.untouched = false;
        chunk.encoded_tokens += end - begin;
        add(chunk, end - begin, patches_per_token);
      }
      chunk.settled = first + image + 1;
    }
    first += run.images;
  }
  return chunk;
}

}  // namespace aifsim::serving
