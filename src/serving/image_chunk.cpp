#include "serving/image_chunk.hpp"

#include <algorithm>

namespace aifsim::serving {
namespace {

// From image `first` on, until `visit` says that it is enough.
template <typename Visit>
void for_each_image(const Prompt& prompt, int first, Visit visit) {
  for (const ImageRun& run : prompt.image_runs) {
    for (int image = std::max(0, first); image < run.images; ++image) {
      if (!visit(run.begin_of(image), run.begin_of(image + 1))) return;
    }
    first -= run.images;
  }
}

void encode(ChunkImages& chunk, int tokens, int patches_per_token) {
  const double patches = double{1} * tokens * patches_per_token;
  chunk.encoded_tokens += tokens;
  chunk.work.images += 1;
  chunk.work.patches += patches;
  chunk.work.pairs += patches * patches;
}

}  // namespace

ChunkImages images_of_chunk(const Prompt& prompt, const ChunkPlace& place, EncoderBudget budget,
                            int patches_per_token) {
  ChunkImages chunk{.tokens = place.tokens, .settled = place.settled, .encoded_tokens = 0, .work = {}};
  if (patches_per_token <= 0) return chunk;
  for_each_image(prompt, place.settled, [&](int begin, int end) {
    if (begin >= place.computed + place.tokens) return false;
    const bool needed = end > place.computed;
    if (needed && !budget.takes(end - begin)) {
      // Behind its own beginning only where a cache has a part of it: such a chunk has to wait.
      chunk.tokens = std::max(0, begin - place.computed);
      return false;
    }
    if (needed) {
      budget.left -= end - begin;
      budget.untouched = false;
      encode(chunk, end - begin, patches_per_token);
    }
    ++chunk.settled;
    return true;
  });
  return chunk;
}

}  // namespace aifsim::serving
