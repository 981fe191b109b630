#!/usr/bin/python3
"""Fits the inference kernels of platforms/catalog/kernels/*.yaml. A maintainer's tool; nothing in the build needs it.

usage: tools/fit_serving_kernels.py [SHARED] [OUT]     (defaults: ../shared platforms/catalog/kernels, beside this repository)

Reads SHARED/kernels/<system>/{generation_attention,generation_mla,context_mla,moe}_perf*.csv.gz (NVIDIA aiconfigurator,
TensorRT-LLM operators) and replaces the `serving:` section of each table. The formulas are in serving_kernels.py. A random
half of the rows is fitted (fixed seed); the other half gives the errors written beside the parameters: median and 90th
percentile of |log error|, by regime.
"""
import pathlib
import sys

import numpy as np
import pandas as pd

import serving_kernels as kernels
from fit_kernels import ATTENTION, DERIVED, SYSTEMS, GEMM, GEMM_HIGH, attention_constants, minimise, number, read
from serving_kernels import DECODE, EXPERT

SEED = 11
ROWS = 1200  # of each fit
L2 = {"h100_sxm": 50e6, "h200_sxm": 50e6, "b200_sxm": 126e6, "gb200": 126e6}
# Table dtype -> YAML key ("arithmetic" or "arithmetic/storage"), (arithmetic, peak over BF16's, bytes of a weight, of an
# activation). fp8_block on Hopper is DeepSeek's 128 x 128 scaling under FP8 arithmetic, kept apart as fp8/mxfp8.
EXPERT_DTYPES = {
    "bfloat16": ("bf16", ("bf16", 1, 2.0, 2.0)),
    "fp8": ("fp8", ("fp8", 2, 1.0, 1.0)),
    "fp8_block": ("fp8/mxfp8", ("fp8", 2, 1.0, 1.0)),
    "nvfp4": ("nvfp4", ("nvfp4", 4, 0.5625, 0.5625)),
    "w4a16_mxfp4": ("bf16/mxfp4", ("bf16", 1, 0.53125, 2.0)),
    "w4a8_mxfp4_mxfp8": ("mxfp8/mxfp4", ("mxfp8", 2, 0.53125, 1.03125)),
}


def quantiles(log_ratio, rows):
    a = np.abs(log_ratio[rows])
    return [round(float(np.median(a)), 3), round(float(np.quantile(a, 0.9)), 3)] if len(a) else []


def fit(low, high, start, time, shape, measured, fitted, weight, regimes):
    """Parameters, and held-out errors by regime (name -> rows)."""
    random = np.random.default_rng(SEED)
    half = random.random(len(measured)) < 0.5
    rows = random.permutation(np.flatnonzero(half & fitted))[:ROWS]
    drawn = {key: value[rows] if isinstance(value, np.ndarray) else value for key, value in shape.items()}

    def loss(p):
        return (weight[rows] * np.hypot(np.log(time(p, drawn) / measured[rows]), 0.02)).sum()

    p = minimise(low, high, start, loss)
    ratio = np.log(time(p, shape) / measured)
    return p, {name: quantiles(ratio, ~half & chosen) for name, chosen in regimes.items() if (~half & chosen).any()}


def fit_decode(table, shape_of, system, name):
    shape = shape_of(table, system)
    measured = table.latency.to_numpy() * 1e-3
    # The tables time a kernel again and again on the same cache: between these two sizes it lies in L2, as it does not
    # in a model whose weights pass in between.
    streaming, short = shape["cache"] > 1.3 * L2[name], shape["cache"] < 0.05 * L2[name]
    if shape_of is kernels.attention_decode_shape:
        # More query heads on a KV head fall on slow kernels (up to 20 times on Hopper); no model has them.
        streaming, short = streaming & (shape["m"] <= 16), short & (shape["m"] <= 16)
    fitted = streaming | short
    weight = np.where(streaming, 1.0, 0.3 * streaming.sum() / max(1, short.sum()))
    single = shape["m"] == 1  # one query head on a KV head, another kernel: few models left
    weight[single] *= 0.2
    regimes = {"streaming": streaming & ~single, "short": short & ~single, "one_head": (streaming | short) & single}
    return fit(kernels.DECODE_LOW, kernels.DECODE_HIGH, kernels.DECODE_START,
               lambda p, s: kernels.decode_time(p, s, system), shape, measured, fitted, weight, regimes)


