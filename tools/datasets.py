"""Smaller datasets for tests and benchmarks."""

import dataclasses

import numpy as np

from core.data import DatasetPair


def subsample(
    pair: DatasetPair, *, train: int | None = None, test: int | None = None
) -> DatasetPair:
    """Return a pair with evenly spaced subsets of the images.

    Parameters
    ----------
    pair : DatasetPair
        Datasets to select from; they are not modified.
    train, test : int or None, default None
        Number of training and of test images per dataset; None selects all.

    Returns
    -------
    DatasetPair
        The selected images with their labels, in the order of ``pair``.
    """
    datasets = []
    for dataset in (pair.dataset_1, pair.dataset_2):
        subset = {}
        for part, count in (("train", train), ("test", test)):
            images, labels = getattr(dataset, part), getattr(dataset, f"{part}_labels")
            if count is not None:
                indices = np.linspace(0, len(images) - 1, count).round().astype(int)
                images, labels = images[indices], labels[indices]
            subset |= {part: images, f"{part}_labels": labels}
        datasets.append(dataclasses.replace(dataset, **subset))
    return dataclasses.replace(pair, dataset_1=datasets[0], dataset_2=datasets[1])
