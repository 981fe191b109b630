// LoRA adapters in a service: what waits for what, where adapters come from, and what is told to whoever misconfigures
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "serving/adapter_store.hpp"
#include "serving/replica_case.hpp"
#include "serving/service_case.hpp"
#include "topology/storage.hpp"

namespace aifsim::test {
namespace {

using testing::HasSubstr;

Request adapted(std::uint64_t id, double arrival, int prompt, int output, std::uint32_t adapter) {
  Request request = request_of(id, arrival, prompt, output);
  request.prompt.adapter = adapter;
  return request;
}

serving::EngineOptions engine_with(int slots) {
  serving::EngineOptions options = toy_engine();
  options.adapters.slots = slots;
  return options;
}

class FixedSource final : public serving::AdapterSource {
 public:
  FixedSource(task::Executor& clock, Seconds time) : clock_(clock), time_(time) {}
  void load(std::uint32_t, std::uint32_t adapter, std::function<void()> done) override {
    loads.push_back(adapter);
    clock_.at(clock_.now() + time_, std::move(done));
  }
  std::vector<std::uint32_t> loads;

 private:
  task::Executor& clock_;
  Seconds time_;
};

TEST(ReplicaAdapters, a_request_waits_for_its_adapter_and_others_go_on) {
  ReplicaCase one(engine_with(4), toy_memory(100));
  FixedSource source(*one.clock, units::ms * 300.0);
  one.replica.use_adapters(source);
  one.run({adapted(0, 0, 50, 20, 7), request_of(1, 0, 50, 20), adapted(2, 0.1, 50, 20, 7), adapted(3, 1, 50, 20, 7)});
  EXPECT_EQ(source.loads, std::vector<std::uint32_t>{7});
  EXPECT_NEAR(one.outcome.record(0).adapter_wait.base(), 0.3, 1e-12);
  EXPECT_EQ(one.outcome.record(0).adapter_wait, one.outcome.record(0).fetch);
  EXPECT_GE(one.outcome.record(0).first_token, units::s * 0.3);
  EXPECT_LT(one.outcome.record(1).done, units::s * 0.3);
  EXPECT_LT(one.outcome.record(2).adapter_wait, units::s * 0.2 + units::us);
  EXPECT_GT(one.outcome.record(2).adapter_wait, units::s * 0.19);
  EXPECT_EQ(one.outcome.record(3).adapter_wait, Seconds{});  // it is there
  EXPECT_TRUE(one.replica.has_adapter(7));
}

TEST(ReplicaAdapters, those_without_a_slot_are_passed_over) {
  ReplicaCase one(engine_with(1), toy_memory(100));
  one.run({adapted(0, 0, 50, 40, 1), adapted(1, 0.01, 50, 10, 2), adapted(2, 0.02, 50, 10, 1),
           request_of(3, 0.03, 50, 10)});
  EXPECT_LT(one.outcome.record(2).scheduled, one.outcome.record(1).scheduled);
  EXPECT_LT(one.outcome.record(3).scheduled, one.outcome.record(1).scheduled);
  EXPECT_EQ(one.outcome.record(1).scheduled, one.outcome.record(0).done);
  EXPECT_GT(one.outcome.record(1).slot_wait, Seconds{});
  EXPECT_EQ(one.outcome.record(2).slot_wait, Seconds{});
  EXPECT_EQ(one.pricer.most_adapters, 1);
}

TEST(ReplicaAdapters, a_failure_loses_what_was_loaded) {
  ReplicaCase one(engine_with(2), toy_memory(100));
  FixedSource source(*one.clock, units::ms * 50.0);
  one.replica.use_adapters(source);
  std::vector<Ticket> lost;
  // Loads of the first life end in the second, in the middle of its own load of the same adapter.
  one.clock->at(units::ms * 30.0, [&] {
    lost = one.replica.fail();
    EXPECT_FALSE(one.replica.has_adapter(1));
    for (Ticket& ticket : lost) one.replica.submit(ticket);
  });
  one.run({adapted(0, 0, 50, 20, 1), adapted(1, 0, 50, 20, 2), adapted(2, 0.5, 50, 20, 1)});
  EXPECT_EQ(source.loads, (std::vector<std::uint32_t>{1, 2, 1, 2}));
  EXPECT_EQ(one.outcome.completed.size(), 3u);
  EXPECT_GE(one.outcome.record(0).first_token, units::ms * 80.0);
}

TEST(ReplicaAdapters, decode_replicas_need_a_slot_before_the_cache_comes) {
  ReplicaCase prefill(engine_with(2), toy_memory(100), serving::Role::prefill);
  prefill.run({adapted(0, 0, 50, 20, 1), adapted(1, 0, 50, 20, 2), adapted(2, 0, 50, 20, 1)});
  ASSERT_EQ(prefill.prefilled.size(), 3u);
  ReplicaCase decode(engine_with(1), toy_memory(100), serving::Role::decode);
  FixedSource source(*decode.clock, units::ms * 400.0);
  decode.replica.use_adapters(source);
  const std::vector<Ticket>& tickets = prefill.prefilled;
  ASSERT_TRUE(decode.replica.reserve(tickets[0]));
  EXPECT_FALSE(decode.replica.adapter_fits(tickets[1].request));
  EXPECT_FALSE(decode.replica.reserve(tickets[1]));
  ASSERT_TRUE(decode.replica.reserve(tickets[2]));
  decode.replica.release(2);  // its transfer will not come
  decode.clock->at(units::ms * 100.0, [&] { decode.replica.submit(tickets[0]); });
  decode.clock->run();
  ASSERT_EQ(decode.outcome.completed.size(), 1u);
  EXPECT_GT(decode.outcome.record(0).done, units::ms * 400.0);
  EXPECT_EQ(decode.outcome.record(0).fetch, tickets[0].record.fetch);  // which is of the first token
  EXPECT_TRUE(decode.replica.reserve(tickets[1]));
  decode.replica.check();
}

TEST(ReplicaAdapters, a_cache_of_one_adapter_is_of_no_use_to_another) {
  serving::EngineOptions options = engine_with(4);
  options.prefix_caching = true;
  ReplicaCase one(options, toy_memory(100));
  std::vector<Request> requests;
  for (std::uint64_t i = 0; i < 4; ++i) {
    requests.push_back(adapted(i, static_cast<double>(i), 192, 5, static_cast<std::uint32_t>(i % 2)));
    requests.back().prompt.block_tokens = 32;
    for (std::uint64_t block = 0; block < 6; ++block) requests.back().prompt.blocks.push_back(block);
  }
  one.run(requests);
  EXPECT_EQ(one.outcome.record(0).cached_tokens, 0);
  EXPECT_EQ(one.outcome.record(1).cached_tokens, 0);
  EXPECT_EQ(one.outcome.record(2).cached_tokens, 176);
  EXPECT_EQ(one.outcome.record(3).cached_tokens, 176);
}

// Copies on a fabric where nobody else is.
struct Stored {
  explicit Stored(const std::string& text, std::optional<std::size_t> host, std::size_t gpus = 2)
      : document(config::Document::parse(text, "p.yaml")),
        platform(hardware::read_platform(document)),
        topology(topology::build(platform)) {
    topology::add_storage(platform, topology);
    std::vector<BytesPerSecond> capacity;
    for (const topology::Channel& channel : topology.fabric.channels()) capacity.push_back(channel.capacity);
    clock = task::make_ideal_executor(std::move(capacity));
    serving::AdapterEngine engine{.gpus = {},
                                  .each = units::GB * 1.0,
                                  .file = units::GB * 1.5,
                                  .host = host,
                                  .storage = units::GB / units::s * 5.0};
    for (std::size_t i = 0; i < gpus; ++i) engine.gpus.push_back(topology.fabric.gpu(i));
    store = std::make_unique<serving::AdapterStore>(std::vector{engine}, topology, *clock);
  }
  // How long one more load takes.
  double load(std::uint32_t adapter) {
    const Seconds begin = clock->now();
    Seconds end = begin;
    store->load(0, adapter, [&] { end = clock->now(); });
    clock->run();
    return (end - begin).in(units::s);
  }
  config::Document document;
  hardware::Platform platform;
  topology::Topology topology;
  std::unique_ptr<task::Executor> clock;
  std::unique_ptr<serving::AdapterStore> store;
};

double drives_of(const Stored& stored) {
  const hardware::DriveSpec& drives = stored.platform.groups.front().type->drives;
  return drives.read.in(units::GB_per_s)*drives.count;
}

TEST(AdapterStore, the_first_load_reads_the_file_and_later_ones_copy_it) {
  Stored stored(two_dgx, 2);
  const double first = stored.load(1), second = stored.load(1);
  // PCIe 5 x16 moves 1 GB in 16 ms at best; the drives move 1.5 GB at what they read.
  EXPECT_GT(second, 1 / 64.0);
  EXPECT_LT(second, 1 / 40.0);
  EXPECT_GT(first, second + 1.5 / drives_of(stored) * 0.999);
  EXPECT_EQ(stored.store->figures().loads, 2u);
  EXPECT_EQ(stored.store->figures().reads, 1u);
  EXPECT_DOUBLE_EQ(stored.store->figures().loaded.in(units::GB), 4);
  EXPECT_DOUBLE_EQ(stored.store->figures().read.in(units::GB), 1.5);
}

TEST(AdapterStore, the_host_forgets_the_least_recently_used) {
  Stored stored(two_dgx, 2);
  for (const std::uint32_t adapter : {1U, 2U, 1U}) (void)stored.load(adapter);
  stored.store->used(0, 2);
  (void)stored.load(3);  // in place of 1
  EXPECT_EQ(stored.store->figures().reads, 3u);
  (void)stored.load(2);
  EXPECT_EQ(stored.store->figures().reads, 3u);
  (void)stored.load(1);
  EXPECT_EQ(stored.store->figures().reads, 4u);
  Stored all(two_dgx, std::nullopt);
  for (std::uint32_t adapter = 1; adapter <= 50; ++adapter) (void)all.load(adapter);
  for (std::uint32_t adapter = 1; adapter <= 50; ++adapter) (void)all.load(adapter);
  EXPECT_EQ(all.store->figures().reads, 50u);
}

TEST(AdapterStore, an_engine_that_is_gone_has_forgotten_all) {
  Stored stored(two_dgx, 2);
  (void)stored.load(1);
  bool came = false;
  stored.store->load(0, 1, [&] { came = true; });
  stored.store->forget(0);
  stored.clock->run();
  EXPECT_FALSE(came);
  (void)stored.load(1);
  EXPECT_EQ(stored.store->figures().reads, 2u);
}

TEST(AdapterStore, storage_is_drives_or_the_network_or_what_start_up_says) {
  const std::string network =
      "storage: {capacity: 500 TB, read: 20 GB/s, write: 20 GB/s, latency: 1 ms, nic: connectx7, source: x}\n";
  const std::string bare = "nodes: {type: gh200-node, count: 2}\nscale_out: {topology: rail-optimized}\n";
  Stored without(bare, 4, 1), with(bare + network, 4, 1);
  const double copy = (without.load(1), without.load(1));
  if (drives_of(without) > 0) GTEST_SKIP() << "the node type has drives now";
  EXPECT_NEAR(without.load(2), copy + 1.5 / 5, 1e-9);  // 5 GB/s
  EXPECT_GT(without.store->figures().off_fabric, Seconds{});
  EXPECT_GE(with.load(2), copy + 1.5 / 20);
  EXPECT_EQ(with.store->figures().off_fabric, Seconds{});
}

const std::string lora =
    "engine: {software: vllm, precision: fp8, kv_cache: fp8, lora: {max_loras: 3, max_cpu_loras: 6, max_lora_rank: "
    "32}}\n";
std::string workload(const std::string& more, const std::string& engine = lora,
                     const std::string& adapters = "{count: 20, skew: 1}") {
  return "kind: serving\nmodel: llama3-8b\n" + engine + more + "requests: {" + steady + ", adapters: " + adapters +
         "}\n";
}

void expect_conserved(const ServiceOutcome& outcome) {
  EXPECT_EQ(outcome.in_flight, 0u);
  EXPECT_FALSE(outcome.twice);
  EXPECT_EQ(outcome.done.size() + outcome.rejections.size(), outcome.arrivals);
  for (const auto& [id, record] : outcome.done) {
    EXPECT_LE(record.arrival, record.scheduled);
    EXPECT_LE(record.scheduled + record.fetch, record.first_token + units::ns);
    EXPECT_LE(record.first_token, record.done);
  }
}

struct Setting {
  std::string name, more;
};
class Adapted : public testing::TestWithParam<Setting> {};

TEST_P(Adapted, loses_no_request_and_says_the_same_twice) {
  const auto first = serve(workload(GetParam().more)), second = serve(workload(GetParam().more));
  expect_conserved(*first);
  EXPECT_TRUE(first->rejections.empty());
  ASSERT_EQ(first->done.size(), second->done.size());
  Seconds waited;
  for (const auto& [id, record] : first->done) {
    EXPECT_EQ(record.done, second->done.at(id).done);
    EXPECT_NE(record.adapter, 0u);
    waited += record.adapter_wait;
  }
  EXPECT_GT(waited, Seconds{});
}

const std::string split = "prefill: {replicas: 2}\ndecode: {replicas: 2}\n";
std::string dies(int replica, double at) {
  return "failures: [{replica: " + std::to_string(replica) + ", at: " + std::to_string(at) +
         " s, restart: true}]\nstart_up: {container: 1 s, warm_up: 0 s, per_graph: 0 s}\n";
}
INSTANTIATE_TEST_SUITE_P(
    Cases, Adapted,
    testing::Values(Setting{"one", ""}, Setting{"four", "replicas: 4\n"},
                    Setting{"affinity", "replicas: 4\nrouter: adapter-affinity\n"}, Setting{"disaggregated", split},
                    Setting{"dies", "replicas: 2\n" + dies(1, 3.3)}, Setting{"prefill_dies", split + dies(0, 3.3)},
                    Setting{"decode_dies", split + dies(2, 3.3)}, Setting{"decode_dies_early", split + dies(3, 0.31)},
                    Setting{"tiers", "kv_tiers: [{tier: host, capacity: 100 GB}]\n"}),
    [](const auto& parameter) { return parameter.param.name; });

TEST(Adapters, fewer_slots_are_never_exceeded_and_make_requests_wait) {
  const auto with = [](int slots) {
    const std::string engine = "engine: {software: vllm, precision: fp8, lora: {max_loras: " + std::to_string(slots) +
                               ", max_cpu_loras: all}}\n";
    return serve(workload("", engine));
  };
  const auto few = with(1), many = with(20);
  expect_conserved(*few);
  Seconds few_wait, many_wait;
  for (const auto& [id, record] : few->done) few_wait += record.slot_wait;
  for (const auto& [id, record] : many->done) many_wait += record.slot_wait;
  EXPECT_GT(few_wait, units::s * 1.0);
  EXPECT_EQ(many_wait, Seconds{});
  EXPECT_GT(few->ttft_percentile(0.5), many->ttft_percentile(0.5));
}

TEST(Adapters, prompts_wait_for_a_slot_of_a_decode_replica) {
  const std::string one_slot = "engine: {software: vllm, precision: fp8, lora: {max_loras: 1, max_cpu_loras: all}}";
  const auto outcome = serve(workload("prefill: {}\ndecode: {" + one_slot + "}\n"));
  expect_conserved(*outcome);
  Seconds waited;
  for (const auto& [id, record] : outcome->done) {
    EXPECT_LE(record.decode_slot_wait, record.transfer);
    waited += record.decode_slot_wait;
  }
  EXPECT_GT(waited, units::s * 1.0);
}

TEST(Adapters, the_router_finds_them) {
  const auto loads = [](const std::string& router) {
    const auto outcome = serve(workload("replicas: 4\nrouter: " + router + "\n"));
    std::size_t waited = 0;
    for (const auto& [id, record] : outcome->done) waited += record.adapter_wait > Seconds{} ? 1U : 0U;
    return waited;
  };
  EXPECT_LT(loads("adapter-affinity"), loads("least-loaded") * 2 / 3);
}

TEST(Adapters, an_affinity_has_its_limit) {
  const auto replicas_used = [](const std::string& router) {
    const auto outcome = serve(workload("replicas: 4\nrouter: " + router + "\n", lora, "{count: 1}"));
    std::set<std::uint32_t> used;
    for (const auto& [id, record] : outcome->done) used.insert(record.replica);
    return used.size();
  };
  EXPECT_GE(replicas_used("adapter-affinity"), 3u);
  EXPECT_EQ(replicas_used("{policy: adapter-affinity, load_limit: 1000}"), 1u);
}

std::string mistake(const std::string& text) {
  try {
    (void)serve(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no mistake";
}
std::string engine_with(const std::string& map) { return "engine: {software: vllm, lora: " + map + "}\n"; }

TEST(Adapters, mistakes_are_told) {
  EXPECT_THAT(
      mistake(workload("", small_engine)),
      HasSubstr("requests.adapters: expected an engine that serves LoRA adapters: write engine.lora: {max_loras: 8, "
                "max_lora_rank: 16}, got one without `lora`"));
  EXPECT_THAT(mistake(workload("", engine_with("{max_loras: 8, max_cpu_loras: 4}"))),
              HasSubstr("engine.lora.max_cpu_loras: expected at least max_loras (8)"));
  EXPECT_THAT(mistake(workload("", engine_with("{max_loras: 8, max_lora_rank: 0}"))),
              HasSubstr("engine.lora.max_lora_rank: expected"));
  EXPECT_THAT(mistake(workload("", engine_with("{max_loras: 0}"))), HasSubstr("engine.lora.max_loras: expected"));
  EXPECT_THAT(mistake(workload("", engine_with("{max_lora: 8}"))), HasSubstr("did you mean \"max_loras\"?"));
  EXPECT_THAT(mistake(workload("", engine_with("{max_loras: 8, targets: linear}"))), HasSubstr("all-linear"));
  EXPECT_THAT(mistake(workload("", engine_with("8"))), HasSubstr("such as `lora: {max_loras: 8"));
  EXPECT_THAT(mistake(workload("", engine_with("{max_loras: 8, max_cpu_loras: 900000}"))), HasSubstr("memory hold"));
  EXPECT_THAT(mistake(workload("prefill: {}\ndecode: {" + small_engine.substr(0, small_engine.size() - 1) + "}\n")),
              HasSubstr("decode: expected `lora` in the engines of both pools"));
}

TEST(Adapters, too_many_slots_do_not_fit_and_the_message_says_so) {
  try {
    (void)serve(workload("", engine_with("{max_loras: 4000, max_lora_rank: 64}")));
    FAIL() << "4000 x 336 MB are more than a GPU has";
  } catch (const OutOfMemoryError& error) {
    EXPECT_THAT(error.what(), HasSubstr("LoRA adapters 1342.2 GB"));
    EXPECT_THAT(error.what(), HasSubstr("lora.max_loras: 125"));
  }
}

}  // namespace
}  // namespace aifsim::test
