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
    "Reads platforms, workloads, models, frameworks and catalogue files (platforms/catalog); reports every problem\n"
    "in each of them and runs nothing.\n";

inline constexpr const char* collective_examples =
    "Examples:\n"
    "  aifsim collective platforms/dgx-h100-32.yaml --op all_reduce\n"
    "  aifsim collective platforms/dgx-h100-32.yaml --op all_to_all --ranks 16 --sizes 1M:1G:x4 --format json\n"
    "\n"
    "Sizes are nccl-tests': K, M, G are powers of 1024. The columns are theirs too, with the algorithm, the protocol and\n"
    "the channel that bounded the slowest flow, or latency.\n"
    "\n"
    "JSON keys: operation; ranks; rows[]{bytes time_us algbw_GBps busbw_GBps algorithm protocol bottleneck};\n"
    "run_cost{cpu_s peak_rss_bytes}.\n";

inline constexpr const char* list_examples =
    "Examples:\n"
    "  aifsim list gpus\n"
    "  aifsim list topologies\n";

}  // namespace aifsim::app
