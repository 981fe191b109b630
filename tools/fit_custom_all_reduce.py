#!/usr/bin/python3
"""Fits platforms/catalog/libraries/tensorrt-llm.yaml. A maintainer's tool; prints the rows of the file.

usage: tools/fit_custom_all_reduce.py [SHARED]     (default: ../shared, beside this repository)

Reads SHARED/kernels/*/custom_allreduce_perf*.csv: TensorRT-LLM's all-reduce kernels on 2 to 8 GPUs of one NVLink domain.
One shot: every rank gets every other's whole tensor, t = launch + per_rank n + (n - 1) S / (rate NVLink). Two shots, reduce
then gather: t = launch + setup + per_rank n + 2 (n - 1) / n S / (rate NVLink). The faster is taken. Up to 8 MiB: beyond it
TensorRT-LLM calls NCCL. Half of the rows is fitted (fixed seed), the other half gives the errors.
"""
import pathlib
import sys

import numpy as np
import pandas as pd

from fit_kernels import SEED, minimise, number

ARCHITECTURES = {"hopper": (("h100_sxm", "h200_sxm"), 450e9), "blackwell": (("b200_sxm", "gb200"), 900e9)}
NAMES = ["launch_us", "per_rank_us", "setup_us", "one_shot_rate", "two_shot_rate"]


def time(p, ranks, size, nvlink):
    p = dict(zip(NAMES, p))
    start = p["launch_us"] + p["per_rank_us"] * ranks
    one = start + (ranks - 1) * size / (p["one_shot_rate"] * nvlink) * 1e6
    two = start + p["setup_us"] + 2 * (ranks - 1) / ranks * size / (p["two_shot_rate"] * nvlink) * 1e6
    return np.minimum(one, two)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    shared = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root.parent / "shared"
    for name, (systems, nvlink) in ARCHITECTURES.items():
        tables = [pd.read_csv(path) for s in systems for path in (shared / "kernels" / s).glob("custom_allreduce_perf*.csv")]
        table = pd.concat(tables)
        size = table.message_size.to_numpy(float) * 2
        keep = size <= 8 * 2**20
        size, ranks, measured = size[keep], table.num_gpus.to_numpy(float)[keep], table.latency.to_numpy()[keep] * 1e3
        held = np.random.default_rng(SEED).random(len(size)) < 0.5

        def loss(p):
            return np.abs(np.log(time(p, ranks, size, nvlink) / measured))[~held].sum()

        p = minimise(np.array([1, 0, 0, 0.05, 0.05]), np.array([8, 1, 40, 1, 1]), np.array([2.5, 0.1, 5, 0.6, 0.7]), loss)
        error = np.abs(np.log(time(p, ranks, size, nvlink) / measured))
        print(name, " ".join(f"{n}={number(x)}" for n, x in zip(NAMES, p)))
        for what, rows in {"all": held, "<= 64 KiB": held & (size <= 65536), "> 64 KiB": held & (size > 65536)}.items():
            print(f"  held out, {what}: median {np.median(error[rows]):.3f}, 90th percentile {np.quantile(error[rows], 0.9):.3f}")


if __name__ == "__main__":
    main()
