#include "serving/prefix_cache_names.hpp"

#include <algorithm>
#include <numeric>

#include "base/rng.hpp"

namespace aifsim::serving {
namespace {

// Different for pieces of different lengths: one name, one number of blocks.
std::uint64_t session_name(const Prompt& prompt, std::int64_t piece, std::int64_t length) {
  if (prompt.session == 0) return 0;
  const std::uint64_t session = mixed(prompt.session ^ (std::uint64_t{prompt.adapter} << 32U));
  return mixed(session ^ mixed(static_cast<std::uint64_t>(piece) ^ (static_cast<std::uint64_t>(length) << 40U)));
}

std::int64_t piece_tokens(const Prompt& prompt, int engine_block_tokens) {
  return std::lcm<std::int64_t>(prompt.block_tokens, engine_block_tokens);
}

}  // namespace

void name_pieces(const Prompt& prompt, int engine_block_tokens, std::vector<PrefixPiece>& pieces) {
  pieces.clear();
  if (prompt.blocks.empty() || prompt.block_tokens <= 0) return;
  const std::int64_t length = piece_tokens(prompt, engine_block_tokens);
  const std::size_t names = static_cast<std::size_t>(length / prompt.block_tokens);
  const std::int64_t covered =
      std::min<std::int64_t>(prompt.tokens, static_cast<std::int64_t>(prompt.blocks.size()) * prompt.block_tokens);
  std::uint64_t chain = mixed(prompt.adapter ^ (static_cast<std::uint64_t>(prompt.block_tokens) << 32U));
  for (std::size_t first = 0; first < prompt.blocks.size(); first += names) {
    const std::size_t last = std::min(first + names, prompt.blocks.size());
    for (std::size_t i = first; i < last; ++i) chain = mixed(chain ^ mixed(prompt.blocks[i]));
    const std::int64_t piece = static_cast<std::int64_t>(pieces.size());
    const std::int64_t tokens = std::min(length, covered - piece * length);
    // The answer will fill a conversation's partial piece.
    if (tokens < engine_block_tokens || (tokens < length && prompt.session != 0)) break;
    const auto blocks = static_cast<std::int32_t>(tokens / engine_block_tokens);
    const std::uint64_t name = tokens == length ? chain : mixed(chain ^ static_cast<std::uint64_t>(blocks));
    pieces.push_back({name, session_name(prompt, piece, length), blocks});
  }
}

void name_answer(const Prompt& prompt, int engine_block_tokens, int tokens, std::vector<PrefixPiece>& pieces) {
  pieces.clear();
  if (prompt.session == 0 || prompt.blocks.empty() || prompt.block_tokens <= 0) return;
  const std::int64_t length = piece_tokens(prompt, engine_block_tokens);
  const auto blocks = static_cast<std::int32_t>(length / engine_block_tokens);
  for (std::int64_t piece = prompt.tokens / length; (piece + 1) * length <= tokens; ++piece) {
    pieces.push_back({session_name(prompt, piece, length), 0, blocks});
  }
}

}  // namespace aifsim::serving
