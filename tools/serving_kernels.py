"""Formulas of the inference kernels, as in src/hardware/{decode,expert}_cost.cpp, and the shapes of measured rows.

A shape is a dict of arrays named as the fields of an Operator (src/base/operator.hpp). Times are in seconds.
"""
import numpy as np

# Stored bytes of one element: tensor, block scales included.
STORED = {"bfloat16": 2.0, "fp8": 1.0, "fp8_block": 1.0, "nvfp4": 0.5625, "mxfp4": 0.53125}

DECODE = ["launch_us", "fill_us", "fill_keys", "block_us", "grouped_us", "row_us", "block_share", "key_us",
          "bandwidth_fraction", "peak_fraction", "overlap_sharpness"]
DECODE_LOW = np.array([2, 0, 64, 0, 0, 0, 0, 0, 0.3, 0.1, 1.5])
DECODE_HIGH = np.array([30, 40, 4096, 1, 0.2, 0.02, 1, 1e-3, 1, 1, 8])
DECODE_START = np.array([8, 8, 500, 0.01, 0.002, 1e-4, 0.3, 5e-5, 0.92, 0.6, 4])
ROW_TILE = 16  # least rows of a tensor-core instruction: fewer query heads cost as much

EXPERT = ["launch_us", "expert_us", "bandwidth_fraction", "peak_fraction", "balanced_tile", "k_ramp", "token_passes",
          "row_bytes", "overlap_sharpness"]
EXPERT_LOW = np.array([3, 0, 0.3, 0.1, 0, 0, 0, 0, 1.2])
EXPERT_HIGH = np.array([120, 2, 1, 1, 127, 1500, 20, 60, 8])
EXPERT_START = np.array([25, 0.2, 0.9, 0.7, 40, 150, 2, 5, 3])
EXPERT_TILES = (16, 32, 64, 128)


def decode_time(p, shape, system):
    """Piecewise affine in the mean context n: the longer of blocks that start and end, and streaming the cache."""
    p = dict(zip(DECODE, p))
    block = p["block_us"] + p["row_us"] * shape["m"] + np.where(shape["m"] > 1, p["grouped_us"], 0)
    blocks = shape["batch"] * block * 1e-6
    padded = np.maximum(1, ROW_TILE / shape["m"])
    compute = shape["flops"] * padded / (shape["peak"] * p["peak_fraction"])
    rate = system["bandwidth"] * p["bandwidth_fraction"]
    stream = p_norm(compute, shape["cache"] / rate, p["overlap_sharpness"]) + (shape["bytes"] - shape["cache"]) / rate
    filling = p["fill_us"] * 1e-6 * np.minimum(1, shape["n"] / p["fill_keys"])
    streamed = filling + p["block_share"] * blocks + p["key_us"] * 1e-6 * shape["n"] + stream
    return p["launch_us"] * 1e-6 + np.maximum(blocks, streamed)


def p_norm(a, b, sharpness):
    longer, ratio = np.maximum(a, b), np.minimum(a, b) / np.maximum(a, b)
    return longer * (1 + ratio**sharpness) ** (1 / sharpness)


def expert_time(p, shape, system):
    p = dict(zip(EXPERT, p))
    rows = shape["m"] / shape["batch"]
    held = np.inf
    for tile in EXPERT_TILES:
        tiles = shape["batch"] * np.maximum(1, rows / tile + 0.5)
        loads = max(1.0, p["balanced_tile"] * (1 / tile + 1 / 128))
        held = np.minimum(held, tiles * tile * loads)
    matrices = shape["matrices"]
    # Two launches of different depth: (matrices - 1) of depth k, one of depth n.
    depth = 2 * shape["n"] * shape["k"] * matrices
    ramp = 2 * p["k_ramp"] * ((matrices - 1) * shape["n"] + shape["k"])
    compute = held * (depth + ramp) / (shape["peak"] * p["peak_fraction"])
    memory = shape["weights"] / (system["bandwidth"] * p["bandwidth_fraction"])
    passes = p["token_passes"] * (shape["bytes"] - shape["weights"]) + p["row_bytes"] * shape["m"] * shape["k"]
    passes = passes / system["bandwidth"]
    return (p["launch_us"] + p["expert_us"] * shape["batch"]) * 1e-6 + p_norm(compute, memory, p["overlap_sharpness"]) + passes


