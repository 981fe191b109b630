#!/usr/bin/python3
"""Fits platforms/catalog/kernels/rtx-pro-6000.yaml to layer times of a serving engine. A maintainer's tool.

usage: tools/fit_profiled_gpu.py [SHARED] [OUT]     (defaults: ../shared platforms/catalog/kernels, beside this repository)

Reads SHARED/serving-runs/profile/*/*/bf16/tp*/{dense,per_sequence}.csv and attention.csv.gz: vLLM 0.19 on one RTX PRO 6000
(LLMServingSim, MIT), microseconds. A random half is fitted, the other half gives the errors in the file. Where a prompt runs
in the same iteration, vLLM's FlashAttention 2 treats decodes as prompts of one token; such rows are fitted as prompts.
What was not measured (other precisions, experts, latent attention) is taken from B200's table.
"""
import pathlib
import sys

import numpy as np
import pandas as pd

import fit_serving_kernels as serving
import serving_kernels as kernels
from fit_kernels import GEMM, GEMM_HIGH, GEMM_LOW, GEMM_START, gemm_lines, gemm_time, libraries, number

SYSTEM = dict(file="rtx-pro-6000", peak=468e12, bandwidth=1792e9, sms=188, pair_tiles=False)
L2 = 128e6
BLOCK_ROWS = 64
# hidden, FFN width, query heads, KV heads, vocabulary
MODELS = {"meta-llama/Llama-3.1-8B": (4096, 14336, 32, 8, 128256), "Qwen/Qwen3-32B": (5120, 25600, 64, 8, 151936)}
PROMPT = ["peak_fraction", "key_ramp", "tail", "launch_us"]


def directories(shared):
    for model, widths in MODELS.items():
        for tp in (1, 2):
            yield shared / "serving-runs" / "profile" / model / "bf16" / f"tp{tp}", tp, widths


def gemm_rows(shared):
    rows = []
    for folder, tp, (hidden, ffn, heads, kv_heads, vocabulary) in directories(shared):
        shapes = {"qkv_proj": ((heads + 2 * kv_heads) * 128 / tp, hidden), "o_proj": (hidden, heads * 128 / tp),
                  "gate_up_proj": (2 * ffn / tp, hidden), "down_proj": (hidden, ffn / tp)}
        for row in pd.read_csv(folder / "dense.csv").itertuples():
            if row.layer in shapes:
                rows.append((row.tokens, *shapes[row.layer], row.time_us))
        for row in pd.read_csv(folder / "per_sequence.csv").itertuples():
            if row.layer == "lm_head":
                rows.append((row.sequences, vocabulary / tp, hidden, row.time_us))
    return np.array(rows, float).T


def fit_gemm(shared):
    m, n, k, measured = gemm_rows(shared)
    low, high, start = GEMM_LOW.copy(), GEMM_HIGH.copy(), GEMM_START.copy()
    low[-2:] = high[-2:] = start[-2:] = 0
    sustained = GEMM.index("sustained_loss")
    low[sustained] = high[sustained] = start[sustained] = 0  # no row is long enough to show it
    shape = {"m": m, "n": n, "k": k}
    return serving.fit(low, high, start, lambda p, s: gemm_time(p, (s["m"], s["n"], s["k"]), SYSTEM, "bfloat16")[0], shape,
                       measured * 1e-6, np.full(len(m), True), np.ones(len(m)),
                       {"held_out": m > 0, "training_size": m >= 1024, "decode": m <= 256})


def attention_rows(shared):
    tables = []
    for folder, tp, (_, _, heads, kv_heads, _) in directories(shared):
        table = pd.read_csv(folder / "attention.csv.gz")
        tables.append(table.assign(heads=heads / tp, kv_heads=kv_heads / tp))
    return pd.concat(tables, ignore_index=True)


def prompt_time(p, s, system):
    """As attention_forward: the prompt's blocks, and one of each decoding sequence and query head."""
    p = dict(zip(PROMPT, p))
    keys = s["kv"] + s["chunk"]
    waves = np.ceil(s["chunk"] / BLOCK_ROWS) * s["heads"] / system["sms"]
    decodes = s["decodes"] * s["heads"] / system["sms"]
    total = waves * (s["kv"] + s["chunk"] / 2 + p["key_ramp"]) + decodes * (s["decode_kv"] + p["key_ramp"])
    total = total + p["tail"] * (np.maximum(keys, np.where(s["decodes"] > 0, s["decode_kv"], 0)) + p["key_ramp"])
    return p["launch_us"] * 1e-6 + 4 * 128 * BLOCK_ROWS * total * system["sms"] / (system["peak"] * p["peak_fraction"])


