"""The experiment as one call from Python, with the reference's parameters."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.cli.progress import with_progress
from core.runs.measures import ERROR, Memory
from core.runs.report import unique_path, write_pdf
from core.runs.results import values_by_cycle
from core.runs.state import RunState, fold
from core.schedule.config import RunConfig, chosen_split
from core.support import environment
from core.support.cpu import usable_threads
from core.support.threads import torch_threads
from core.training.night import train


class NightErrors(NamedTuple):
    """Reconstruction errors float64 [seeds, num_cycles + 1]; index 0 is before the night."""

    dataset_1: NDArray[np.float64]
    dataset_2: NDArray[np.float64]


def train_with_scheduler_multiple_seeds(
    seeds: Iterable[int] | None = None,
    total_eps: int = 100,
    num_cycles: int = 10,
    start_fraction_rem: float = 0.5,
    end_fraction_rem: float = 0.5,
    use_initial_weights: bool = True,
    latent_dim: int = 5,
    seed: int = 0,
    inverted: bool = True,
    lr: float = 0.001,
    num: int = 50,
    continue_training: bool = False,
    *,
    batch_size: int = 1,
    rounding: str = "exact",
    data: str = "bundled",
    mask: str = "random",
    mask_fraction: float = 0.25,
    full_evaluation: bool = False,
    weights: str | Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    outputs: str | Path | None = None,
    progress: bool = True,
) -> NightErrors:
    """Sleep one night over several seeds; return both datasets' errors and write a PDF.

    Parameters, the first twelve being the reference's:
        seeds: one night is slept for each; None sleeps one night with ``seed``.
        total_eps, num_cycles: epochs of the night, and the cycles they are shared out to.
        start_fraction_rem, end_fraction_rem: REM share of the first and of the last cycle.
        use_initial_weights: start from the weights that ship with the program; False pre-trains
            new ones first, with ``seed``, and starts from those.
        latent_dim: size of the latent space; one without weights is pre-trained first.
        seed: of pre-training, and of the night where ``seeds`` is None.
        inverted: True: dataset 2 is dataset 1 inverted; False: digits 0-4, then digits 5-9.
        lr, num: Adam's learning rate; images replayed in a NREM stage and dreamt in a REM stage.
        continue_training: False: the model as it was before the night dreams (frozen dreamer);
            True: the model as it is now (current dreamer).
        batch_size, rounding, data, mask, mask_fraction, full_evaluation, weights, device: see
            `RunConfig`.
        threads: the most CPU threads to use, which changes no result; None is all cores.
        outputs: folder for the PDF instead of ``outputs/``. Its name, which is new for every
            night, is told on standard error.
        progress: show a progress bar on standard error.

    Raises:
        ConfigError: (a ValueError) for a value out of bounds; the sentence names field and fix.
        DataError, WeightsError, DivergedError: images, weights or training failed; one sentence.
    """
    config = RunConfig(
        seeds=(seed,) if seeds is None else seeds,  # type: ignore[arg-type]
        total_eps=total_eps,
        num_cycles=num_cycles,
        start_fraction_rem=start_fraction_rem,
        end_fraction_rem=end_fraction_rem,
        use_initial_weights=use_initial_weights,
        latent_dim=latent_dim,
        split=chosen_split(inverted, None),
        lr=lr,
        num=num,
        continue_training=continue_training,
        batch_size=batch_size,
        rounding=rounding,
        data=data,
        mask=mask,
        mask_fraction=mask_fraction,
        full_evaluation=full_evaluation,
        weights=None if weights is None else str(weights),
        pretrain_seed=seed,
        device=device,
    )
    most = usable_threads(threads)
    with torch_threads():
        events = train(config, threads=lambda: most)
        state = fold(RunState(), with_progress(events) if progress else events)
    path = unique_path(environment.outputs_dir() if outputs is None else Path(outputs))
    write_pdf(state, path)
    if progress:
        print(f"figures: {path}", file=sys.stderr)
    return NightErrors(*(np.array(values_by_cycle(state, memory, ERROR)) for memory in Memory))
