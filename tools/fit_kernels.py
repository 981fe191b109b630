#!/usr/bin/python3
"""Fits platforms/catalog/kernels/*.yaml to measured kernels. A maintainer's tool; nothing in the build needs it.

usage: tools/fit_kernels.py [SHARED] [OUT]     (defaults: ../shared platforms/catalog/kernels, beside this repository)

Reads SHARED/kernels/<system>/{gemm,context_attention}_perf*.csv.gz (NVIDIA aiconfigurator, TensorRT-LLM operators) and
SHARED/hardware/measured_gemm_*.csv. The formulas are those of src/hardware/operator_cost.cpp; the names of the parameters
are the YAML keys. Two thirds of the rows (drawn at random, fixed seed) are fitted, the rest gives the errors that are
written into the files. Low-precision rows include the quantisation of the activation; its time is fitted
along (quantise_*: bytes per element of A, and a constant) and left out of the GEMM's own parameters.
"""
import pathlib
import sys

import numpy as np
import pandas as pd
from scipy.optimize import minimize

SEED = 7
REVISION = "NVIDIA aiconfigurator commit 095f58a (Apache-2.0)"
LIBRARY = "trtllm-1.3.0rc20"
# peak: dense BF16 FLOP/s; bandwidth: HBM peak; both as in platforms/catalog/gpus.
SYSTEMS = {
    "h100_sxm": dict(file="h100-sxm", peak=989.4e12, bandwidth=3350e9, sms=132, pair_tiles=False),
    "h200_sxm": dict(file="h200-sxm", peak=989.4e12, bandwidth=4800e9, sms=132, pair_tiles=False),
    "b200_sxm": dict(file="b200-sxm", peak=2250e12, bandwidth=8000e9, sms=148, pair_tiles=True),
    "gb200": dict(file="gb200", peak=2500e12, bandwidth=8000e9, sms=148, pair_tiles=True),
}
# Systems of which only medians by size are at hand: the neighbour's parameters, the rates moved to meet the medians.
DERIVED = {
    "a100": dict(file="a100-sxm", like="h100_sxm", peak=312e12, bandwidth=2039e9, sms=108, pair_tiles=False,
                 sustained_loss=0.0, attention_peak=0.66,
                 because="no A100 kernel table at hand: H100's shape dependence, rates moved to the A100 medians of "
                         "measured_gemm_efficiency.csv, which do not fall with size (no sustained loss); attention: "
                         "FlashAttention-2 paper, recalled"),
    "b300_sxm": dict(file="b300-sxm", like="b200_sxm", peak=2250e12, nvfp4=14000e12, bandwidth=7750e9, sms=160,
                     pair_tiles=True,
                     because="no B300 kernel table at hand: B200's shape dependence, rates moved to the B300 medians of "
                             "measured_gemm_efficiency.csv"),
    "gb300": dict(file="gb300", like="gb200", peak=2500e12, nvfp4=15000e12, bandwidth=8000e9, sms=160,
                  pair_tiles=True,
                  because="no GB300 kernel table at hand: GB200's shape dependence, rates moved to the GB300 medians of "
                          "measured_gemm_efficiency.csv"),
}
# Table dtype -> our precision (of this architecture), peak as a multiple of BF16, bytes per element.
DTYPES = {
    "bfloat16": ("bf16", 1, 2.0),
    "fp8": ("fp8", 2, 1.0),
    "fp8_block": ("mxfp8", 2, 1.03125),
    "nvfp4": ("nvfp4", 4, 0.5625),
}
TILES = [(256, 128), (128, 256), (128, 128), (128, 64), (64, 128), (64, 64), (64, 32), (64, 16)]

GEMM = ["peak_fraction", "balanced_tile", "wave_quantisation", "k_ramp", "bandwidth_fraction", "launch_us",
        "overlap_sharpness", "sustained_loss", "quantise_bytes", "quantise_us"]
GEMM_LOW = np.array([0.2, 0, 0, 0, 0.3, 0.5, 1.2, 0, 0, 0])
GEMM_HIGH = np.array([1, 200, 1, 2000, 1, 20, 10, 0.5, 12, 20])
GEMM_START = np.array([0.85, 70, 0.5, 150, 0.8, 2.5, 4, 0.03, 4, 2])

