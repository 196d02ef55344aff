"""How fast nights are slept: ``python -m benchmarks.speed [--seeds 1 3 10] [--cycles 10] ...``.

Against `benchmarks.baseline_loop` it sleeps the published night (50 images, batch size 1, ten
epochs a cycle) in turn with ours in this process, with the same threads, everything measured on all
test images after each stage by both. Ratios are baseline over ours: of the training steps, of the
measuring, and of both together; each is the median over runs of the ratio of neighbours, so that
what slows the machine for a while slows both.

Against the machine it counts the multiplications of one training step from the layers' shapes, and
divides by what this machine multiplies at that moment in matrices as large as the step's largest.
"""

import argparse
import statistics
import time
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.baseline_loop import sleep_plainly
from core.config import RunConfig
from core.data import DatasetPair, load_pair
from core.evaluation import make_probe
from core.events import EpochDone, StageEvaluated
from core.reader import load_reader
from core.threads import torch_threads
from core.training import train
from core.weights import cached_path, load_vae

_EPOCHS_A_CYCLE = 10
_RATE_TRIALS, _RATE_PRODUCTS = 20, 50


@dataclass(frozen=True)
class Pace:
    """Seconds of training and of measuring; errors [seed, stage, dataset]."""

    training_s: float
    measuring_s: float
    errors: np.ndarray

    @property
    def total_s(self) -> float:
        return self.training_s + self.measuring_s


def night(seeds: int, cycles: int) -> RunConfig:
    """The published night, over so many seeds and cycles."""
    return RunConfig(
        seeds=tuple(range(seeds)),
        num_cycles=cycles,
        total_eps=_EPOCHS_A_CYCLE * cycles,
        rounding="original",
        full_evaluation=True,
        device="cpu",
    )


def ours(config: RunConfig, pair: DatasetPair, threads: int = 1) -> Pace:
    """Sleep it as the program does, and tell the time by its events."""
    training = measuring = 0.0
    errors = []
    last = time.perf_counter()
    for event in train(config, pair, threads=lambda: threads):
        now = time.perf_counter()
        if isinstance(event, EpochDone):
            training += now - last
        elif isinstance(event, StageEvaluated) and event.cycle:
            measuring += now - last
            errors.append((event.dataset_1.error, event.dataset_2.error))
        last = now
    return Pace(training, measuring, np.array(errors).transpose(2, 0, 1))


def plain(config: RunConfig, pair: DatasetPair) -> Pace:
    """Sleep it with the plain loop."""
    device = torch.device("cpu")
    first, second = (
        make_probe(dataset, config.mask, config.mask_fraction, device)
        for dataset in (pair.dataset_1, pair.dataset_2)
    )
    before = load_vae(cached_path(config.split, config.latent_dim), config.latent_dim)
    slept = sleep_plainly(config, pair, before, (first, second), load_reader())
    return Pace(slept.training_s, slept.measuring_s, np.array(slept.errors))


def step_flops(latent_dim: int) -> int:
    """Floating-point operations of one training step at batch size 1: two a multiplication.

    Each layer multiplies forwards, back to its weights, and back to its inputs but for the first.
    """
    convolutions = [  # places, inputs, outputs, each with a kernel of 3 x 3
        (14 * 14, 1, 32),
        (7 * 7, 32, 64),
        (7 * 7, 64, 64),
        (14 * 14, 64, 32),
        (28 * 28, 32, 1),
    ]
    flat = 64 * 7 * 7
    dense = [(flat, 16), (16, latent_dim), (latent_dim, 2 * latent_dim), (latent_dim, flat)]
    products = sum(9 * places * inputs * outputs for places, inputs, outputs in convolutions)
    products += sum(inputs * outputs for inputs, outputs in dense)
    places, inputs, outputs = convolutions[0]
    return 2 * (3 * products - 9 * places * inputs * outputs)


def multiply_rate() -> float:
    """Floating-point operations a second in matrix products of the step's largest layer."""
    left, right = torch.rand(288, 64), torch.rand(64, 196)
    best = float("inf")
    for _ in range(_RATE_TRIALS):
        began = time.perf_counter()
        for _ in range(_RATE_PRODUCTS):
            left @ right
        best = min(best, time.perf_counter() - began)
    return _RATE_PRODUCTS * 2 * 288 * 64 * 196 / best


def _against_baseline(seeds: int, cycles: int, runs: int) -> list[Pace]:
    """Print how ours compares; gives our runs."""
    config = night(seeds, cycles)
    pair = load_pair(config.split, config.data)
    pairs = [(plain(config, pair), ours(config, pair)) for _ in range(runs)]
    each = [
        (name, [getattr(a, name) for a, _ in pairs], [getattr(b, name) for _, b in pairs])
        for name in ("training_s", "measuring_s", "total_s")
    ]
    for name, theirs, own in each:
        ratios = [a / b for a, b in zip(theirs, own, strict=True)]
        print(
            f"{seeds:5}  {name:12} {statistics.median(theirs):9.1f} {statistics.median(own):9.1f} "
            f"{statistics.median(ratios):7.2f}   ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    apart = [np.abs(a.errors - b.errors).mean() / a.errors.mean() for a, b in pairs]
    print(f"       errors of both are apart by {100 * max(apart):.2f} % on average")
    return [own for _, own in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 3, 10])
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    with torch_threads(asked.threads):
        print(f"{asked.cycles} cycles, {asked.threads} threads, medians of {asked.runs}")
        print("seeds  what           plain, s   ours, s   ratio")
        for seeds in asked.seeds:
            slept = _against_baseline(seeds, asked.cycles, asked.runs)
            config = night(seeds, asked.cycles)
            steps = config.total_eps * config.num * seeds
            step_s = statistics.median(pace.training_s for pace in slept) / steps
            limit_s = step_flops(config.latent_dim) / multiply_rate()
            print(
                f"       a step {1e3 * step_s:.2f} ms, the machine's limit {1e3 * limit_s:.2f} ms: "
                f"{step_s / limit_s:.1f} times",
                flush=True,
            )


if __name__ == "__main__":
    main()
