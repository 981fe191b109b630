// An inference pass against what follows from the model alone: parameters, bytes a token, shares of ranks.
#include "model/inference.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <random>
#include <vector>

#include "base/error.hpp"
#include "model/expert_load.hpp"
#include "model/layers.hpp"

namespace aifsim::model {
namespace {

ModelSpec shipped(const std::string& name) {
  const config::Document document = config::Document::parse("model: " + name + "\n", "x.yaml");
  ModelSpec model = read_model(document.root().required("model"));
  document.check();
  return model;
}

std::vector<std::string> all_models() {
  std::vector<std::string> names;
  for (const ModelEntry& entry : list_models()) names.push_back(entry.name);
  return names;
}

double gemm_flops(const Pass& pass) {
  double sum = 0;
  for (const auto& [op, times] : pass.operators) {
    const bool projection = op.kind == OperatorKind::gemm && op.name != "state_scan" && op.name != "index_scores";
    if (projection || op.kind == OperatorKind::expert_ffn) sum += op.flops.in(units::flop)*times;
  }
  return sum;
}

double named(const Pass& pass, OperatorName name, double Operator::*field) {
  double sum = 0;
  for (const auto& [op, times] : pass.operators) sum += op.name == name ? op.*field * times : 0;
  return sum;
}

double bytes_of(const Pass& pass, OperatorName name) {
  double sum = 0;
  for (const auto& [op, times] : pass.operators) sum += op.name == name ? op.bytes.in(units::B)*times : 0;
  return sum;
}

double flops_of(const Pass& pass, OperatorName name) {
  double sum = 0;
  for (const auto& [op, times] : pass.operators) sum += op.name == name ? op.flops.in(units::flop)*times : 0;
  return sum;
}

double total_bytes(const Pass& pass) {
  double sum = 0;
  for (const auto& [op, times] : pass.operators) sum += op.bytes.in(units::B)*times;
  return sum;
}

double total_flops(const Pass& pass) {
  double sum = 0;
  for (const auto& [op, times] : pass.operators) sum += op.flops.in(units::flop)*times;
  return sum;
}

Batch prompt(double sequences, double tokens, double before = 0) {
  return {.prefill_sequences = sequences,
          .prefill_tokens = sequences * tokens,
          .prefill_context = sequences * before,
          .prefill_pairs = sequences * (before * tokens + tokens * (tokens + 1) / 2),
          .sampled = sequences};
}

Batch decoding(double sequences, double cached, double queries = 1) {
  return {.decode_sequences = sequences,
          .decode_tokens = sequences * queries,
          .decode_context = sequences * cached,
          .sampled = sequences * queries};
}

class EveryModel : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Shipped, EveryModel, testing::ValuesIn(all_models()), [](const auto& parameter) {
  std::string name = parameter.param;
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
});

// Every token multiplied once with every active weight, 2 FLOPs each; all rows sampled.
TEST_P(EveryModel, projects_with_every_active_weight_once) {
  ModelSpec model = shipped(GetParam());
  model.sparse_attention.reset();  // its indexer's FP8 scores and absorbed prefill are another count
  const InferencePlan plan;
  for (const Batch& batch : {prompt(3, 700), decoding(5, 300)}) {
    const double tokens = batch.tokens();
    const double flops =
        gemm_flops(token_pass(model, plan, tokens, tokens, tokens)) + gemm_flops(context_pass(model, plan, batch));
    EXPECT_NEAR(flops / (2 * active_matrix_parameters(model) * tokens), 1, 1e-12);
  }
}

// What tensor ranks share: all but what the model says is whole on each.
TEST_P(EveryModel, tensor_ranks_share_the_projections) {
  const ModelSpec model = shipped(GetParam());
  const auto split_flops = [&](int tp) {
    const InferencePlan plan{.tp = tp, .moe_tp = tp};
    const Pass pass = token_pass(model, plan, 1000, 1000, 100);
    double whole = 0;
    for (const OperatorName name : {"router", "latent_down", "latent_up", "latent_down_projection",
                                    "index_query_projection", "index_key_projection"}) {
      whole += flops_of(pass, name);
    }
    return (gemm_flops(pass) - whole) * tp;
  };
  EXPECT_NEAR(split_flops(2) / split_flops(1), 1, 1e-12);  // all have two KV heads or more
  const auto weights = [&](int tp) { return weight_bytes(model, {.tp = tp, .moe_tp = tp}).in(units::B); };
  const double halves = 2 * weights(2) / weights(1);
  EXPECT_GE(halves, 1 - 1e-12);
  EXPECT_LT(halves, 1.03);
}

TEST_P(EveryModel, weighs_two_bytes_a_parameter_in_bf16) {
  const ModelSpec model = shipped(GetParam());
  double absorbed = 0;
  if (model.latent_attention) absorbed = model.layers * mixer_weights(model, Mixer::attention).absorbed;
  EXPECT_NEAR(
      weight_bytes(model, {}).in(units::B) / (2 * (total_parameters(model) + vision_parameters(model) + absorbed)), 1,
      1e-12);
}

// Bytes of a pass's weight matrices.
double weights_read(const Pass& pass, const ModelSpec& model) {
  double sum = 0;
  for (const auto& [op, times] : pass.operators) {
    const bool experts = op.kind == OperatorKind::expert_ffn;
    if (op.name == "state_scan" || op.name == "index_scores" || (!experts && op.kind != OperatorKind::gemm)) continue;
    const double values = op.n * op.k * op.batch * (experts ? model.ffn_matrices() : 1);
    sum += times * values * bytes_per_element(op.storage).in(units::B);
  }
  return sum;
}

// A batch that hits all experts reads all that is held, but the input embedding, norms and other vectors.
TEST_P(EveryModel, reads_the_weights_it_holds) {
  const ModelSpec model = shipped(GetParam());
  for (const int tp : {1, 2, 8}) {
    const InferencePlan plan{.tp = tp,
                             .ep = tp,
                             .attention_weights = Precision::fp8,
                             .ffn_weights = Precision::mxfp8,
                             .expert_weights = Precision::nvfp4,
                             .activations = Precision::nvfp4};
    double read = weights_read(token_pass(model, plan, 1e5, 1e5, 1), model);
    if (model.latent_attention) {  // the context's projections, expanded and absorbed
      read += weights_read(context_pass(model, plan, prompt(1, 1000)), model) +
              weights_read(context_pass(model, plan, decoding(1, 1000)), model);
    }
    read += weights_read(image_pass(model, plan, {1, 1024, 1024.0 * 1024}), model);
    if (!model.tied_embeddings) read += embedding_parameters(model) / tp * 2;
    EXPECT_NEAR(read / weight_bytes(model, plan).in(units::B), 1, 0.004) << tp;
  }
}

TEST_P(EveryModel, works_more_on_more_tokens_and_longer_contexts) {
  const ModelSpec model = shipped(GetParam());
  const InferencePlan plan{.tp = 2, .moe_tp = 2, .expert_weights = Precision::fp8, .kv_cache = Precision::fp8};
  const bool chunked = model.sliding_window && model.sliding_window->chunked;
  double bytes = 0, flops = 0;
  for (const double tokens : {1.0, 2.0, 7.0, 64.0, 1000.0, 9000.0}) {
    const Pass pass = token_pass(model, plan, tokens, tokens, tokens);
    EXPECT_GT(total_bytes(pass), bytes);
    EXPECT_GT(total_flops(pass), flops);
    bytes = total_bytes(pass);
    flops = total_flops(pass);
  }
  bytes = flops = 0;
  for (const double cached : {1.0, 100.0, 129.0, 2000.0, 8192.0, chunked ? 1e6 : 9000.0}) {
    const Pass pass = context_pass(model, plan, decoding(16, cached));
    EXPECT_GT(total_bytes(pass), bytes) << cached;
    EXPECT_GT(total_flops(pass), flops) << cached;
    bytes = total_bytes(pass);
    flops = total_flops(pass);
  }
}

TEST_P(EveryModel, keeps_a_cache_that_grows_in_line_with_its_tokens) {
  const ModelSpec model = shipped(GetParam());
  const auto groups = cache_groups(model, {.tp = 2});
  const auto kept = [&](double tokens) { return cache_bytes(groups, tokens).in(units::B); };
  const double window = model.sliding_window ? model.sliding_window->tokens : 1e6;
  EXPECT_GE(kept(0), 0);
  EXPECT_NEAR(kept(window) - kept(window / 2), kept(window / 2) - kept(0), 1e-6 * kept(window));
  EXPECT_GT(kept(4 * window), kept(window));  // every model has a layer that sees everything
  // Past the window only the full layers grow.
  const double first = kept(window) - kept(0);
  const double second = kept(2 * window) - kept(window);
  if (model.sliding_window) {
    EXPECT_LT(second, first);
  } else {
    EXPECT_NEAR(second, first, 1e-6 * first);
  }
}

TEST_P(EveryModel, stages_share_the_layers) {
  const ModelSpec model = shipped(GetParam());
  const double whole = gemm_flops(token_pass(model, {}, 64, 64, 0));
  const double stage = gemm_flops(token_pass(model, {.pp = 2}, 64, 64, 0));
  EXPECT_NEAR(stage / whole, double{1} * ((model.layers + 1) / 2) / model.layers, 1e-12);
}

// Every operator is consistent in itself.
TEST_P(EveryModel, states_whole_operators) {
  const ModelSpec model = shipped(GetParam());
  const InferencePlan plan{.tp = 2,
                           .dp = 4,
                           .ep = 8,
                           .attention_weights = Precision::fp8,
                           .expert_weights = Precision::nvfp4,
                           .kv_cache = Precision::fp8,
                           .activations = Precision::nvfp4,
                           .all_to_all = true};
  Batch batch = prompt(2, 3000, 1000);
  batch.decode_sequences = 30;
  batch.decode_tokens = 60;
  batch.decode_context = 30 * 5000;
  for (const Pass& pass :
       {token_pass(model, plan, batch.tokens(), 4 * batch.tokens(), 32), context_pass(model, plan, batch)}) {
    for (const auto& [op, times] : pass.operators) {
      EXPECT_GT(op.bytes, Bytes{}) << op.name;
      EXPECT_GT(times, 0) << op.name;
      EXPECT_GE(op.kernels, 1) << op.name;
      EXPECT_EQ(op.flops > Flops{}, op.kind != OperatorKind::memory) << op.name;
      if (op.kind == OperatorKind::memory) continue;
      EXPECT_GT(op.m, 0) << op.name;
      EXPECT_GT(op.n, 0) << op.name;
      EXPECT_GT(op.k, 0) << op.name;
      EXPECT_GT(op.batch, 0) << op.name;
      if (op.kind == OperatorKind::gemm) {
        EXPECT_NEAR(op.flops.in(units::flop) / (2 * op.m * op.n * op.k * op.batch), 1, 1e-9) << op.name;
      }
    }
    for (const RepeatedExchange& entry : pass.exchanges) EXPECT_GT(entry.bytes, Bytes{}) << entry.name;
  }
}

struct CachePerToken {
  const char* model;
  double bytes;  // BF16, all layers, one GPU
};
class Cache : public testing::TestWithParam<CachePerToken> {};
// 2 x layers x KV heads x head dim x 2 B; latent: layers x 576 x 2 B (arXiv 2412.19437: 70 KB).
INSTANTIATE_TEST_SUITE_P(Shipped, Cache,
                         testing::Values(CachePerToken{"llama3-70b", 327680}, CachePerToken{"llama3-8b", 131072},
                                         CachePerToken{"llama3-405b", 516096}, CachePerToken{"deepseek-v3", 70272},
                                         CachePerToken{"kimi-k2", 70272}, CachePerToken{"qwen3-235b-a22b", 192512},
                                         CachePerToken{"mixtral-8x7b", 131072},
                                         CachePerToken{"glm-5", 78 * (576 * 2 + 132)},
                                         CachePerToken{"qwen3.5-397b-a17b", 15 * 2 * 2 * 256 * 2},
                                         CachePerToken{"nemotron3-super-120b-a12b", 8 * 2 * 2 * 128 * 2}));

TEST_P(Cache, of_a_token_is_the_published_one) {
  const auto groups = cache_groups(shipped(GetParam().model), {});
  EXPECT_DOUBLE_EQ((cache_bytes(groups, 1001) - cache_bytes(groups, 1000)).in(units::B), GetParam().bytes);
}

TEST(Cache, is_split_by_heads_and_replicated_beyond_them) {
  const auto llama = [](int tp) { return cache_groups(shipped("llama3-70b"), {.tp = tp})[0].per_token.in(units::B); };
  EXPECT_DOUBLE_EQ(llama(8), 327680 / 8);
  EXPECT_DOUBLE_EQ(llama(16), 327680 / 8);
  const auto latent = [](int tp) { return cache_groups(shipped("deepseek-v3"), {.tp = tp})[0].per_token.in(units::B); };
  EXPECT_DOUBLE_EQ(latent(8), 70272);  // one latent vector for all heads
}

TEST(Cache, windows_stop_growing) {
  const auto groups = cache_groups(shipped("gpt-oss-120b"), {});
  const double layer = 2 * 8 * 64 * 2;
  EXPECT_DOUBLE_EQ(cache_bytes(groups, 1000).in(units::B), 18 * layer * 1000 + 18 * layer * 128);
}

TEST(Attention, of_a_prompt_is_its_pairs_and_of_decoding_its_context) {
  const ModelSpec model = shipped("llama3-70b");
  const Pass prefill = context_pass(model, {.tp = 8}, prompt(4, 2048));
  EXPECT_NEAR(flops_of(prefill, "attention"), 80.0 * 4 * 4 * (2048.0 * 2049 / 2) * 8 * 128, 1);
  EXPECT_DOUBLE_EQ(named(prefill, "attention", &Operator::m) / 80, 2048);
  EXPECT_NEAR(named(prefill, "attention", &Operator::n) / 80, 2048, 1);
  const Pass decode = context_pass(model, {.tp = 8, .kv_cache = Precision::fp8}, decoding(32, 5000));
  EXPECT_NEAR(flops_of(decode, "attention_decode"), 80.0 * 4 * 32 * 5000 * 8 * 128, 1);
  EXPECT_NEAR(bytes_of(decode, "attention_decode"), 80.0 * (32.0 * 5000 * 2 * 128 + 2 * 32 * 1024 * 2), 1);
  EXPECT_DOUBLE_EQ(named(decode, "attention_decode", &Operator::m) / 80, 8);  // queries of one KV head
  EXPECT_DOUBLE_EQ(named(decode, "attention_decode", &Operator::batch) / 80, 32);
}

TEST(Attention, in_chunks_adds_up_to_the_whole_prompt) {
  for (const char* name : {"llama3-8b", "gpt-oss-120b", "llama4-scout"}) {
    const ModelSpec model = shipped(name);
    const double whole = flops_of(context_pass(model, {}, prompt(1, 20000)), "attention");
    double parts = 0;
    for (double before = 0; before < 20000; before += 2500) {
      parts += flops_of(context_pass(model, {}, prompt(1, 2500, before)), "attention");
    }
    EXPECT_NEAR(parts / whole, 1, 1e-9) << name;
  }
}

TEST(Attention, sparse_reads_the_chosen_keys_only) {
  const ModelSpec model = shipped("glm-5");
  const auto read = [&](double cached) {
    return bytes_of(context_pass(model, {}, decoding(1, cached)), "attention_decode");
  };
  EXPECT_DOUBLE_EQ(read(2048), read(100000));
  EXPECT_LT(read(1024), read(2048));
}

TEST(Experts, have_work_as_often_as_their_popularity_says) {
  const Experts experts{.count = 128, .top_k = 8};
  const InferencePlan plan;
  EXPECT_NEAR(expert_load(experts, plan, 1).experts, 8, 1e-9);
  EXPECT_DOUBLE_EQ(expert_load(experts, plan, 1).pairs, 8);
  const double even = 128 * (1 - std::pow(1 - 8.0 / 128, 16));
  EXPECT_LT(expert_load(experts, plan, 16).experts, 0.9 * even) << "the popular ones are chosen again and again";
  EXPECT_GT(expert_load(experts, plan, 16).experts, 0.6 * even);
  EXPECT_NEAR(expert_load(experts, plan, 1e6).experts, 128, 1e-6);
  EXPECT_NEAR(expert_load({.count = 512, .top_k = 22}, plan, 1).experts, 22, 0.05) << "nobody is chosen twice";
}

// Load of 64 experts when tokens choose 6 each, by popularity i^-skew; popular ones are anywhere.
std::vector<int> drawn_load(std::mt19937& random, int tokens, double skew) {
  std::vector<double> popularity(64);
  for (std::size_t i = 0; i < 64; ++i) popularity[i] = std::pow(static_cast<double>(i + 1), -skew);
  std::shuffle(popularity.begin(), popularity.end(), random);
  std::vector<int> load(64);
  for (int token = 0; token < tokens; ++token) {
    std::vector<double> left = popularity;
    for (int choice = 0; choice < 6; ++choice) {
      const auto expert = static_cast<std::size_t>(std::discrete_distribution<int>(left.begin(), left.end())(random));
      left[expert] = 0;
      ++load[expert];
    }
  }
  return load;
}

// The busiest rank's pairs under even chances (popularity is the plan's imbalance), its experts with work under skewed
// ones, both drawn.
TEST(Experts, the_busiest_rank_has_what_chance_gives_it) {
  const Experts experts{.count = 64, .top_k = 6};
  std::mt19937 random(7);
  for (const int ep : {2, 8, 16}) {
    for (const int tokens : {4, 32, 256}) {
      double pairs = 0, hit = 0;
      constexpr int draws = 200;
      for (int draw = 0; draw < draws; ++draw) {
        const std::vector<int> even = drawn_load(random, tokens, 0), skewed = drawn_load(random, tokens, 0.8);
        int most_pairs = 0, most_hit = 0;
        for (int rank = 0; rank < ep; ++rank) {
          int rank_pairs = 0, rank_hit = 0;
          for (std::size_t i = static_cast<std::size_t>(rank * 64 / ep);
               i < static_cast<std::size_t>((rank + 1) * 64 / ep); ++i) {
            rank_pairs += even[i];
            rank_hit += skewed[i] > 0 ? 1 : 0;
          }
          most_pairs = std::max(most_pairs, rank_pairs);
          most_hit = std::max(most_hit, rank_hit);
        }
        pairs += most_pairs;
        hit += most_hit;
      }
      const ExpertLoad load = expert_load(experts, {.ep = ep}, tokens);
      EXPECT_NEAR(load.pairs / (pairs / draws), 1, 0.1) << ep << " ranks, " << tokens << " tokens";
      EXPECT_NEAR(load.experts / (hit / draws), 1, 0.1) << ep << " ranks, " << tokens << " tokens";
    }
  }
}

TEST(Experts, imbalance_and_copies_move_the_load) {
  const Experts experts{.count = 256, .top_k = 8};
  const double even = expert_load(experts, {.ep = 8}, 1e6).pairs;
  EXPECT_NEAR(expert_load(experts, {.ep = 8, .expert_imbalance = 1.5}, 1e6).pairs / even, 1.5, 0.01);
  EXPECT_NEAR(expert_load(experts, {.ep = 8, .redundant_experts = 32}, 1e6).experts, 36, 1e-6);
}

TEST(Arithmetic, is_the_wider_of_weights_and_activations_but_for_blocks) {
  EXPECT_EQ(arithmetic(Precision::mxfp4, Precision::bf16), Precision::bf16);
  EXPECT_EQ(arithmetic(Precision::bf16, Precision::fp8), Precision::bf16);
  EXPECT_EQ(arithmetic(Precision::mxfp8, Precision::fp8), Precision::fp8);
}

TEST(Weights, in_blocks_take_what_fp8_takes) {
  const auto held = [](Precision weights, Precision activations) {
    return weight_bytes(
        shipped("deepseek-v3"),
        {.attention_weights = weights, .ffn_weights = weights, .expert_weights = weights, .activations = activations});
  };
  EXPECT_EQ(held(Precision::mxfp8, Precision::fp8), held(Precision::fp8, Precision::fp8));
  EXPECT_GT(held(Precision::mxfp8, Precision::mxfp8), held(Precision::fp8, Precision::fp8));
}

TEST(Quantising, of_activations_in_blocks_is_a_kernel_of_its_own) {
  const auto kernels = [](Precision weights) {
    InferencePlan plan{.attention_weights = weights, .ffn_weights = weights, .activations = Precision::fp8};
    plan.fused_quantise = true;
    double sum = 0;
    for (const RepeatedOperator& entry : token_pass(shipped("llama3-8b"), plan, 8, 8, 8).operators) {
      sum += entry.op.name == "quantise" ? entry.times : 0;
    }
    return sum;
  };
  EXPECT_DOUBLE_EQ(kernels(Precision::fp8), 32) << "of the output projection's input, which no norm makes";
  EXPECT_DOUBLE_EQ(kernels(Precision::mxfp8), 4.0 * 32);
}

double exchanged(const Pass& pass, Exchange kind) {
  double sum = 0;
  for (const RepeatedExchange& entry : pass.exchanges) {
    sum += entry.exchange == kind ? entry.bytes.in(units::B)*entry.times : 0;
  }
  return sum;
}

TEST(Exchanges, of_tensor_ranks_are_two_a_layer_and_one_for_the_embedding) {
  const Pass pass = token_pass(shipped("llama3-8b"), {.tp = 4}, 100, 100, 10);
  EXPECT_DOUBLE_EQ(exchanged(pass, Exchange::tensor_all_reduce), 65.0 * 100 * 4096 * 2);
  EXPECT_DOUBLE_EQ(exchanged(pass, Exchange::logits_all_gather), 10.0 * 128256 * 2);
  EXPECT_TRUE(token_pass(shipped("llama3-8b"), {}, 100, 100, 10).exchanges.empty());
}

TEST(Exchanges, sum_squares_of_queries_and_keys_that_are_normed_together) {
  ModelSpec model = shipped("llama3-8b");
  const double without = exchanged(token_pass(model, {.tp = 4}, 100, 100, 10), Exchange::tensor_all_reduce);
  model.query_key_norm = QueryKeyNorm::heads;
  EXPECT_DOUBLE_EQ(exchanged(token_pass(model, {.tp = 4}, 100, 100, 10), Exchange::tensor_all_reduce), without);
  model.query_key_norm = QueryKeyNorm::width;
  EXPECT_DOUBLE_EQ(exchanged(token_pass(model, {.tp = 4}, 100, 100, 10), Exchange::tensor_all_reduce),
                   without + 32.0 * 100 * 2 * 4);
}

TEST(Exchanges, of_experts_follow_the_plan) {
  const ModelSpec model = shipped("deepseek-v3");
  const double values = 58.0 * 7168;  // expert layers
  const Pass reduced = token_pass(model, {.tp = 8, .ep = 8}, 100, 100, 10);
  EXPECT_DOUBLE_EQ(exchanged(reduced, Exchange::expert_all_reduce), values * 100 * 2);
  EXPECT_EQ(exchanged(reduced, Exchange::expert_dispatch), 0);
  const Pass gathered = token_pass(model, {.dp = 8, .ep = 8}, 100, 800, 10);
  EXPECT_DOUBLE_EQ(exchanged(gathered, Exchange::tokens_all_gather), values * 800 * 2);
  EXPECT_DOUBLE_EQ(exchanged(gathered, Exchange::tokens_reduce_scatter), values * 800 * 2);
  EXPECT_EQ(exchanged(gathered, Exchange::tensor_all_reduce), 0);
  const Pass sent = token_pass(model, {.dp = 8, .ep = 8, .all_to_all = true, .dispatch = Precision::fp8}, 100, 800, 10);
  const double dispatched = exchanged(sent, Exchange::expert_dispatch);
  EXPECT_NEAR(dispatched / (values * 100), 7 * (1 - std::pow(7.0 / 8, 8)), 0.1);  // other ranks with one of its experts
  EXPECT_DOUBLE_EQ(exchanged(sent, Exchange::expert_combine), 2 * dispatched);
}

TEST(Quantisation, is_stated_where_arithmetic_is_narrow) {
  const ModelSpec model = shipped("llama3-8b");
  const auto quantised = [&](Precision weights, Precision activations) {
    const InferencePlan plan{.attention_weights = weights, .ffn_weights = weights, .activations = activations};
    return bytes_of(token_pass(model, plan, 64, 64, 1), "quantise");
  };
  EXPECT_EQ(quantised(Precision::bf16, Precision::bf16), 0);
  EXPECT_EQ(quantised(Precision::mxfp4, Precision::bf16), 0);  // weight-only
  EXPECT_EQ(quantised(Precision::bf16, Precision::fp8), 0);    // what stays wide is multiplied wide
  const double inputs = 32.0 * 64 * (3 * 4096 + 14336);
  EXPECT_DOUBLE_EQ(quantised(Precision::fp8, Precision::fp8), inputs * 3);
  EXPECT_DOUBLE_EQ(quantised(Precision::nvfp4, Precision::nvfp4), inputs * 2.5625);
}

TEST(Draft, is_one_layer_and_its_projection) {
  const ModelSpec model = shipped("deepseek-v3");
  const ModelSpec draft = draft_model(model);
  EXPECT_EQ(draft.layers, 1);
  EXPECT_NEAR(gemm_flops(token_pass(draft, {}, 50, 50, 50)) + gemm_flops(context_pass(draft, {}, decoding(50, 100))),
              2 * active_matrix_parameters(draft) * 50, 1);
  EXPECT_GT(flops_of(token_pass(draft, {}, 50, 50, 50), "draft_projection"), 0);
  const Bytes extra = weight_bytes(model, {.speculative = true}) - weight_bytes(model, {});
  const double absorbed = mixer_weights(model, Mixer::attention).absorbed;
  EXPECT_NEAR(extra.in(units::B) / (2 * (mtp_parameters(model) + absorbed)), 1, 1e-12);
  EXPECT_EQ(draft_model(shipped("llama3-8b")).layers, 0);
}

// Heads and layers are priced apart: the parts are the whole.
TEST(TokenPass, of_layers_and_of_the_head_add_up) {
  const ModelSpec model = shipped("qwen3-30b-a3b");
  const Pass whole = token_pass(model, {.tp = 2}, 64, 64, 8);
  const Pass layers = token_pass(model, {.tp = 2}, 64, 64, 0), head = token_pass(model, {.tp = 2}, 0, 0, 8);
  EXPECT_DOUBLE_EQ(total_bytes(whole), total_bytes(layers) + total_bytes(head));
  EXPECT_DOUBLE_EQ(total_flops(whole), total_flops(layers) + total_flops(head));
}

TEST(Activations, of_a_pass_grow_with_tokens) {
  for (const char* name : {"llama3-70b", "deepseek-v3", "nemotron3-super-120b-a12b"}) {
    const ModelSpec model = shipped(name);
    EXPECT_GT(activation_bytes(model, {}, 8192, 256), activation_bytes(model, {}, 2048, 256)) << name;
    EXPECT_GT(activation_bytes(model, {}, 16, 4096), activation_bytes(model, {}, 16, 16)) << name;
  }
}

}  // namespace
}  // namespace aifsim::model
