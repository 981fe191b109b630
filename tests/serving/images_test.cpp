// Images in prompts: where they lie, which iteration encodes them, and what a service makes of them.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "serving/image_chunk.hpp"
#include "serving/replica_case.hpp"
#include "serving/service_case.hpp"
#include "serving/source_case.hpp"

namespace aifsim {
namespace {

using serving::ChunkImages;
using serving::EncoderBudget;
using serving::images_of_chunk;
using serving::requests_of;
using test::ReplicaCase;
using test::request_of;
using test::toy_memory;

constexpr EncoderBudget plenty{.left = 100000, .untouched = true};

test::Request with_images(test::Request request, int images, int tokens, int begin = 0) {
  bring_images(request.prompt, begin, images, tokens);
  return request;
}

// Two images of 100 tokens behind 50 of text.
const test::Request two = with_images(request_of(0, 0, 400, 2), 2, 200, 50);

TEST(ImageChunk, an_image_is_encoded_whole_with_its_first_token) {
  EXPECT_EQ(images_of_chunk(two.prompt, {0, 50, 0}, plenty, 4).work.images, 0);
  const ChunkImages first = images_of_chunk(two.prompt, {0, 51, 0}, plenty, 4);
  EXPECT_EQ(first.tokens, 51);
  EXPECT_EQ(first.settled, 1);
  EXPECT_EQ(first.encoded_tokens, 100);
  EXPECT_EQ(first.work.patches, 400);
  EXPECT_EQ(first.work.pairs, 400.0 * 400);
  EXPECT_EQ(images_of_chunk(two.prompt, {51, 60, 1}, plenty, 4).work.images, 0);   // it has been encoded
  EXPECT_EQ(images_of_chunk(two.prompt, {51, 100, 1}, plenty, 4).work.images, 1);  // reaches the second
  EXPECT_EQ(images_of_chunk(two.prompt, {0, 400, 0}, plenty, 4).work.pairs, 2 * 400.0 * 400);
}

TEST(ImageChunk, ends_before_an_image_that_does_not_fit) {
  const ChunkImages chunk = images_of_chunk(two.prompt, {0, 400, 0}, {.left = 199, .untouched = false}, 4);
  EXPECT_EQ(chunk.tokens, 150);
  EXPECT_EQ(chunk.settled, 1);
  EXPECT_EQ(images_of_chunk(two.prompt, {50, 300, 0}, {.left = 99, .untouched = false}, 4).tokens, 0);
  // Larger than all of the budget, it goes alone.
  const ChunkImages alone = images_of_chunk(two.prompt, {0, 400, 0}, {.left = 60, .untouched = true}, 4);
  EXPECT_EQ(alone.tokens, 150);
  EXPECT_EQ(alone.encoded_tokens, 100);
}

TEST(ImageChunk, cached_images_are_not_encoded_but_parts_are) {
  const ChunkImages rest = images_of_chunk(two.prompt, {150, 250, 0}, plenty, 4);
  EXPECT_EQ(rest.work.images, 1);
  EXPECT_EQ(rest.settled, 2);
  EXPECT_EQ(images_of_chunk(two.prompt, {149, 251, 0}, plenty, 4).work.images, 2);
  EXPECT_EQ(images_of_chunk(two.prompt, {149, 251, 0}, {.left = 99, .untouched = false}, 4).tokens, 0);
  EXPECT_EQ(images_of_chunk(two.prompt, {250, 150, 0}, plenty, 4).work.images, 0);
  EXPECT_EQ(images_of_chunk(two.prompt, {0, 400, 0}, plenty, 0).work.images, 0);  // no encoder
}

// Sizes that do not divide evenly leave no token out and count none twice.
TEST(ImageChunk, images_of_a_run_lie_end_to_end) {
  const serving::ImageRun run{.begin = 7, .images = 3, .tokens = 100};
  EXPECT_EQ(run.begin_of(0), 7);
  EXPECT_EQ(run.begin_of(1), 40);
  EXPECT_EQ(run.begin_of(2), 73);
  EXPECT_EQ(run.begin_of(3), 107);
}

TEST(ImageSources, a_turns_images_are_the_first_of_its_new_tokens) {
  const auto requests = requests_of(
      "{arrivals: all-at-once, count: 1, input: 40, output: 5, shared_prefix: {tokens: 96}, images: {tokens: 576, "
      "count: 2}, "
      "sessions: {turns: 3}}");
  ASSERT_EQ(requests.size(), 3U);
  const std::vector<int> begins{96, 96 + 1152 + 40 + 5, 96 + 2 * (1152 + 40 + 5)};
  for (std::size_t turn = 0; turn < 3; ++turn) {
    const serving::Prompt& prompt = requests[turn].prompt;
    EXPECT_EQ(prompt.images, 2);
    EXPECT_EQ(prompt.image_tokens, 1152);
    ASSERT_EQ(prompt.image_runs.size(), turn + 1);  // earlier turns' too
    for (std::size_t run = 0; run <= turn; ++run) {
      EXPECT_EQ(prompt.image_runs[run].begin, begins[run]);
      EXPECT_EQ(prompt.image_runs[run].images, 2);
    }
    EXPECT_LE(prompt.image_runs.back().begin_of(2), prompt.tokens);
  }
}

TEST(ImageSources, a_cut_prompt_keeps_what_is_left_of_its_images) {
  const auto cut = requests_of(
      "{arrivals: all-at-once, count: 1, input: 40, output: 5, images: {tokens: 100, count: 3}, max_input: 150}");
  EXPECT_EQ(cut[0].prompt.tokens, 150);
  EXPECT_EQ(cut[0].prompt.images, 2);
  EXPECT_EQ(cut[0].prompt.image_tokens, 150);
  EXPECT_EQ(cut[0].prompt.image_runs.at(0).tokens, 150);
  const auto none = requests_of(
      "{arrivals: all-at-once, count: 1, input: 40, output: 5, shared_prefix: {tokens: 200}, images: {tokens: 100}, "
      "max_input: 150}");
  EXPECT_EQ(none[0].prompt.images, 0);
  EXPECT_EQ(none[0].prompt.image_tokens, 0);
  EXPECT_TRUE(none[0].prompt.image_runs.empty());
}

TEST(ImageSources, a_trace_without_counts_has_one_image_each_and_says_so) {
  serving::TraceTally tally;
  const auto requests = requests_of("trace: plain.csv", 1, &tally);
  EXPECT_EQ(requests[1].prompt.images, 1);
  EXPECT_EQ(requests[1].prompt.image_runs.at(0).tokens, 64);
  ASSERT_EQ(tally.notes.size(), 1U);
  EXPECT_EQ(tally.notes[0], "image_tokens without a count of images: one image for each prompt that has any");
  EXPECT_TRUE(brings_images(serving::plan_of("trace: plain.csv")));
  EXPECT_FALSE(brings_images(serving::plan_of("{trace: plain.csv, cut: {from: 1 s}}")));
  EXPECT_FALSE(brings_images(serving::plan_of("trace: mooncake.jsonl")));
}

TEST(ImageSources, a_trace_counts_images) {
  serving::TraceTally tally;
  const auto requests = requests_of("trace: images.csv", 1, &tally);
  EXPECT_EQ(requests[0].prompt.images, 3);
  EXPECT_EQ(requests[0].prompt.image_tokens, 900);
  EXPECT_EQ(requests[1].prompt.images, 0);
  EXPECT_EQ(requests[2].prompt.images, 1);  // a row that has image tokens has an image
  EXPECT_TRUE(tally.notes.empty());
}

TEST(ImageSources, drawn_lengths_keep_their_images) {
  for (const serving::Request& request :
       requests_of("{trace: images.csv, sample: true, arrivals: all-at-once, count: 50}")) {
    EXPECT_EQ(request.prompt.images, request.prompt.tokens == 1000 ? 3 : request.prompt.tokens == 300 ? 1 : 0);
  }
}

// Each image has tokens of its own.
TEST(ImageSources, servegen_draws_as_many_images_as_it_counts) {
  const auto requests = requests_of("trace: chunk-2-trace.csv");
  double images = 0, tokens = 0;
  for (const serving::Request& request : requests) {
    EXPECT_TRUE(request.prompt.images == 0 || request.prompt.images == 1 || request.prompt.images == 3);
    images += request.prompt.images;
    tokens += request.prompt.image_tokens;
  }
  const double count = static_cast<double>(requests.size());
  EXPECT_NEAR(images / count, 1.25, 5 * 1.09 / std::sqrt(count));  // five standard errors
  EXPECT_NEAR(tokens / images, 825, 5 * 390 / std::sqrt(images));
}

serving::EngineOptions seeing_engine(int budget = 0) {
  serving::EngineOptions options = test::toy_engine();
  options.vision = {.patches_per_token = 4, .budget_tokens = budget};
  return options;
}

TEST(ImageReplica, an_image_is_encoded_in_the_iteration_that_reaches_it) {
  ReplicaCase one(seeing_engine(), toy_memory(100));
  one.run({with_images(request_of(0, 0, 400, 1), 1, 100, 300)});
  ASSERT_EQ(one.pricer.encoded.size(), 2U);  // chunks of 256 and 144
  EXPECT_EQ(one.pricer.encoded[0].images, 0);
  EXPECT_EQ(one.pricer.encoded[1].patches, 400);
  EXPECT_EQ(one.outcome.record(0).encoded.images, 1);
}

TEST(ImageReplica, the_budget_spreads_images_over_iterations) {
  ReplicaCase one(seeing_engine(100), toy_memory(100));
  one.run({with_images(request_of(0, 0, 240, 1), 2, 200)});
  ASSERT_EQ(one.pricer.encoded.size(), 2U);
  EXPECT_EQ(one.pricer.encoded[0].images, 1);
  EXPECT_EQ(one.pricer.encoded[1].images, 1);
  EXPECT_EQ(one.tally.prefill_tokens, 240);
}

TEST(ImageReplica, who_finds_the_encoder_taken_waits_an_iteration) {
  ReplicaCase both(seeing_engine(100), toy_memory(100));
  both.run({with_images(request_of(0, 0, 100, 5), 1, 100), with_images(request_of(1, 0, 100, 5), 1, 100)});
  EXPECT_LT(both.outcome.record(0).scheduled, both.outcome.record(1).scheduled);
  EXPECT_EQ(both.outcome.record(1).scheduled, both.outcome.record(0).first_token);
}

TEST(ImageReplica, a_prefix_hit_saves_the_encoding) {
  serving::EngineOptions options = seeing_engine();
  options.prefix_caching = true;
  options.max_batched_tokens = 1000;
  const auto same = [](std::uint64_t id, double when) {
    test::Request request = with_images(request_of(id, when, 320, 2), 2, 256);
    request.prompt.block_tokens = 16;
    for (std::uint64_t block = 0; block < 20; ++block) request.prompt.blocks.push_back(block + 1);
    return request;
  };
  serving::EngineMemory memory = toy_memory(200);
  ReplicaCase cached(options, memory);
  cached.run({same(0, 0), same(1, 10)});
  EXPECT_EQ(cached.outcome.record(0).encoded.images, 2);
  EXPECT_EQ(cached.outcome.record(1).encoded.images, 0);
  EXPECT_EQ(cached.outcome.record(1).cached_tokens, 304);
  options.prefix_caching = false;
  ReplicaCase uncached(options, memory);
  uncached.run({same(0, 0), same(1, 10)});
  EXPECT_EQ(uncached.outcome.record(1).encoded.images, 2);
}

TEST(ImageReplica, a_preempted_sequence_has_its_images_encoded_again) {
  ReplicaCase tiny(seeing_engine(), toy_memory(20));  // 320 tokens
  tiny.run({with_images(request_of(0, 0, 100, 150), 1, 64), with_images(request_of(1, 0, 100, 150), 1, 64)});
  EXPECT_EQ(tiny.outcome.record(0).encoded.images, 1);
  EXPECT_GT(tiny.outcome.record(1).preemptions, 0);
  EXPECT_EQ(tiny.outcome.record(1).encoded.images, 1 + tiny.outcome.record(1).preemptions);
}

TEST(ImageReplica, the_host_prepares_images_and_others_overtake) {
  serving::EngineOptions options = seeing_engine();
  options.vision.host_time_per_image = 50 * units::ms;
  ReplicaCase both(options, toy_memory(100));
  both.run({with_images(request_of(0, 1, 100, 2), 2, 64), request_of(1, 1, 100, 2)});
  EXPECT_DOUBLE_EQ(both.outcome.record(0).scheduled.in(units::s), 1.1);
  EXPECT_DOUBLE_EQ(both.outcome.record(0).preparation.in(units::s), 0.1);
  EXPECT_DOUBLE_EQ(both.outcome.record(1).scheduled.in(units::s), 1);
}

TEST(ImageReplica, attention_groups_have_encoders_of_their_own) {
  serving::EngineOptions options = seeing_engine(100);
  options.plan.dp = 2;
  ReplicaCase both(options, toy_memory(100));
  both.run({with_images(request_of(0, 0, 100, 5), 1, 100), with_images(request_of(1, 0, 120, 5), 1, 80)});
  EXPECT_EQ(both.outcome.record(0).scheduled, both.outcome.record(1).scheduled);
  ASSERT_EQ(both.pricer.encoded.size(), 1U);
  EXPECT_EQ(both.pricer.encoded[0].patches, 400);  // the group with most to do sets the pace
}

const std::string seeing =
    "kind: serving\nmodel: qwen2.5-vl-72b\nengine: {software: vllm, precision: fp8, kv_cache: fp8, tp: 8}\n";
const std::string asking = "arrivals: poisson, rate: 2, count: 60, input: 200, output: 30";

double encoded(const test::ServiceOutcome& outcome) {
  double sum = 0;
  for (const auto& [id, record] : outcome.done) sum += record.encoded.images;
  return sum;
}
double brought(const test::ServiceOutcome& outcome) {
  double sum = 0;
  for (const auto& [id, record] : outcome.done) sum += record.images;
  return sum;
}

TEST(ImageService, images_make_first_tokens_later) {
  const auto text = test::serve(seeing + "requests: {" + asking + "}\n");
  const auto images = test::serve(seeing + "requests: {" + asking + ", images: {tokens: 1200}}\n");
  EXPECT_EQ(encoded(*text), 0);
  EXPECT_EQ(encoded(*images), 60);
  EXPECT_GT(images->ttft_percentile(0.5), text->ttft_percentile(0.5) + 20 * units::ms);
}

TEST(ImageService, prefill_replicas_encode) {
  const auto outcome = test::serve(seeing + "prefill: {replicas: 1}\ndecode: {replicas: 1}\nrequests: {" + asking +
                                   ", images: {tokens: 1200, share: 0.5}}\n");
  EXPECT_EQ(outcome->done.size(), 60U);
  EXPECT_GT(brought(*outcome), 10);
  EXPECT_EQ(encoded(*outcome), brought(*outcome));
  EXPECT_EQ(outcome->transfers, 60U);
}

TEST(ImageService, a_conversation_keeps_its_images_in_the_prefix_cache) {
  const std::string talk =
      "requests: {arrivals: poisson, rate: 0.5, count: 10, input: 100, output: 20, sessions: {turns: 4, think_time: 2 "
      "s}, images: {tokens: 1024}}\n";
  const auto cached = test::serve(seeing + talk);
  EXPECT_EQ(brought(*cached), 40);
  EXPECT_EQ(encoded(*cached), 40);  // each with the turn that brought it
  const std::string forgets =
      "kind: serving\nmodel: qwen2.5-vl-72b\nengine: {software: vllm, precision: fp8, kv_cache: fp8, tp: 8, "
      "prefix_caching: false}\n";
  EXPECT_EQ(encoded(*test::serve(forgets + talk)), 10 * (1 + 2 + 3 + 4));  // all over again in every turn
}

TEST(ImageService, servegen_runs_with_a_model_that_sees) {
  const auto outcome = test::serve(seeing + "requests: {trace: " + serving::data_folder + "chunk-2-trace.csv}\n");
  EXPECT_EQ(outcome->in_flight, 0U);
  EXPECT_TRUE(outcome->rejections.empty());
  EXPECT_GT(brought(*outcome), 100);
  EXPECT_EQ(encoded(*outcome), brought(*outcome));
}

TEST(ImageService, replicas_that_fail_encode_again) {
  const auto outcome = test::serve(seeing + "replicas: 2\nfailures: [{replica: 0, at: 10 s}]\nrequests: {" + asking +
                                   ", images: {tokens: 1200}}\n");
  EXPECT_EQ(outcome->done.size(), 60U);
  EXPECT_EQ(encoded(*outcome), 60);  // records of what was lost begin anew
}

std::string message(const std::string& workload) {
  try {
    (void)test::serve(workload);
    return "none";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(ImageService, mistakes_are_named) {
  const std::string blind = "kind: serving\nmodel: llama3-8b\nengine: {software: vllm}\n";
  EXPECT_EQ(message(blind + "requests: {" + asking + ", images: {tokens: 1200}}\n"),
            "w.yaml:4:83: requests.images: expected no images, for Llama 3 8B has no vision encoder, got some (models "
            "that have one: "
            "kimi-k2.5, llama4-maverick, llama4-scout, qwen2.5-vl-72b, qwen3-vl-235b-a22b, qwen3.5-397b-a17b)");
  EXPECT_NE(message(blind + "requests: {trace: " + serving::data_folder + "plain.csv}\n")
                .find("requests.trace: expected no images, for Llama 3 8B"),
            std::string::npos);
  EXPECT_EQ(message(blind + "requests: {trace: " + serving::data_folder + "azure.csv}\n"), "none");
  EXPECT_NE(message("kind: serving\nmodel: llama3-8b\nengine: {software: vllm, vision: {parallel: data}}\nrequests: {" +
                    asking + "}\n")
                .find("engine.vision: expected no `vision`, for Llama 3 8B has no vision encoder"),
            std::string::npos);
  const auto engine = [&](const std::string& vision) {
    return message("kind: serving\nmodel: qwen2.5-vl-72b\nengine: {software: vllm, precision: fp8, tp: 8, vision: " +
                   vision + "}\nrequests: {" + asking + "}\n");
  };
  EXPECT_NE(engine("{parallel: date}")
                .find("engine.vision.parallel: expected one of tensor, data, got \"date\" (did you mean \"data\"?)"),
            std::string::npos);
  EXPECT_NE(engine("{budget: 5}")
                .find("engine.vision.budget: expected one of the keys budget_tokens, host_time_per_image, parallel, "
                      "got an unknown key"),
            std::string::npos);
  EXPECT_NE(engine("{host_time_per_image: 5}").find("expected a time with unit"), std::string::npos);
}

TEST(ImageService, heads_must_be_divisible_unless_encoders_are_whole) {
  const std::string platform = "nodes: {type: gb200-nvl72, count: 1}\n";
  const auto run = [&](const std::string& vision, const std::string& images) -> std::string {
    try {
      (void)test::serve("kind: serving\nmodel: qwen2.5-vl-72b\nengine: {software: vllm, precision: fp8, tp: 32" +
                            vision + "}\nrequests: {arrivals: all-at-once, count: 2, input: 10, output: 3" + images +
                            "}\n",
                        platform);
      return "none";
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  EXPECT_NE(run("", ", images: {tokens: 100}")
                .find("engine.tp: expected a divisor of the vision encoder's heads (16), got 32"),
            std::string::npos);
  EXPECT_EQ(run(", vision: {parallel: data}", ", images: {tokens: 100}"), "none");
  EXPECT_EQ(run("", ""), "none");  // text alone: no encoder is loaded
}

}  // namespace
}  // namespace aifsim
