"""Doing once before a worker's first night what would make that night wait."""

import torch

from core.engine.run_execution import load_images
from core.ensemble import Ensemble
from core.evaluation.evaluator import make_evaluator
from core.evaluation.measure import measure
from core.model.weights import load_vae, shipped_path
from core.schedule.config import RunConfig
from core.support.threads import torch_threads


def warm_up() -> None:
    """Load the default night's images and weights, train a step, measure a batch.

    The measure before that night is made too, if it is not in the user's cache yet.
    """
    config = RunConfig()
    pair = load_images(config.split, config.data)
    with torch_threads():
        lab = make_evaluator(config, pair, torch.device("cpu"))
        vae = load_vae(shipped_path(config.split, config.latent_dim), config.latent_dim)
        picture = torch.from_numpy(pair.dataset_2.train[:1]).float().div_(255)
        ensemble = Ensemble(vae, config.seeds, config.lr)
        ensemble.train(picture[None, None], (0,), 1)
        measure(vae, lab.probes[0].part(100), lab.reader)
        lab.evaluate_before(vae, ensemble)
