// Names under which a prefix cache keeps pieces of prompts.
#pragma once

#include <cstdint>
#include <vector>

#include "serving/request.hpp"

namespace aifsim::serving {

// A piece of a prompt that the prefix cache keeps or evicts as a whole. Its name stands for all tokens up to its end.
struct PrefixPiece {
  std::uint64_t name = 0;
  std::uint64_t session_name = 0;  // what it is called if an earlier turn of the conversation left it; 0 = no turns
  std::int32_t blocks = 0;         // of the engine
};

// Pieces of a prompt, in order. A piece is as long as the trace's blocks when these are whole engine blocks (a block of
// 512 tokens in an engine with blocks of 16 is there as a whole or not at all), else the least length that is whole in
// both. Of the last, partial block the engine blocks that it fills are a piece.
void name_pieces(const Prompt& prompt, int engine_block_tokens, std::vector<PrefixPiece>& pieces);

// Pieces that the answer fills, `tokens` of prompt and answer together being cached: the next turn will begin with
// them. None for prompts outside conversations.
void name_answer(const Prompt& prompt, int engine_block_tokens, int tokens, std::vector<PrefixPiece>& pieces);

}  // namespace aifsim::serving