def fit_experts(table, dtype, system):
    table = table[table.moe_dtype == dtype]
    # Two backends on Blackwell: the library picks the faster.
    by = ["num_tokens", "hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size", "moe_ep_size", "distribution"]
    table = table.sort_values("latency").drop_duplicates(by).reset_index(drop=True)
    shape = kernels.expert_shape(table, EXPERT_DTYPES[dtype][1], system)
    measured = table.latency.to_numpy() * 1e-3
    tokens = table.num_tokens.to_numpy()
    everything = np.full(len(table), True)
    regimes = {"decode": tokens <= 128, "middle": (tokens > 128) & (tokens < 2048), "prefill": tokens >= 2048}
    return fit(kernels.EXPERT_LOW, kernels.EXPERT_HIGH, kernels.EXPERT_START,
               lambda p, s: kernels.expert_time(p, s, system), shape, measured, everything, np.ones(len(table)), regimes)


def latent_prefill_time(p, shape, system, fp8):
    """As attention over prompts, with 192 numbers of a key and 128 of a value."""
    sequences, heads, length = shape["sequences"], shape["heads"], shape["length"]
    rows, ramp = attention_constants(system)
    p = dict(zip(ATTENTION, p))
    rate = system["peak"] * (2 if fp8 else 1) * p["peak_fraction"]
    waves = np.ceil(length / rows) * sequences * heads / system["sms"]
    keys = waves * (length / 2 + ramp) + p["tail"] * (length + ramp)
    compute = 2 * (192 + 128) * rows * keys * system["sms"] / rate
    tensors = sequences * length * heads * (2 * 192 + 128) * 2
    memory = (tensors + sequences * length * heads * 128 * 2) / (system["bandwidth"] * p["bandwidth_fraction"])
    time = p["launch_us"] * 1e-6 + (compute**4 + memory**4) ** 0.25
    return time + p["preparation_us"] * 1e-6 + p["preparation_bytes"] * tensors / system["bandwidth"]


def fit_latent_prefill(table, system, fp8, bandwidth_fraction, launch_us):
    table = table[(table.kv_cache_dtype == ("fp8" if fp8 else "bfloat16")) & (table.isl >= 64)]
    shape = {"sequences": table.batch_size.to_numpy(float), "heads": table.num_heads.to_numpy(float),
             "length": table.isl.to_numpy(float)}
    low, high = np.array([0.2, 0, 0, 0, 0, 0]), np.array([1, 1.2, 0, 0, 8, 40.0])
    start = np.array([0.6, 0.5, bandwidth_fraction, launch_us, 1, 8])
    low[2:4] = high[2:4] = start[2:4]
    long = shape["length"] >= 2048
    return fit(low, high, start, lambda p, s: latent_prefill_time(p, s, system, fp8), shape,
               table.latency.to_numpy() * 1e-3, np.full(len(table), True), np.where(long, 2.0, 1.0),
               {"long": long, "short": ~long})


def yaml_row(key, names, p, errors):
    p = [0.0 if x < 1e-6 else x for x in p]
    fields = [f"{name[:-3]}: {number(x)} us" if name.endswith("_us") else f"{name}: {number(x)}" for name, x in zip(names, p)]
    lines, line = [], f"    {key}: {{"
    for field in fields:
        if len(line) + len(field) > 112:
            lines, line = lines + [line.rstrip()], "      "
        line += field + ", "
    lines.append(line.rstrip())
    text = ", ".join(f"{name}: {value}" for name, value in errors.items())
    return lines + [f"      fit: {{{text}}}}}"]


