#include "report/json_keys.hpp"

#include <array>

#include "report/table.hpp"

namespace aifsim::report {
namespace {

constexpr std::array keys{
    JsonKey{"schema", "text", "aifsim.run/1: changes when a key changes its meaning"},
    JsonKey{"provenance.version", "text", "version of aifsim"},
    JsonKey{"provenance.platform.file", "text", "the platform file as given"},
    JsonKey{"provenance.platform.resolved", "YAML", "the platform after `extends` and --set"},
    JsonKey{"provenance.workload.file", "text", "the workload file as given"},
    JsonKey{"provenance.workload.resolved", "YAML", "the workload after `extends` and --set"},
    JsonKey{"provenance.seed", "integer", "--seed"},
    JsonKey{"provenance.simgrid.version", "text", "version of SimGrid"},
    JsonKey{"provenance.simgrid.options[]", "text", "options that SimGrid ran with"},
    JsonKey{"provenance.data_sources[]", "text", "where the hardware and kernel figures come from"},
    JsonKey{"provenance.validity_notes[]", "text", "what was extrapolated, assumed or folded"},
    JsonKey{"jobs[].name", "text", "name of the job in the workload"},
    JsonKey{"jobs[].kind", "text", "training or serving: each has its own keys"},
    JsonKey{"jobs[].step_time_s", "s", "one optimizer step"},
    JsonKey{"jobs[].tokens_per_s", "token/s", "all GPUs of the job together"},
    JsonKey{"jobs[].tokens_per_s_per_gpu", "token/s", "one GPU of the job"},
    JsonKey{"jobs[].model_tflops_per_gpu", "TFLOP/s", "model FLOPs (no recompute) of the step / time / GPUs"},
    JsonKey{"jobs[].mfu", "share", "model FLOP/s over the dense peak of the job's precision"},
    JsonKey{"jobs[].hfu", "share", "executed FLOP/s (recompute included) over the same peak"},
    JsonKey{"jobs[].memory.<class>", "B", "of the GPU that needs most: weights, gradients, optimizer, …"},
    JsonKey{"jobs[].memory.capacity", "B", "memory of one GPU"},
    JsonKey{"jobs[].breakdown.<cause>", "s", "exposed time of one GPU by cause; sums to step_time_s"},
    JsonKey{"jobs[].bottlenecks[].resource", "text", "operator, channel or timer on the critical path"},
    JsonKey{"jobs[].bottlenecks[].kind", "text", "compute, channel, protocol, latency, contention, or a cause"},
    JsonKey{"jobs[].bottlenecks[].blame_s", "s", "time of the critical path spent on it; sums to step_time_s"},
    JsonKey{"jobs[].bottlenecks[].share", "share", "of the critical path"},
    JsonKey{"jobs[].model", "text", "the model"},
    JsonKey{"jobs[].precision", "text", "of the GEMMs"},
    JsonKey{"jobs[].layout", "text", "parallelism and schedule in one line"},
    JsonKey{"jobs[].gpus", "integer", "GPUs of the job"},
    JsonKey{"jobs[].faults[].at_s", "s", "when it struck or was repaired, since the run began"},
    JsonKey{"jobs[].faults[].part", "text", "the part, as in the platform file"},
    JsonKey{"jobs[].faults[].effect", "text", "rerouted, slowed, untouched, repaired, failed (the job)"},
    JsonKey{"jobs[].faults[].flows_rerouted", "integer", "simulated flows that took another way in the step hit"},
    JsonKey{"jobs[].faults[].step_before_s", "s", "a steady step before it"},
    JsonKey{"jobs[].faults[].step_hit_s", "s", "the step it fell into; 0 if that never ended"},
    JsonKey{"jobs[].faults[].step_after_s", "s", "a steady step after it; 0 if there is none"},
    JsonKey{"jobs[].faults[].detail", "text", "which flows took which way, or why the job failed"},
    JsonKey{"jobs[].engine", "text", "serving: the inference engine"},
    JsonKey{"jobs[].requests", "integer", "serving: that arrived"},
    JsonKey{"jobs[].completed", "integer", "serving: answered in full"},
    JsonKey{"jobs[].rejected", "integer", "serving: turned away; completed + rejected = requests"},
    JsonKey{"jobs[].rejections[]", "text", "serving: how many for which reason"},
    JsonKey{"jobs[].preemptions", "integer", "serving: times a running request lost its KV blocks"},
    JsonKey{"jobs[].measured", "integer", "serving: completed after the warm-up; the figures below are theirs"},
    JsonKey{"jobs[].duration_s", "s", "serving: of the measured part"},
    JsonKey{"jobs[].ttft_s.<statistic>", "s", "arrival to first token: mean, p50, p90, p99, max (percentiles within 0.5 %)"},
    JsonKey{"jobs[].tpot_s.<statistic>", "s", "(done - first token) / (output tokens - 1), one value a request"},
    JsonKey{"jobs[].itl_s.<statistic>", "s", "between two tokens of a request, one value a token"},
    JsonKey{"jobs[].e2e_s.<statistic>", "s", "arrival to last token"},
    JsonKey{"jobs[].queueing_s.<statistic>", "s", "arrival to first scheduled"},
    JsonKey{"jobs[].input_tokens", "token", "of the measured requests"},
    JsonKey{"jobs[].output_tokens", "token", "of the measured requests"},
    JsonKey{"jobs[].requests_per_s", "1/s", "measured requests / duration"},
    JsonKey{"jobs[].output_tokens_per_s", "token/s", "all GPUs of the job together"},
    JsonKey{"jobs[].output_tokens_per_s_per_gpu", "token/s", "one GPU of the job"},
    JsonKey{"jobs[].goodput_rps", "1/s", "requests within slo.ttft and slo.tpot, a second; all of them without an SLO"},
    JsonKey{"jobs[].prefix_hit_ratio", "share", "of the prompts' blocks, found whole in a cache tier; blocks as a trace names them"},
    JsonKey{"jobs[].mean_running", "requests", "running at a time, all replicas"},
    JsonKey{"jobs[].mean_batch", "sequences", "of a decode iteration in one attention group"},
    JsonKey{"jobs[].gpu_hours", "h", "that replicas held GPUs, starting and draining ones too"},
    JsonKey{"jobs[].busy_gpu_hours", "h", "of them, with requests running"},
    JsonKey{"jobs[].package", "text", "package and profile; empty: none"},
    JsonKey{"jobs[].pools[].role", "text", "prefill and decode, prefill, or decode"},
    JsonKey{"jobs[].pools[].replicas", "integer", "engines of the pool"},
    JsonKey{"jobs[].pools[].most_replicas", "integer", "that its planner may start"},
    JsonKey{"jobs[].pools[].mean_replicas", "replicas", "that held GPUs, over the time"},
    JsonKey{"jobs[].pools[].start_up_s.<phase>", "s", "until a new replica serves: image, container, weights, …"},
    JsonKey{"jobs[].pools[].layout", "text", "parallelism of one engine"},
    JsonKey{"jobs[].pools[].cache_tokens", "token", "KV cache of one attention group"},
    JsonKey{"jobs[].pools[].memory.<class>", "B", "of one GPU: weights, kv cache, activations, …"},
    JsonKey{"jobs[].pools[].memory.capacity", "B", "memory of one GPU"},
    JsonKey{"jobs[].scaling[].time_s", "s", "when a replica came or went"},
    JsonKey{"jobs[].scaling[].pool", "text", "its pool's role"},
    JsonKey{"jobs[].scaling[].replica", "integer", "its number"},
    JsonKey{"jobs[].scaling[].what", "text", "starts, serves, drains, off, lost"},
    JsonKey{"jobs[].scaling[].serving", "integer", "replicas of the pool that serve from then on"},
    JsonKey{"jobs[].kv.transferred_bytes", "B", "KV caches sent from prefill to decode replicas"},
    JsonKey{"jobs[].kv.transfer_mean_s", "s", "exposed, of one transferred request"},
    JsonKey{"jobs[].kv.storage_host_cores", "cores", "mean, busy with shared storage, all hosts together"},
    JsonKey{"jobs[].kv.storage_dpu_cores", "cores", "the same, of DPUs"},
    JsonKey{"jobs[].kv.tiers[].name", "text", "hbm, host, nvme, network"},
    JsonKey{"jobs[].kv.tiers[].capacity_bytes", "B", "of all replicas together"},
    JsonKey{"jobs[].kv.tiers[].hit_ratio", "share", "of the prompts' blocks, found in this tier"},
    JsonKey{"jobs[].kv.tiers[].read_bytes", "B", "fetched from it"},
    JsonKey{"jobs[].kv.tiers[].written_bytes", "B", "put into it"},
    JsonKey{"jobs[].bottlenecks[].figure", "text", "serving: ttft or tpot"},
    JsonKey{"jobs[].bottlenecks[].time_s", "s", "serving: part of the mean of that figure"},
    JsonKey{"jobs[].series[].time_s", "s", "serving: middle of an interval; at most 512 of them"},
    JsonKey{"jobs[].series[].running", "requests", "mean over the interval"},
    JsonKey{"jobs[].series[].waiting", "requests", "mean over the interval"},
    JsonKey{"jobs[].series[].kv_use", "share", "of the HBM blocks"},
    JsonKey{"jobs[].series[].kv_host_use", "share", "of the KV tiers in host memory"},
    JsonKey{"jobs[].series[].kv_nvme_use", "share", "of the KV tiers on local drives"},
    JsonKey{"jobs[].series[].kv_network_use", "share", "of the KV tier on shared storage"},
    JsonKey{"jobs[].series[].output_tokens_per_s", "token/s", "mean over the interval"},
    JsonKey{"jobs[].series[].prompt_tokens_per_s", "token/s", "prefilled, mean over the interval"},
    JsonKey{"jobs[].adapters.requests", "integer", "serving: requests with a LoRA adapter, where engines serve them (engine.lora)"},
    JsonKey{"jobs[].adapters.loads", "integer", "adapters copied into HBM"},
    JsonKey{"jobs[].adapters.reads", "integer", "of them, read from storage into host memory first"},
    JsonKey{"jobs[].adapters.hit_ratio", "share", "of the times that a request took a slot: its adapter was in HBM"},
    JsonKey{"jobs[].adapters.load_wait_s", "s", "exposed, of a mean request with an adapter"},
    JsonKey{"jobs[].adapters.slot_wait_s", "s", "the same, passed over for want of a slot, in decode replicas too"},
    JsonKey{"jobs[].adapters.loaded_bytes", "B", "into HBM, all GPUs"},
    JsonKey{"jobs[].adapters.read_bytes", "B", "from storage into host memory"},
    JsonKey{"network.kind", "text", "fluid, simgrid or ideal"},
    JsonKey{"network.channels_used", "integer", "simulated channels that carried anything"},
    JsonKey{"network.channel_bytes", "B", "sum over them: a flow counts once on each channel of its path"},
    JsonKey{"network.busiest[].name", "text", "up to ten channels; channels.csv has all"},
    JsonKey{"network.busiest[].medium", "text", "what the channel is made of"},
    JsonKey{"network.busiest[].bytes", "B", "carried in one step"},
    JsonKey{"network.busiest[].busy_share", "share", "bytes / (capacity x step time)"},
    JsonKey{"run_cost.cpu_s", "s", "CPU time of the simulator itself (differs from run to run)"},
    JsonKey{"run_cost.peak_rss_bytes", "B", "its peak resident memory (differs from run to run)"},
    JsonKey{"run_cost.events", "integer", "tasks that it simulated"},
    JsonKey{"run_cost.flows", "integer", "of them network flows"},
};

}  // namespace

std::span<const JsonKey> run_json_keys() { return keys; }

std::string describe_run_json() {
  Table table({{"key"}, {"unit"}, {"meaning"}});
  for (const JsonKey& key : keys) {
    table.row({std::string(key.path), std::string(key.unit), std::string(key.meaning)});
  }
  return "The object that `aifsim run --format json` prints, in this order:\n\n" + table.text() +
         "\nchannels.csv of --out: name, medium, bytes [B], busy_share [share]: every channel that carried anything.\n"
         "Jobs are folded: of ranks that do the same at the same time one is simulated, and a channel it shares with\n"
         "the others carries their bytes too; channels that only the others use are not listed.\n";
}

}  // namespace aifsim::report