ATTENTION = ["peak_fraction", "tail", "bandwidth_fraction", "launch_us", "preparation_bytes", "preparation_us"]
ATTENTION_LOW = np.array([0.2, 0, 0, 0, 0, 0])
ATTENTION_HIGH = np.array([1, 1.2, 0, 0, 8, 40])
ATTENTION_START = np.array([0.6, 0.5, 0, 0, 2, 8])


def gemm_time(p, shape, system, dtype):
    """Seconds of the GEMM alone, and with the quantisation of A."""
    m, n, k = shape
    peak = system.get(dtype, system["peak"] * DTYPES[dtype][1])
    p = dict(zip(GEMM, p))
    best = np.inf
    for tm, tn in ([(256, 256)] if system["pair_tiles"] else []) + TILES:
        waves = np.ceil(m / tm) * np.ceil(n / tn) / system["sms"]
        waves = waves + p["wave_quantisation"] * (np.ceil(waves) - waves)
        loads = max(1.0, p["balanced_tile"] * (1 / tm + 1 / tn))
        best = np.minimum(best, waves * 2 * tm * tn * (k + p["k_ramp"]) * loads)
    compute = best * system["sms"] / (peak * p["peak_fraction"])
    compute = compute * (1 + p["sustained_loss"] * np.clip(np.log10(compute / 1e-3), 0, 1.5))
    memory = ((m * k + n * k) * DTYPES[dtype][2] + m * n * 2) / (system["bandwidth"] * p["bandwidth_fraction"])
    s = p["overlap_sharpness"]
    time = p["launch_us"] * 1e-6 + (compute**s + memory**s) ** (1 / s)
    return time, time + p["quantise_us"] * 1e-6 + p["quantise_bytes"] * m * k / system["bandwidth"]


def attention_constants(system):
    """Rows of Q in one thread block, and key_ramp: the keys' worth of masked tile, prologue and epilogue each row pays.

    The ramp cannot be told from the preparation kernels (rotary, KV-cache write) that the measured time includes, so
    it is set from the tile: half the diagonal tile is wasted, the ends cost about another tile (64 to 128 keys).
    """
    return (256, 256.0) if system["pair_tiles"] else (128, 150.0)


def attention_time(p, shape, system, fp8):
    batch, heads, kv_heads, length = shape
    rows, ramp = attention_constants(system)
    p = dict(zip(ATTENTION, p))
    rate = system["peak"] * (2 if fp8 else 1) * p["peak_fraction"]
    waves = np.ceil(length / rows) * batch * heads / system["sms"]
    keys = waves * (length / 2 + ramp) + p["tail"] * (length + ramp)
    compute = 4 * 128 * rows * keys * system["sms"] / rate
    qkv = batch * length * (heads + 2 * kv_heads) * 128 * 2
    memory = (qkv + batch * length * heads * 128 * 2) / (system["bandwidth"] * p["bandwidth_fraction"])
    time = p["launch_us"] * 1e-6 + (compute**4 + memory**4) ** 0.25
    return time, time + p["preparation_us"] * 1e-6 + p["preparation_bytes"] * qkv / system["bandwidth"]


def minimise(low, high, start, loss):
    """Nelder-Mead in a logistic box, restarted; parameters with low == high stay."""
    free = np.flatnonzero(high > low)

    def unpack(z):
        x = start.copy()
        x[free] = low[free] + (high - low)[free] / (1 + np.exp(-z))
        return x

    share = np.clip((start[free] - low[free]) / (high - low)[free], 0.02, 0.98)
    z = np.log(share / (1 - share))
    for _ in range(3):
        simplex = np.vstack([z, z + 0.5 * np.eye(len(z))])
        z = minimize(lambda v: loss(unpack(v)), z, method="Nelder-Mead",
                     options=dict(maxiter=700, adaptive=True, initial_simplex=simplex)).x
    return unpack(z)


def errors(log_ratio, rows):
    a = np.abs(log_ratio[rows])
    return [round(float(np.median(a)), 3), round(float(np.quantile(a, 0.9)), 3)]


