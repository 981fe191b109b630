#!/usr/bin/env python3
"""Fits the in-domain constants of platforms/catalog/libraries/nccl.yaml and prints them as its rows, errors on stderr.

Usage: fit_collectives.py NCCL.csv COLLECTIVES.csv
  NCCL.csv         system, op, num_gpus, bytes, latency_us: 2 to 8 GPUs of one NVLink domain
  COLLECTIVES.csv  group, collective, num_gpus, nvlink_domain_gpus, gpu, message_bytes, time_us: published nccl-tests

One equation serves all, as in src/collective: T = launch + setup + per_rank * ranks + hypot(steps * step, wire / rate),
least over the protocols ("narrow": Simple with the few channels that small messages get); rates are fractions of the
GPU's NVLink bandwidth in one direction.
  ring    steps = ranks - 1 (all_gather, reduce_scatter) or twice that (all_reduce); wire = bytes / ranks * (steps + extra).
          `extra` is the primitive a ring has beyond its sends: it makes a ring of two slower per byte than one of eight.
  nvls    steps = 0; wire = bytes
  direct  steps = 0; wire = bytes / ranks * (ranks - 1 + extra): `extra` is the rank's copy to itself
Every second row is held out once to show that the constants carry over; the printed ones use all rows.
"""
import sys
import numpy as np
import pandas as pd
from scipy.optimize import least_squares

ARCHITECTURES = {"ampere": ["a100"], "hopper": ["h100", "h200"], "blackwell": ["b200", "b300", "gb200", "gb300"]}
PUBLISHED = {"ampere": "A100", "hopper": "H100|H200", "blackwell": "B200|B300"}
NVLINK = {"ampere": 300e3, "hopper": 450e3, "blackwell": 900e3}  # bytes/us in one direction
MIB = 2**20


def ring(p, steps, ranks, size, nvlink):
    wire = size / ranks * (steps + p["extra"])
    return np.min([p["launch"] + p.get(f"{x}_setup", 0) + np.hypot(steps * p[f"{x}_step"], wire / (p[f"{x}_rate"] * nvlink))
                   for x in ("LL", "LL128", "Simple")], axis=0)


def nvls(p, ranks, size, nvlink):
    return p["launch"] + np.minimum(p["narrow_setup"] + size / (p["narrow_rate"] * nvlink),
                                    p["setup"] + p["per_rank"] * ranks + size / (p["rate"] * nvlink))


def direct(p, ranks, size, nvlink):
    wire = size / ranks * (ranks - 1 + p["extra"])
    return p["launch"] + np.min([wire / (p["LL_rate"] * nvlink),
                                 p["narrow_setup"] + wire / (p["narrow_rate"] * nvlink),
                                 p["setup"] + wire / (p["rate"] * nvlink)], axis=0)


def fit(function, start, measured):
    names, x0 = list(start), np.log(list(start.values()))
    room = [0.7 if "LL128_rate" in start and name.endswith("rate") else 3 for name in names]  # keeps LL < LL128 < Simple
    result = least_squares(lambda x: np.log(function(dict(zip(names, np.exp(x)))) / measured), x0, loss="soft_l1",
                           f_scale=0.05, bounds=(x0 - room, x0 + room))
    return dict(zip(names, np.exp(result.x)))


def report(title, predicted, size, measured):
    error, big = 100 * np.abs(predicted / measured - 1), size >= MIB
    def figures(m): return f"{np.median(error[m]):5.1f} {np.quantile(error[m], .9):5.1f}" if m.any() else "    -     -"
    print(f"  {title:34s} median, p90 %: >= 1 MiB {figures(big)}   < 1 MiB {figures(~big)}   {len(size)} rows",
          file=sys.stderr)


def held_out_then_all(title, model, start, size, measured):
    size, measured = np.asarray(size, float), np.asarray(measured, float)
    odd = np.arange(len(size)) % 2 == 1
    half = fit(lambda p: model(p)[~odd], start, measured[~odd])
    report(title + ", held out", model(half)[odd], size[odd], measured[odd])
    full = fit(model, start, measured)
    report(title, model(full), size, measured)
    return full


def show(title, constants):
    print(f"  {title}: {{" + ", ".join(f"{k}: {v:.3g}" for k, v in constants.items()) + "}")


def fit_ring(rows, nvlink):
    steps = np.where(rows.op == "all_reduce", 2, 1) * (rows.num_gpus.to_numpy() - 1)
    ranks, size = rows.num_gpus.to_numpy(), rows.bytes.to_numpy()
    start = dict(launch=5, LL_step=.8, LL_rate=.2, LL128_setup=6, LL128_step=1.2, LL128_rate=.5, Simple_setup=15, Simple_step=5,
                 Simple_rate=.77, extra=.45)
    return held_out_then_all("ring", lambda p: ring(p, steps, ranks, size, nvlink), start, size, rows.latency_us)


def main():
    table, published = pd.read_csv(sys.argv[1]), pd.read_csv(sys.argv[2])
    published = published[(published.collective == "all_reduce") & (published.num_gpus <= published.nvlink_domain_gpus) &
                          (published.num_gpus >= 8) & ~published.group.str.startswith("aic") &
                          (published.reproducible == "yes") & (published.message_bytes >= 4 * MIB)]
    for name, systems in ARCHITECTURES.items():
        nvlink, rows = NVLINK[name], table[table.system.isin(systems)]
        print(name + ":")
        print(name, file=sys.stderr)
        in_switch = (rows.op == "all_reduce") & (rows.num_gpus == 8) & (rows.bytes >= MIB) & (name != "ampere")
        constants = fit_ring(rows[(rows.op != "alltoall") & ~in_switch], nvlink)
        show("ring", constants)
        if in_switch.any():
            more = published[published.gpu.str.contains(PUBLISHED[name])]
            size = np.r_[rows[in_switch].bytes, more.message_bytes].astype(float)
            ranks, time = np.r_[rows[in_switch].num_gpus, more.num_gpus], np.r_[rows[in_switch].latency_us, more.time_us]
            start = dict(narrow_setup=25, narrow_rate=.3, setup=60, per_rank=5, rate=.55)
            show("nvls", held_out_then_all("nvls", lambda p: nvls({**p, "launch": constants["launch"]}, ranks, size, nvlink),
                                           start, size, time))
        a = rows[rows.op == "alltoall"]
        ranks, size = a.num_gpus.to_numpy(), a.bytes.to_numpy()
        start = dict(launch=7, LL_rate=.1, narrow_setup=8, narrow_rate=.5, setup=40, rate=.7, extra=.4)
        show("direct", held_out_then_all("direct", lambda p: direct(p, ranks, size, nvlink), start, size, a.latency_us))


if __name__ == "__main__":
    main()