def attention_decode_shape(table, system):
    sequences, heads, kv_heads = (table[c].to_numpy(float) for c in ("batch_size", "num_heads", "num_key_value_heads"))
    n = table.step.to_numpy(float) + 1
    stored = table.kv_cache_dtype.map(STORED).to_numpy()
    m, k, batch = heads / kv_heads, 128.0, sequences * kv_heads
    bytes_ = batch * (2 * n * k * stored + 2 * m * k * 2)
    return dict(m=m, n=n, k=k, batch=batch, flops=4 * m * n * k * batch, bytes=bytes_, cache=2 * n * k * stored * batch,
                peak=np.where(stored < 2, 2, 1) * system["peak"])


def latent_decode_shape(table, system):
    """576 cached numbers of a token, of which 512 are the values."""
    sequences, heads = table.batch_size.to_numpy(float), table.num_heads.to_numpy(float)
    n = table.step.to_numpy(float) + 1
    stored = table.kv_cache_dtype.map(STORED).to_numpy()
    cache = 576 * n * stored * sequences
    return dict(m=heads, n=n, k=576.0, batch=sequences, flops=2 * (576 + 512) * heads * n * sequences,
                bytes=cache + sequences * heads * (576 + 512) * 2, cache=cache,
                peak=np.where(stored < 2, 2, 1) * system["peak"])


def routed(tokens, experts, top_k, ranks, distribution, random):
    """(pairs, experts with work) of the busiest of `ranks` that share the experts evenly, means over draws.

    balanced: as even as whole tokens allow. power_law_a: the tables' own recipe, a token count of each expert drawn from
    x^-a (between 1 and 0.8 tokens, or 0.01 and 2 where there are fewer pairs than experts), scaled to the pairs.
    """
    pairs = tokens * top_k
    if distribution == "balanced":
        hit = min(experts, pairs) / ranks
        return max(pairs / ranks, 1.0), max(hit, 1.0)
    a = float(distribution.rsplit("_", 1)[1])
    low, high = (1.0, 0.8 * tokens) if pairs > experts else (0.01, 2.0)
    drawn = []
    for _ in range(12):
        u = random.random(experts)
        counts = ((high ** (1 - a) - low ** (1 - a)) * u + low ** (1 - a)) ** (1 / (1 - a))
        counts = np.minimum(np.round(counts / counts.sum() * pairs), tokens)
        by_rank = counts.reshape(ranks, -1)
        busiest = by_rank[np.argmax(by_rank.sum(axis=1))]
        drawn.append((busiest.sum(), (busiest > 0).sum()))
    pairs_there, hit = np.mean(drawn, axis=0)
    return max(pairs_there, 1.0), max(hit, 1.0)


def expert_shape(table, dtype, system):
    """dtype: (arithmetic, its peak over BF16's, bytes of a stored weight, bytes of an activation)."""
    _, peak, stored, activation = dtype
    random = np.random.default_rng(7)
    keys = list(zip(table.num_tokens, table.num_experts, table.topk, table.moe_ep_size, table.distribution))
    known = {key: routed(*key, random) for key in dict.fromkeys(keys)}
    m, batch = np.array([known[key] for key in keys]).T
    n = (table.inter_size / table.moe_tp_size).to_numpy(float)
    k = table.hidden_size.to_numpy(float)
    matrices = np.where(table.kernel_source.str.contains("nongated"), 2.0, 3.0)
    # Every token of the group is read and written by each of its ranks, whatever the experts it chose.
    weights, tokens = batch * matrices * n * k * stored, table.num_tokens.to_numpy(float)
    return dict(m=m, n=n, k=k, batch=batch, matrices=matrices, peak=np.full(len(m), peak * system["peak"]), weights=weights,
                bytes=weights + tokens * k * (activation + 2))