def attention_row(key, p, system, errors):
    p = dict(zip(ATTENTION, p))
    rows, ramp = attention_constants(system)
    text = ", ".join(f"{name}: {value}" for name, value in errors.items())
    return [f"    # left out of {key}: rotary, cache write: {number(p['preparation_bytes'])} B of HBM time per byte of Q, K, V + "
            f"{number(p['preparation_us'])} us",
            f"    {key}: {{peak_fraction: {number(p['peak_fraction'])}, block_rows: {rows}, key_ramp: {number(ramp)}, "
            f"tail: {number(p['tail'])},",
            f"      bandwidth_fraction: {number(p['bandwidth_fraction'])}, launch: {number(p['launch_us'])} us, "
            f"softmax_dim: 110, backward_ratio: 0.8,",
            f"      fit: {{{text}}}}}"]


def section(fits, system, derived):
    def errors(e):
        return {} if derived else e
    lines = ["serving:  # written by tools/fit_serving_kernels.py; fit: held-out median and 90th percentile of |log error|"]
    for name in ("decode", "latent_decode"):
        lines.append(f"  {name}:  # by precision of the cache")
        for key, (p, e) in fits[name].items():
            lines += yaml_row(key, DECODE, p, errors(e))
    lines.append("  latent_prefill:")
    for key, (p, e) in fits["latent_prefill"].items():
        lines += attention_row(key, p, system, errors(e))
    lines.append("  experts:  # by arithmetic, or arithmetic/storage of the weights")
    for key, (p, e) in fits["experts"].items():
        lines += yaml_row(key, EXPERT, p, errors(e))
    return "\n".join(lines)


def replace_section(path, text):
    before, _, after = path.read_text().partition("\nlike:")
    before = before.partition("\nserving:")[0]
    path.write_text(before + "\n" + text + "\nlike:" + after)


def fit_system(shared, name, system):
    fits = {"decode": {}, "latent_decode": {}, "latent_prefill": {}, "experts": {}}
    shapes = {"decode": ("generation_attention", kernels.attention_decode_shape),
              "latent_decode": ("generation_mla", kernels.latent_decode_shape)}
    for kind, (table_name, shape_of) in shapes.items():
        table = read(shared, name, table_name)
        for dtype, key in (("bfloat16", "bf16"), ("fp8", "fp8")):
            fits[kind][key] = fit_decode(table[table.kv_cache_dtype == dtype], shape_of, system, name)
            show(name, kind, key, DECODE, fits[kind][key])
    table = read(shared, name, "context_mla")
    for dtype, key in (("bfloat16", "bf16"), ("fp8", "fp8")):
        fits["latent_prefill"][key] = fit_latent_prefill(table, system, dtype == "fp8", 0.8, 2.5)
        show(name, "latent_prefill", key, ATTENTION, fits["latent_prefill"][key])
    table = read(shared, name, "moe")
    for dtype, (key, _) in EXPERT_DTYPES.items():
        if (table.moe_dtype == dtype).any():
            # Blackwell runs the same checkpoints with MXFP8 scales.
            key = "mxfp8" if dtype == "fp8_block" and system["pair_tiles"] else key
            fits["experts"][key] = fit_experts(table, dtype, system)
            show(name, "experts", key, EXPERT, fits["experts"][key])
    return fits


def show(system, kind, key, names, result):
    p, e = result
    print(system, kind, key, " ".join(f"{n}={number(x)}" for n, x in zip(names, p)), e, flush=True)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    shared = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root.parent / "shared"
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root / "platforms" / "catalog" / "kernels"
    fits = {}
    for name, system in SYSTEMS.items():
        fits[name] = fit_system(shared, name, system)
        replace_section(out / f"{system['file']}.yaml", section(fits[name], system, False))
    for system in DERIVED.values():
        replace_section(out / f"{system['file']}.yaml", section(fits[system["like"]], SYSTEMS[system["like"]], True))


if __name__ == "__main__":
    main()
