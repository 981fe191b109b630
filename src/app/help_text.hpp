// The longer parts of the help.
#pragma once

#include <string>

namespace aifsim::app {

inline constexpr const char* about =
    "aifsim simulates AI-factory clusters: how fast a job runs on a cluster, and what limits it.\n"
    "Results go to stdout, the log to stderr.\n";

inline constexpr const char* about_exit =
    "Exit status:  0 done   2 a mistake in the input   3 the job does not fit in memory   70 a bug in aifsim\n"
    "\n"
    "Start with:\n"
    "  aifsim run platforms/dgx-h100-2048.yaml workloads/llama3-405b-pretrain.yaml\n";

inline constexpr const char* run_examples =
    "Examples:\n"
    "  aifsim run platforms/dgx-h100-2048.yaml workloads/llama3-405b-pretrain.yaml\n"
    "  aifsim run platforms/dgx-h100-2048.yaml workloads/llama3-405b-pretrain.yaml \\\n"
    "      --set nodes.count=1024 --set parallelism.dp=64 --set global_batch=1024 --out result\n"
    "\n"
    "--set takes a key that both files have with the file in front: --set workload:name=trial\n"
    "--out writes report.json, channels.csv, platform.yaml and workload.yaml (the inputs as resolved).\n"
    "`aifsim help json` documents every key of the JSON and its unit.\n";

inline constexpr const char* validate_examples =
    "Examples:\n"
    "  aifsim validate tests/validation/training.csv\n"
    "  aifsim validate training.csv --where 'gpu=H100*' --where 'model=Llama*' --jobs 2 --format csv\n"
    "\n"
    "The kind of a table is told by its header. Rows that cannot be simulated are listed with the reason.\n"
    "\n"
    "JSON keys: rows[]{id metric unit measured simulated error status reason}; summary.<metric>{scored unsupported\n"
    "infeasible median_abs_error p90_abs_error bias}. Errors are simulated / measured - 1.\n";

inline constexpr const char* check_examples =
    "Examples:\n"
    "  aifsim check platforms/*.yaml workloads/*.yaml\n"
    "  aifsim check platforms/dgx-h100-32.yaml --set nodes.count=64\n"
    "\n"
    "Reads platforms, workloads, studies, models, engines, frameworks, request traces and catalogue files\n"
    "(platforms/catalog); reports every problem in each of them and runs nothing.\n";

inline constexpr const char* collective_examples =
    "Examples:\n"
    "  aifsim collective platforms/dgx-h100-32.yaml --op all_reduce\n"
    "  aifsim collective platforms/dgx-h100-32.yaml --op all_to_all --ranks 16 --sizes 1M:1G:x4 --format json\n"
    "  aifsim collective platforms/dgx-h100-32.yaml --op all_gather --ranks 16 \\\n"
    "      --algorithm workloads/collectives/rail-all-gather-16.yaml\n"
    "\n"
    "Sizes are nccl-tests': K, M, G are powers of 1024. The columns are theirs too, with the algorithm, the protocol "
    "and\n"
    "the channel that bounded the slowest flow, or latency.\n"
    "\n"
    "JSON keys: operation; ranks; rows[]{bytes time_us algbw_GBps busbw_GBps algorithm protocol flows bottleneck};\n"
    "run_cost{cpu_s peak_rss_bytes}.\n";

inline constexpr const char* trace_examples =
    "Examples:\n"
    "  aifsim trace conversation_trace.jsonl --cache-blocks 50000\n"
    "  aifsim trace AzureLLMInferenceTrace_conv.csv --set cut.to='10 min' --set rate_scale=2 --format json\n"
    "  aifsim trace workloads/requests/agentic.yaml --set count=2000\n"
    "\n"
    "The format is told by the file's content: Mooncake, Qwen-Bailian or other JSONL, Azure, BurstGPT or other CSV "
    "with a\n"
    "header, ServeGen's chunk-N-trace.csv. --set takes the keys of `requests:` in a serving workload.\n"
    "`aifsim help json` documents the keys of the JSON.\n";

inline constexpr const char* trace_json =
    "\nThe object that `aifsim trace --format json` prints, in this order (\"?\": only where the trace has it):\n\n"
    "  schema, file, format         text       aifsim.trace/1; as given; format or \"synthetic\"\n"
    "  requests, skipped            integer    requests; failed ones that were left out\n"
    "  duration_s, rate_per_s       s, 1/s     first to last arrival; (requests - 1) / duration_s\n"
    "  gap_cv ?                     number     coefficient of variation of the gaps between arrivals; 1 is Poisson\n"
    "  input_tokens.<figure>        token      total, mean, min, p10, p50, p90, p99, max of the prompts\n"
    "  output_tokens.<figure>       token      the same of the answers\n"
    "  block_tokens ?               token      of one prompt block\n"
    "  blocks, distinct_blocks ?    integer    blocks of all prompts; different ones\n"
    "  infinite_cache_hit_ratio ?   share      leading blocks seen in any earlier request, of all blocks\n"
    "  cache_blocks ?               integer    --cache-blocks\n"
    "  cache_hit_ratio ?            share      leading blocks found in an LRU cache of that size, of all blocks\n"
    "  cache_curve[] ?              {blocks, hit_ratio}: the same for powers of two\n"
    "  sessions, turns.<figure> ?   integer    conversations; mean and max of their turns\n"
    "  labels.<kind> ?              integer    requests of each kind that the file tells apart\n"
    "  images.requests, .tokens ?   integer    requests with images; image tokens of all\n"
    "  adapters.<number> ?          integer    requests of each LoRA adapter\n"
    "  series_width_s               s          one entry of series\n"
    "  series[]                     {start_s, requests_per_s, input_tokens_per_s, output_tokens_per_s}, from the first "
    "arrival\n"
    "  notes[]                      text       what was assumed\n";

inline constexpr const char* list_examples =
    "Examples:\n"
    "  aifsim list gpus\n"
    "  aifsim list topologies\n"
    "\n"
    "Names as input files take them. Media: latency of a hop, power of one end of a link, price of a link with its "
    "ends.\n"
    "GPUs: dense peak, memory, and NVLink in one direction. NIMs: their engines, and the GPUs that each is for.\n";

}  // namespace aifsim::app