def fit_prompts(table):
    table = table[table.prefill_chunk > 0].reset_index(drop=True)
    s = {"chunk": table.prefill_chunk, "kv": table.kv_prefill, "decodes": table.n_decode, "decode_kv": table.kv_decode,
         "heads": table.heads}
    s = {key: value.to_numpy(float) for key, value in s.items()}
    # Beyond it the re-read cache falls out of L2 and time grows several times over: rarer than what is fitted.
    cached = s["decodes"] * s["decode_kv"] * table.kv_heads.to_numpy() * 512
    usual = (cached < 4 * L2) & (s["decode_kv"] <= 4096)
    pure = s["decodes"] == 0
    return serving.fit(np.array([0.1, 0, 0, 1]), np.array([1, 600, 1.5, 10.0]), np.array([0.6, 200, 0.5, 5]),
                       lambda p, x: prompt_time(p, x, SYSTEM), s, table.time_us.to_numpy() * 1e-6, usual,
                       np.where(pure, 5.0, 1.0), {"prompts": pure, "mixed": usual & ~pure, "mixed_beyond_L2": ~usual & ~pure})


def fit_decode(table):
    table = table[(table.prefill_chunk == 0) & (table.n_decode > 0)]
    decodes, n = table.n_decode.to_numpy(float), table.kv_decode.to_numpy(float)
    m, batch = (table.heads / table.kv_heads).to_numpy(), (decodes * table.kv_heads).to_numpy(float)
    cache = 2 * n * 128 * batch * 2
    shape = dict(m=m, n=n, batch=batch, cache=cache, flops=4 * m * n * 128 * batch, bytes=cache + 2 * m * 128 * batch * 2,
                 peak=np.full(len(n), SYSTEM["peak"]))
    every = np.full(len(n), True)
    return serving.fit(kernels.DECODE_LOW, kernels.DECODE_HIGH, kernels.DECODE_START,
                       lambda p, s: kernels.decode_time(p, s, SYSTEM), shape, table.time_us.to_numpy() * 1e-6, every,
                       np.ones(len(n)), {"streaming": cache > 1.3 * L2, "rest": cache <= 1.3 * L2})


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    shared = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root.parent / "shared"
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root / "platforms" / "catalog" / "kernels"
    path = out / f"{SYSTEM['file']}.yaml"
    gemm, gemm_errors = fit_gemm(shared)
    table = attention_rows(shared)
    prompts, prompt_errors = fit_prompts(table)
    decode, decode_errors = fit_decode(table)
    serving.show(SYSTEM["file"], "gemm", "bf16", GEMM, (gemm, gemm_errors))
    serving.show(SYSTEM["file"], "prompts", "bf16", PROMPT, (prompts, prompt_errors))
    serving.show(SYSTEM["file"], "decode", "bf16", kernels.DECODE, (decode, decode_errors))
    p = dict(zip(PROMPT, prompts))
    bandwidth = gemm[GEMM.index("bandwidth_fraction")]
    _, _, neighbour = (out / "b200-sxm.yaml").read_text().partition("\n  latent_decode:")
    lines = ["# rtx-pro-6000: parameters fitted to measured layers. fit: held-out median and 90th percentile of |log error|.",
             "# Written by tools/fit_profiled_gpu.py; keys are explained in src/hardware/kernel_profile.hpp.",
             "library: vllm-0.19",
             'source: "layer times of vLLM 0.19 (CUDA 13.0) on one RTX PRO 6000 Blackwell, Llama 3.1 8B and Qwen3 32B, BF16:'
             ' LLMServingSim (MIT)"',
             "pair_tiles: false", "gemm:", "  bf16:", *gemm_lines(gemm, text(gemm_errors)), "attention:", "  bf16:",
             f"    peak_fraction: {number(p['peak_fraction'])}", f"    block_rows: {BLOCK_ROWS}",
             f"    key_ramp: {number(p['key_ramp'])}", f"    tail: {number(p['tail'])}",
             f"    bandwidth_fraction: {number(bandwidth)}", f"    launch: {number(p['launch_us'])} us",
             "    softmax_dim: 110     # as on H100", "    backward_ratio: 0.8  # as on H100", f"    fit: {text(prompt_errors)}",
             "memory:  # the rate at which decode GEMMs stream weights; norms and activations of one token take 2.0 to 2.9 us",
             f"  bandwidth_fraction: {number(bandwidth)}", "  launch: 2.2 us",
             "serving:",
             "  prompts_take_decodes: true  # FlashAttention 2: in one launch with a prompt, decodes run as prompts of one token",
             "  decode:", *serving.yaml_row("bf16", kernels.DECODE, decode, decode_errors),
             "  # From here on as fitted for b200-sxm.", "  latent_decode:" + neighbour.partition("\nlike:")[0],
             "like:  # precisions without a table, priced with another's fractions of their own peak",
             *[f"  {name}: bf16" for name in ("tf32", "fp32", "fp64", "fp8", "mxfp8", "nvfp4", "mxfp4")]]
    path.write_text("\n".join(lines) + "\n" + libraries(path))


def text(errors):
    return "{" + ", ".join(f"{name}: {value}" for name, value in errors.items()) + "}"


if __name__ == "__main__":
    main()
