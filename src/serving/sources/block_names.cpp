#include "serving/sources/block_names.hpp"

#include <algorithm>
#include <string>

#include "base/rng.hpp"

namespace aifsim::serving {

int blocks_of(int tokens, int block_tokens) {
  return static_cast<int>((static_cast<std::int64_t>(tokens) + block_tokens - 1) / block_tokens);
}

std::uint64_t block_name(std::uint64_t text, int index, int tokens, int block_tokens) {
  const std::uint64_t name = mixed(text + static_cast<std::uint64_t>(index));
  return tokens == block_tokens ? name : mixed(name ^ static_cast<std::uint64_t>(tokens));
}

namespace {

// An image that the cut goes through gets smaller.
void cut_images(Prompt& prompt, int tokens) {
  for (ImageRun& run : prompt.image_runs) {
    const ImageRun whole = run;
    while (run.images > 0 && whole.begin_of(run.images - 1) >= tokens) --run.images;
    run.tokens = std::clamp(tokens - run.begin, 0, run.tokens);
  }
  const bool own = prompt.images > 0;
  if (own) {
    const ImageRun& last = prompt.image_runs.back();
    prompt.images = last.images;
    prompt.image_tokens = last.images > 0 ? last.tokens : 0;
  }
  std::erase_if(prompt.image_runs, [](const ImageRun& run) { return run.images == 0; });
}

}  // namespace

void clip_prompt(Prompt& prompt, int tokens) {
  if (tokens <= 0 || prompt.tokens <= tokens) return;
  prompt.tokens = tokens;
  cut_images(prompt, tokens);
  if (prompt.blocks.empty()) return;
  const auto begun = static_cast<std::size_t>(blocks_of(tokens, prompt.block_tokens));
  if (begun > prompt.blocks.size()) return;
  prompt.blocks.resize(begun);
  const int in_last = tokens % prompt.block_tokens;
  if (in_last != 0) prompt.blocks.back() = mixed(prompt.blocks.back() ^ static_cast<std::uint64_t>(in_last));
}

void check_block_count(const Prompt& prompt, const LineReader& lines, std::size_t column) {
  const int most = blocks_of(prompt.tokens, prompt.block_tokens);
  if (prompt.blocks.size() <= static_cast<std::size_t>(most)) return;
  lines.refuse(column, "hash_ids",
               "at most " + std::to_string(most) + " blocks of " + std::to_string(prompt.block_tokens) +
                   " tokens (input_length " + std::to_string(prompt.tokens) + ")",
               std::to_string(prompt.blocks.size()));
}

}  // namespace aifsim::serving
