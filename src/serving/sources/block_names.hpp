// Names of prompt blocks: equal leading names mean an equal prefix.
#pragma once

#include <cstdint>
#include <vector>

#include "serving/request.hpp"
#include "serving/sources/line_reader.hpp"

namespace aifsim::serving {

// Blocks that `tokens` tokens fill or begin.
[[nodiscard]] int blocks_of(int tokens, int block_tokens);
// The name of block `index` of a text; a block that is not full has another name than when it is.
[[nodiscard]] std::uint64_t block_name(std::uint64_t text, int index, int tokens, int block_tokens);

// Cuts the prompt to at most `tokens` tokens, blocks included. 0 = no limit.
void clip_prompt(Prompt& prompt, int tokens);

// ConfigError when a prompt has more blocks than its tokens fill or begin.
void check_block_count(const Prompt& prompt, const LineReader& lines, std::size_t column);

}  // namespace aifsim::serving