def read(shared, system, table):
    path, = (shared / "kernels" / system).glob(f"{table}_perf*.csv.gz")
    return pd.read_csv(path)


def fit_gemm(table, system, dtype, launch_us):
    """launch_us: BF16's, for the other precisions: only the sum with quantise_us shows in their rows."""
    table = table[table.gemm_dtype == dtype]
    shape = tuple(table[c].to_numpy(float) for c in "mnk")
    measured = table.latency.to_numpy() * 1e-3
    random = np.random.default_rng(SEED)
    held = random.random(len(table)) < 1 / 3
    training = (shape[0] >= 1024) & (shape[1] >= 1024) & (shape[2] >= 1024)
    large = random.permutation(np.flatnonzero(~held & training))[:2500]
    small = random.permutation(np.flatnonzero(~held & ~training))[:1500]
    rows = np.r_[large, small]
    # Training-size GEMMs count three times as much: they are what a training step consists of.
    weight = np.r_[np.full(len(large), 3 / len(large)), np.full(len(small), 1 / len(small))]
    fitted = tuple(c[rows] for c in shape)

    def loss(p):
        return (weight * np.hypot(np.log(gemm_time(p, fitted, system, dtype)[1] / measured[rows]), 0.01)).sum()

    low, high, start = GEMM_LOW.copy(), GEMM_HIGH.copy(), GEMM_START.copy()
    if dtype == "bfloat16":
        low[-2:] = high[-2:] = start[-2:] = 0
    else:
        at = GEMM.index("launch_us")
        low[at] = high[at] = start[at] = launch_us
    p = minimise(low, high, start, loss)
    ratio = np.log(gemm_time(p, shape, system, dtype)[1] / measured)
    return p, errors(ratio, held), errors(ratio, held & training)


def fit_attention(table, system, dtype, bf16_gemm):
    table = table[(table.attn_dtype == dtype) & (table.kv_cache_dtype == dtype) & (table.isl >= 64)]
    shape = tuple(table[c].to_numpy(float) for c in ("batch_size", "num_heads", "num_key_value_heads", "isl"))
    measured = table.latency.to_numpy() * 1e-3
    held = np.random.default_rng(SEED).random(len(table)) < 1 / 3
    long = shape[3] >= 2048
    weight = np.where(long, 3 / long[~held].sum(), 1 / (~long)[~held].sum())

    def loss(p):
        ratio = np.log(attention_time(p, shape, system, dtype == "fp8")[1] / measured)
        return (weight * np.hypot(ratio, 0.01))[~held].sum()

    # Neither shows apart from the preparation kernels in these rows: taken from the same library's GEMMs.
    low, high, start = ATTENTION_LOW.copy(), ATTENTION_HIGH.copy(), ATTENTION_START.copy()
    for name in ("bandwidth_fraction", "launch_us"):
        at = ATTENTION.index(name)
        low[at] = high[at] = start[at] = bf16_gemm[GEMM.index(name)]
    p = minimise(low, high, start, loss)
    ratio = np.log(attention_time(p, shape, system, dtype == "fp8")[1] / measured)
    return p, errors(ratio, held), errors(ratio, held & long)


def meet_medians(p, grid, system, dtype, medians):
    """Scales peak_fraction until the model's medians by size (256 GFLOP up) agree with the published ones."""
    shape = tuple(grid[c].to_numpy(float) for c in "mnk")
    flops = 2 * shape[0] * shape[1] * shape[2]
    peak = system.get(dtype, system["peak"] * DTYPES[dtype][1])
    size = 2.0 ** np.floor(np.log2(flops / 1e9))
    p = p.copy()
    for _ in range(20):
        fraction = pd.Series(flops / gemm_time(p, shape, system, dtype)[1] / peak).groupby(size).median()
        gap = (medians / fraction.reindex(medians.index)).median()
        p[0] = min(1.0, p[0] * gap)
    return p


def published_medians(shared, system, dtype):
    table = pd.read_csv(shared / "hardware" / "measured_gemm_efficiency.csv")
    table = table[(table.system == system) & (table.dtype == dtype)]
    table = table[(table.gflop_bin_low >= 256) & (table.gflop_bin_low <= 8192)]
    return table.set_index("gflop_bin_low").frac_of_dense_peak_p50


