// Block counts, prefixes, eviction, and when growing sequences take blocks.
#include <gtest/gtest.h>

#include <random>

#include "base/error.hpp"
#include "serving/kv_cache.hpp"
#include "serving/kv_cache_growth.hpp"

namespace aifsim::serving {
namespace {

Prompt prompt_of(int tokens, std::vector<std::uint64_t> blocks, int block_tokens, std::uint32_t session = 0) {
  Prompt prompt;
  prompt.tokens = tokens;
  prompt.blocks = std::move(blocks);
  prompt.block_tokens = block_tokens;
  prompt.session = session;
  return prompt;
}

std::vector<PrefixPiece> pieces_of(const Prompt& prompt, int block_tokens) {
  std::vector<PrefixPiece> pieces;
  name_pieces(prompt, block_tokens, pieces);
  return pieces;
}

TEST(PrefixCacheNames, APieceIsATraceBlockOfWholeEngineBlocks) {
  const auto pieces = pieces_of(prompt_of(1200, {1, 2, 3}, 512), 16);
  ASSERT_EQ(pieces.size(), 3);
  EXPECT_EQ(pieces[0].blocks, 32);
  EXPECT_EQ(pieces[2].blocks, (1200 - 1024) / 16);
}

TEST(PrefixCacheNames, SmallTraceBlocksAreTakenTogether) {
  const auto pieces = pieces_of(prompt_of(160, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 16), 64);
  ASSERT_EQ(pieces.size(), 2);
  EXPECT_EQ(pieces[0].blocks, 1);
}

TEST(PrefixCacheNames, ANameStandsForAllBeforeIt) {
  const auto first = pieces_of(prompt_of(64, {1, 2}, 32), 32), second = pieces_of(prompt_of(64, {3, 2}, 32), 32);
  EXPECT_NE(first[1].name, second[1].name);
  EXPECT_EQ(pieces_of(prompt_of(64, {1, 9}, 32), 32)[0].name, first[0].name);
}

TEST(PrefixCacheNames, AdaptersShareNothing) {
  Prompt prompt = prompt_of(64, {1, 2}, 32);
  const auto plain = pieces_of(prompt, 32);
  prompt.adapter = 3;
  EXPECT_NE(pieces_of(prompt, 32)[0].name, plain[0].name);
}

CacheShape blocks_shape(std::int64_t blocks) { return {.block_tokens = 16, .total = blocks}; }

TEST(KvCache, SharedPiecesCountOnce) {
  KvCache cache(blocks_shape(10), 0);
  const auto pieces = pieces_of(prompt_of(64, {1, 2, 3, 4}, 16), 16);
  CacheHolding first, second;
  cache.take(first, pieces, cache.match(pieces), 5);
  for (const PrefixPiece& piece : pieces) cache.publish(first, piece);
  EXPECT_EQ(cache.used(), 5);
  const auto match = cache.match(pieces);
  EXPECT_EQ(match.blocks, 4);
  EXPECT_EQ(match.idle_blocks, 0);
  cache.take(second, pieces, match, 6);
  EXPECT_EQ(cache.used(), 7);
  cache.give_back(first, 5);
  EXPECT_EQ(cache.used(), 6);
  cache.give_back(second, 6);
  EXPECT_EQ(cache.used(), 0);
  EXPECT_EQ(cache.match(pieces).blocks, 4);
  cache.check();
}

TEST(KvCache, TwoWhoComputeTheSameKeepOneCopy) {
  KvCache cache(blocks_shape(10), 0);
  const auto pieces = pieces_of(prompt_of(32, {1, 2}, 16), 16);
  CacheHolding first, second;
  cache.take(first, pieces, {}, 2);
  cache.take(second, pieces, {}, 2);
  for (const PrefixPiece& piece : pieces) cache.publish(first, piece);
  EXPECT_EQ(cache.used(), 4);
  for (const PrefixPiece& piece : pieces) cache.publish(second, piece);
  EXPECT_EQ(cache.used(), 2);
  cache.check();
  cache.give_back(first, 2);
  cache.give_back(second, 2);
  EXPECT_EQ(cache.available(), 10);
}

TEST(KvCache, TheEndOfAnOldChainIsEvictedFirst) {
  KvCache cache(blocks_shape(4), 0);
  const auto pieces = pieces_of(prompt_of(64, {1, 2, 3, 4}, 16), 16);
  CacheHolding holding;
  cache.take(holding, pieces, {}, 4);
  for (const PrefixPiece& piece : pieces) cache.publish(holding, piece);
  cache.give_back(holding, 4);
  CacheHolding other;
  ASSERT_TRUE(cache.fits({}, 1));
  cache.take(other, {}, {}, 1);
  EXPECT_EQ(cache.match(pieces).pieces, 3);
  cache.grow(1);
  EXPECT_EQ(cache.match(pieces).pieces, 2);
  cache.check();
}

TEST(KvCache, MatchedPiecesCannotMakeRoomForTheirOwnSequence) {
  KvCache cache(blocks_shape(4), 0);
  const auto pieces = pieces_of(prompt_of(64, {1, 2, 3, 4}, 16), 16);
  CacheHolding holding;
  cache.take(holding, pieces, {}, 4);
  for (const PrefixPiece& piece : pieces) cache.publish(holding, piece);
  cache.give_back(holding, 4);
  const auto match = cache.match(pieces);
  EXPECT_EQ(cache.available(), 4);
  EXPECT_TRUE(cache.fits(match, 4));
  EXPECT_FALSE(cache.fits(match, 5));
  EXPECT_THROW(cache.take(holding, pieces, match, 5), InternalError);
}

TEST(KvCache, AnAnswerIsThereForTheNextTurn) {
  KvCache cache(blocks_shape(20), 0);
  const Prompt turn = prompt_of(40, {1, 2, 3}, 16, 7), next = prompt_of(96, {1, 2, 13, 14, 15, 16}, 16, 7);
  const auto pieces = pieces_of(turn, 16);
  EXPECT_EQ(pieces.size(), 2);  // the third is partial: the answer fills it
  CacheHolding holding;
  cache.take(holding, pieces, {}, 5);
  for (const PrefixPiece& piece : pieces) cache.publish(holding, piece);
  std::vector<PrefixPiece> answer;
  name_answer(turn, 16, 70, answer);  // of 70 cached tokens four blocks are whole
  EXPECT_EQ(answer.size(), 2);
  cache.give_back(holding, 5, answer);
  cache.check();
  EXPECT_EQ(cache.match(pieces_of(next, 16)).pieces, 4);
  const Prompt other = prompt_of(96, {1, 2, 13, 14, 15, 16}, 16, 8);
  EXPECT_EQ(cache.match(pieces_of(other, 16)).pieces, 2);
}

TEST(KvCacheShape, AWindowStopsGrowing) {
  CacheShape shape{
      .block_tokens = 16, .total = 1000, .block = 3, .sequence = 5, .windows = {{.block = 2, .blocks = 4}}};
  EXPECT_EQ(shape.demand(2), 5 + 2 * 5);
  EXPECT_EQ(shape.demand(10), 5 + 30 + 8);
  EXPECT_EQ(shape.growth(3), 5);
  EXPECT_EQ(shape.growth(4), 3);
  EXPECT_EQ(shape.next_change(2), 4);
  EXPECT_EQ(shape.next_change(4), 0);
}

TEST(KvCacheGrowth, CountsWhatAHandCountCounts) {
  std::mt19937 random(5);
  for (const std::int64_t block : {1, 4, 16, 96}) {
    CacheGrowth growth(block);
    std::vector<std::pair<std::int64_t, std::int64_t>> sequences;
    for (int step = 0; step < 500; ++step) {
      if (sequences.empty() || random() % 3 > 0) {
        sequences.emplace_back(1 + random() % 300, 1 + random() % 3);
        growth.add(sequences.back().first, sequences.back().second);
      } else {
        const std::size_t victim = random() % sequences.size();
        growth.add(sequences[victim].first, -sequences[victim].second);
        sequences.erase(sequences.begin() + static_cast<std::ptrdiff_t>(victim));
      }
      const auto blocks = [block](std::int64_t length) { return (length + block - 1) / block; };
      for (const std::int64_t gain : {std::int64_t{0}, std::int64_t{1}, block, 3 * block + 2}) {
        std::int64_t needed = 0;
        for (const auto& [length, weight] : sequences) needed += weight * (blocks(length + gain) - blocks(length));
        ASSERT_EQ(growth.needed(gain), needed) << "block " << block << " gain " << gain << " step " << step;
      }
      const auto gain = static_cast<std::int64_t>(random() % 40);
      growth.advance(gain);
      for (auto& sequence : sequences) sequence.first += gain;
    }
  }
}

}  // namespace
}  // namespace aifsim::serving
