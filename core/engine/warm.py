"""Doing once before a worker's first night what would make that night wait."""

import torch

from core.config import RunConfig
from core.engine.sleep import images
from core.evaluation import measure
from core.lab import make_lab
from core.settings import DEFAULT_THREADS
from core.sleeper import fall_asleep
from core.stopping import never
from core.threads import cpu_threads
from core.weights import cached_path, load_vae


def warm_up() -> None:
    """Load the default night's images and weights, train a step, measure a batch.

    The measure before that night is made too, if it is not in the user's cache yet.
    """
    config = RunConfig()
    pair = images(config.split, config.data)
    with cpu_threads(DEFAULT_THREADS):
        lab = make_lab(config, pair, torch.device("cpu"), never)
        vae = load_vae(cached_path(config.split, config.latent_dim), config.latent_dim)
        picture = torch.from_numpy(pair.dataset_2.train[:1]).unsqueeze(1).float().div_(255)
        sleeper = fall_asleep(vae, 0, config.lr, never)
        sleeper.train(picture, (0,), 1)
        measure(vae, lab.probes[0].part(100), lab.reader)
        lab.evaluate_before(vae, (sleeper,))