def number(x):
    return f"{x:.4g}"


def gemm_lines(p, fit):
    p = dict(zip(GEMM, p))
    yield f"    peak_fraction: {number(p['peak_fraction'])}"
    yield f"    balanced_tile: {number(p['balanced_tile'])}"
    yield f"    wave_quantisation: {number(p['wave_quantisation'])}"
    yield f"    k_ramp: {number(p['k_ramp'])}"
    yield f"    bandwidth_fraction: {number(p['bandwidth_fraction'])}"
    yield f"    launch: {number(p['launch_us'])} us"
    yield f"    overlap_sharpness: {number(p['overlap_sharpness'])}"
    yield f"    sustained_loss: {number(p['sustained_loss'])}"
    if p["quantise_bytes"] > 0:
        yield (f"    # left out: quantising A took {number(p['quantise_bytes'])} B of HBM time per element "
               f"+ {number(p['quantise_us'])} us")
    yield f"    fit: {fit}"


def attention_lines(p, system, backward, fit):
    p = dict(zip(ATTENTION, p))
    rows, ramp = attention_constants(system)
    yield f"    peak_fraction: {number(p['peak_fraction'])}"
    yield f"    block_rows: {rows}"
    yield f"    key_ramp: {number(ramp)}"
    yield f"    tail: {number(p['tail'])}"
    yield f"    bandwidth_fraction: {number(p['bandwidth_fraction'])}"
    yield f"    launch: {number(p['launch_us'])} us"
    yield (f"    # left out: rotary, KV-cache write: {number(p['preparation_bytes'])} B of HBM time per byte of QKV "
           f"+ {number(p['preparation_us'])} us")
    yield f"    softmax_dim: 110     # d=64 at 0.68 of d=128's rate, as FlashAttention-3 prints for H100; recalled"
    yield f"    backward_ratio: {backward[0]}  # {backward[1]}"
    yield f"    fit: {fit}"


BACKWARD = {
    "a100-sxm": (0.85, "FlashAttention-2 on A100: about 170 of 200 TFLOP/s; recalled"),
    "h100-sxm": (0.80, "FlashAttention-3 and cuDNN 9 on H100: 450-550 of 600-700 TFLOP/s; recalled"),
}


def write(path, head, derived, gemm, attention, system, memory_fraction, memory_launch):
    like = {"tf32": "bf16", "fp32": "bf16", "fp64": "bf16"}
    if system["pair_tiles"]:
        like["mxfp4"] = "nvfp4"
    lines = [f"# {line}" for line in head]
    lines += ["# Written by tools/fit_kernels.py; keys are explained in src/hardware/kernel_profile.hpp.",
              f"library: {LIBRARY}",
              f'source: "{REVISION}, TensorRT-LLM 1.3.0rc20 operator tables"']
    if derived:
        lines += [f"derived_from: {derived[0]}", f'derived_because: "{derived[1]}"']
    lines += [f"pair_tiles: {str(system['pair_tiles']).lower()}", "gemm:"]
    for precision, (p, fit) in gemm.items():
        lines += [f"  {precision}:", *gemm_lines(p, fit)]
    lines += ["attention:"]
    for precision, (p, fit) in attention.items():
        backward = BACKWARD.get(path.stem, (0.80, "as measured on H100 (FlashAttention-3, cuDNN 9); recalled"))
        lines += [f"  {precision}:", *attention_lines(p, system, backward, fit)]
    lines += ["memory:  # the rate at which m <= 8 GEMMs stream weights, and the shortest kernel",
              f"  bandwidth_fraction: {number(memory_fraction)}", f"  launch: {number(memory_launch)} us",
              *serving(path), "like:  # precisions without a table, priced with another's fractions of their own peak",
              *[f"  {a}: {b}" for a, b in like.items()]]
    path.write_text("\n".join(lines) + "\n" + libraries(path))


def serving(path):
    """The section that tools/fit_serving_kernels.py writes: kept as it is."""
    _, found, after = path.read_text().partition("\nserving:") if path.exists() else ("", "", "")
    return ["serving:" + after.partition("\nlike:")[0]] if found else []


