"""Smaller versions of the datasets, for tests and benchmarks."""

import dataclasses

import numpy as np

from core.data import DatasetPair


def fewer(pair: DatasetPair, *, train: int | None = None, test: int | None = None) -> DatasetPair:
    """``pair`` with evenly spaced subsets of its images."""
    datasets = []
    for dataset in (pair.dataset_1, pair.dataset_2):
        chosen = {}
        for part, count in (("train", train), ("test", test)):
            images, labels = getattr(dataset, part), getattr(dataset, f"{part}_labels")
            if count is not None:
                keep = np.linspace(0, len(images) - 1, count).round().astype(int)
                images, labels = images[keep], labels[keep]
            chosen |= {part: images, f"{part}_labels": labels}
        datasets.append(dataclasses.replace(dataset, **chosen))
    return dataclasses.replace(pair, dataset_1=datasets[0], dataset_2=datasets[1])
