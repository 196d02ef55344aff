"""Warm-up of a worker: do the slow first-time work before its first run."""

import torch

from core.engine.run_execution import load_cached_pair
from core.ensemble import Ensemble
from core.evaluation.evaluator import build_evaluator
from core.evaluation.measure import measure
from core.model.weights import load_vae, shipped_path
from core.schedule.config import RunConfig
from core.support.threads import torch_threads


def warm_up() -> None:
    """Load images and weights of the default config, train one step and measure one batch.

    The measurement before the night is added to the user cache if it is missing there.
    """
    config = RunConfig()
    pair = load_cached_pair(config.split, config.data)
    with torch_threads():
        evaluator = build_evaluator(config, pair, torch.device("cpu"))
        vae = load_vae(shipped_path(config.split, config.latent_dim), config.latent_dim)
        image = torch.from_numpy(pair.dataset_2.train[:1]).float().div_(255)
        ensemble = Ensemble(vae, config.seeds, config.lr)
        ensemble.train(image[None, None], (0,), 1)
        measure(vae, evaluator.probes[0].subset(100), evaluator.reader)
        evaluator.evaluate_initial_model(vae, ensemble)