def libraries(path):
    """Library variants are written by hand, from the end of the file: kept as they are."""
    default = "libraries: {}  # variants: factors on the rates above, chosen by name (see with_library())\n"
    before, found, after = path.read_text().partition("\nlibraries:") if path.exists() else ("", "", "")
    return "libraries:" + after if found else default


def quoted(all_rows, chosen, what):
    return f"{{held_out: {all_rows}, {what}: {chosen}}}"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    shared = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root.parent / "shared"
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root / "platforms" / "catalog" / "kernels"
    fits, grids = {}, {}
    for name, system in SYSTEMS.items():
        table = read(shared, name, "gemm")
        grids[name] = table
        gemm, attention = {}, {}
        for dtype, (precision, _, _) in DTYPES.items():
            # Hopper has no MXFP8: its fp8_block is DeepSeek-style 128x128 scaling on FP8 tensor cores, which is looked up
            # as MXFP8 weights under FP8 arithmetic.
            if not (table.gemm_dtype == dtype).any():
                continue
            launch_us = gemm["bf16"][0][GEMM.index("launch_us")] if gemm else None
            p, every, training = fit_gemm(table, system, dtype, launch_us)
            gemm[precision] = (p, quoted(every, training, "training_size"))
            print(name, precision, dict(zip(GEMM, np.round(p, 4))), every, training, flush=True)
        table = read(shared, name, "context_attention")
        for dtype, precision in (("bfloat16", "bf16"), ("fp8", "fp8")):
            p, every, long = fit_attention(table, system, dtype, gemm["bf16"][0])
            attention[precision] = (p, quoted(every, long, "long"))
            print(name, "attention", precision, dict(zip(ATTENTION, np.round(p, 4))), every, long, flush=True)
        fits[name] = gemm, attention
        head = [f"{name}: parameters fitted to measured kernels. fit: median and 90th percentile of |log error|."]
        p = dict(zip(GEMM, gemm["bf16"][0]))
        write(out / f"{system['file']}.yaml", head, None, gemm, attention, system, p["bandwidth_fraction"], p["launch_us"])

    streaming = pd.read_csv(shared / "hardware" / "measured_gemm_by_m.csv")
    streaming = streaming[(streaming.dtype == "bfloat16") & (streaming.m <= 8)]
    streaming = streaming.groupby("system").effective_weight_bw_TBps_p50.median() * 1e12
    for name, system in DERIVED.items():
        neighbour = SYSTEMS[system["like"]]
        gemm, attention = {}, {}
        # What the neighbour's profile calls bandwidth_fraction, moved by the ratio of the measured streaming rates.
        ratio = streaming[name] / system["bandwidth"] / (streaming[system["like"]] / neighbour["bandwidth"])
        for dtype, (precision, _, _) in DTYPES.items():
            if precision not in fits[system["like"]][0] or not len(medians := published_medians(shared, name, dtype)):
                continue
            p = fits[system["like"]][0][precision][0].copy()
            p[GEMM.index("sustained_loss")] = system.get("sustained_loss", p[GEMM.index("sustained_loss")])
            p[GEMM.index("bandwidth_fraction")] = min(1.0, p[GEMM.index("bandwidth_fraction")] * ratio)
            grid = grids[system["like"]]
            p = meet_medians(p, grid[(grid.gemm_dtype == dtype) & (grid.m >= 128)], system, dtype, medians)
            gemm[precision] = (p, "{}")
            print(name, precision, dict(zip(GEMM, np.round(p, 4))), flush=True)
        for precision, (p, _) in fits[system["like"]][1].items():
            if precision in gemm:
                p = p.copy()
                p[0] = system.get("attention_peak", p[0])
                attention[precision] = (p, "{}")
        head = [f"{name}: derived from {neighbour['file']}."]
        p = dict(zip(GEMM, gemm["bf16"][0]))
        write(out / f"{system['file']}.yaml", head, (neighbour["file"], system["because"]), gemm, attention, system,
              p["bandwidth_fraction"], p["launch_us"])


if __name__ == "__main__":
    main()
