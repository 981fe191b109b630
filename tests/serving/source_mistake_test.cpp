// Every mistake in `requests:` and in a trace, with the whole message a user sees. A new case is a new row.
#include <gtest/gtest.h>

#include <fstream>
#include <ostream>

#include "base/error.hpp"
#include "serving/source_case.hpp"

namespace aifsim::serving {
namespace {

struct Mistake {
  std::string name;
  std::string yaml;
  std::string message;  // after "x.yaml:1:"
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class BadRequests : public testing::TestWithParam<Mistake> {};

std::string message_of(const std::string& yaml) {
  try {
    (void)requests_of(yaml);
  } catch (const ConfigError& error) {
    std::string text = error.what();
    for (auto at = text.find(data_folder); at != std::string::npos; at = text.find(data_folder))
      text.erase(at, data_folder.size());
    return text;
  }
  return "nothing";
}

TEST_P(BadRequests, are_explained) { EXPECT_EQ(message_of(GetParam().yaml), "x.yaml:1:" + GetParam().message); }

const std::string lengths = "input: 10, output: 5";
const std::vector<Mistake> bad_requests{
    {"no_arrivals", "{count: 5, input: 10, output: 5}", "1: arrivals: expected a value, got nothing"},
    {"unknown_arrivals", "{arrivals: poison, rate: 1, count: 5, " + lengths + "}",
     "12: arrivals: expected one of poisson, gamma, uniform, burst, all-at-once, closed-loop, got \"poison\" (did you "
     "mean \"poisson\"?)"},
    {"no_rate", "{arrivals: poisson, count: 5, " + lengths + "}", "1: rate: expected a value, got nothing"},
    {"zero_rate", "{arrivals: poisson, rate: 0, count: 5, " + lengths + "}",
     "27: rate: expected a number from 1e-09 to 1000000000, got 0"},
    {"no_cv", "{arrivals: gamma, rate: 1, count: 5, " + lengths + "}", "1: cv: expected a value, got nothing"},
    {"no_users", "{arrivals: closed-loop, count: 5, " + lengths + "}", "1: users: expected a value, got nothing"},
    {"no_users_at_all", "{arrivals: closed-loop, users: 0, count: 5, " + lengths + "}",
     "32: users: expected an integer from 1 to 1000000, got 0"},
    {"rate_of_users", "{arrivals: closed-loop, users: 2, rate: 3, count: 5, " + lengths + "}",
     "35: rate: expected one of the keys adapters, arrivals, count, duration, images, input, limit, max_input, "
     "max_output, output, "
     "sessions, shared_prefix, staggered, think_time, trace, users, got an unknown key"},
    {"no_end", "{arrivals: poisson, rate: 1, " + lengths + "}",
     "1: expected count or duration, since the requests have no end of their own, got neither"},
    {"all_at_once_without_count", "{arrivals: all-at-once, duration: 5 s, " + lengths + "}",
     "1: expected count, the number of requests, got none"},
    {"zero_count", "{arrivals: all-at-once, count: 0, " + lengths + "}",
     "32: count: expected an integer from 1 to 1000000000000, got 0"},
    {"duration_without_unit", "{arrivals: poisson, rate: 1, duration: 5, " + lengths + "}",
     "40: duration: expected a time with unit, such as \"500 ns\", got 5 (did you mean \"5 s\"?)"},
    {"no_input", "{arrivals: all-at-once, count: 5, output: 5}", "1: input: expected a value, got nothing"},
    {"zero_input", "{arrivals: all-at-once, count: 5, input: 0, output: 5}",
     "42: input: expected an integer from 1 to 100000000, got 0"},
    {"uniform_backwards", "{arrivals: all-at-once, count: 5, input: {uniform: [9, 3]}, output: 5}",
     "52: input.uniform: expected the smaller length first, got 9 before 3"},
    {"uniform_of_one", "{arrivals: all-at-once, count: 5, input: {uniform: [9]}, output: 5}",
     "52: input.uniform: expected two lengths, such as [512, 1024], got 1 item"},
    {"ratio_without_max", "{arrivals: all-at-once, count: 5, input: {range_ratio: 0.8}, output: 5}",
     "42: input.max: expected a value, got nothing"},
    {"ratio_above_1", "{arrivals: all-at-once, count: 5, input: {range_ratio: 1.8, max: 10}, output: 5}",
     "56: input.range_ratio: expected a number from 0 to 1, got 1.8"},
    {"lengths_without_law", "{arrivals: all-at-once, count: 5, input: {max: 8}, output: 5}",
     "42: input: expected tokens, or one of the keys uniform, range_ratio (with max), mean (with cv), histogram, got a "
     "map without them"},
    {"histogram_of_words", "{arrivals: all-at-once, count: 5, input: {histogram: {ten: 1}}, output: 5}",
     "60: input.histogram.ten: expected tokens as key, an integer from 1 to 100000000, got \"ten\""},
    {"rates_backwards",
     "{arrivals: poisson, rate: [{from: 0 s, rate: 1}, {from: 0 s, rate: 2}], count: 5, " + lengths + "}",
     "57: rate[1].from: expected a time after the entry before, got an earlier or equal one"},
    {"unknown_key", "{arrivals: all-at-once, cuont: 5, count: 5, " + lengths + "}",
     "25: cuont: expected a known key, got an unknown key (did you mean \"count\"?)"},
    {"turns_missing", "{arrivals: all-at-once, count: 5, sessions: {think_time: 1 s}, " + lengths + "}",
     "45: sessions.turns: expected a value, got nothing"},
    {"image_share_in_percent", "{arrivals: all-at-once, count: 5, images: {tokens: 5, share: 20}, " + lengths + "}",
     "62: images.share: expected a number from 0 to 1, got 20"},
    {"no_such_trace", "{trace: absent.csv}", "9: trace: expected a readable file, got \"absent.csv\", no such file"},
    {"no_trace", "{trace: x.unknown}",
     "9: trace: expected a request trace (`aifsim trace --help` lists the formats), got \"x.unknown\""},
    {"unknown_format", "{trace: plain.csv, format: cvs}",
     "28: format: expected one of auto, bailian, mooncake, jsonl, servegen, burstgpt, azure, csv, got \"cvs\" (did you "
     "mean \"csv\"?)"},
    {"cut_backwards", "{trace: plain.csv, cut: {from: 9 s, to: 1 s}}",
     "41: cut.to: expected a time after `from`, got an earlier or equal one"},
    {"lengths_without_times", "{trace: lengths.csv}", "1: arrivals: expected a value, got nothing"},
    {"sample_without_end", "{trace: lengths.csv, sample: true, arrivals: poisson, rate: 1}",
     "1: expected count or duration, since the requests have no end of their own, got neither"},
};
INSTANTIATE_TEST_SUITE_P(Cases, BadRequests, testing::ValuesIn(bad_requests),
                         [](const auto& parameter) { return parameter.param.name; });

struct BadFile {
  std::string name;
  std::string ending;
  std::string content;
  std::string message;  // after the file's name
};
void PrintTo(const BadFile& bad, std::ostream* out) { *out << bad.name; }

class BadTrace : public testing::TestWithParam<BadFile> {};

TEST_P(BadTrace, is_explained) {
  const BadFile& bad = GetParam();
  const std::string file = testing::TempDir() + "aifsim_" + bad.name + bad.ending;
  std::ofstream(file, std::ios::binary) << bad.content;
  std::string text = message_of("trace: " + file);
  std::filesystem::remove(file);
  const auto at = text.find(file);
  if (at != std::string::npos) text.erase(at, file.size());
  EXPECT_EQ(text, bad.message);
}

const std::string moon = R"({"timestamp": 5, "input_length": 600, "output_length": 5, "hash_ids": [0, 1]})";
const std::string header = "arrival_s,input_tokens,output_tokens\n";
const std::string tokens_1 = "tokens, an integer from 1 to 100000000";
const std::vector<BadFile> bad_files{
    {"cut_off", ".jsonl", moon + "\n" + moon.substr(0, 40),
     ":2:41: expected a JSON object, got a line that ends in the middle"},
    {"garbled", ".jsonl", moon + "\n{\"timestamp\": 5, input: 7}\n",
     ":2:18: expected a JSON object, got a syntax error here"},
    {"a_list", ".jsonl", moon + "\n[1, 2]\n", ":2:1: expected a JSON object, got \"[1, 2]\""},
    {"no_length", ".jsonl", moon + "\n{\"timestamp\": 5, \"output_length\": 5, \"hash_ids\": []}\n",
     ":2:1: input_length: expected " + tokens_1 + ", got nothing"},
    {"text_for_length", ".jsonl",
     "{\"timestamp\": 5, \"input_length\": \"600\", \"output_length\": 5, \"hash_ids\": [0, 1]}\n",
     ":1:18: input_length: expected " + tokens_1 + ", got \"600\""},
    {"too_many_blocks", ".jsonl",
     "{\"timestamp\": 5, \"input_length\": 600, \"output_length\": 5, \"hash_ids\": [0, 1, 2]}\n",
     ":1:59: hash_ids: expected at most 2 blocks of 512 tokens (input_length 600), got 3"},
    {"negative_block", ".jsonl",
     "{\"timestamp\": 5, \"input_length\": 600, \"output_length\": 5, \"hash_ids\": [0, -1]}\n",
     ":1:59: hash_ids: expected a list of block numbers, got [0,-1]"},
    {"backwards", ".jsonl",
     moon + "\n{\"timestamp\": 4, \"input_length\": 600, \"output_length\": 5, \"hash_ids\": [0, 1]}\n",
     ":2:2: timestamp: expected a time not before the previous request's, got one 0.001000 s earlier (sort the file by "
     "arrival)"},
    {"chat_without_number", ".jsonl",
     "{\"chat_id\": \"a\", \"parent_chat_id\": -1, \"timestamp\": 1, \"input_length\": 6, \"output_length\": 5, "
     "\"hash_ids\": [0]}\n",
     ":1:2: chat_id: expected an integer of at least 0, got \"a\""},
    {"too_few_fields", ".csv", header + "0,10,5\n1,10\n", ":3:3: expected 3 fields as in the header, got 2"},
    {"word_for_tokens", ".csv", header + "0,10,5\n1,ten,5\n",
     ":3:3: input_tokens: expected " + tokens_1 + ", got \"ten\""},
    {"fraction_of_a_token", ".csv", header + "0,10.5,5\n",
     ":2:3: input_tokens: expected " + tokens_1 + ", got \"10.5\""},
    {"no_tokens", ".csv", header + "0,,5\n", ":2:3: input_tokens: expected " + tokens_1 + ", got nothing"},
    {"no_date", ".csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-02-30 18:17:03.9799600,4,5\n",
     ":2:1: TIMESTAMP: expected a number or a time such as 2023-11-16 18:17:03.9799600, got \"2023-02-30 "
     "18:17:03.9799600\""},
    {"unknown_law", ".csv", "0,2,1.5,Weibull,0.7,0.4\n600,2,1,Pareto,1,1\n",
     ":2:9: law: expected Gamma or Weibull, got \"Pareto\""},
    {"burst_time", ".csv",
     "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\nnow,GPT-4,4,4,8,API log\n",
     ":2:1: Timestamp: expected seconds, got \"now\""},
};
INSTANTIATE_TEST_SUITE_P(Cases, BadTrace, testing::ValuesIn(bad_files),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace aifsim::serving
