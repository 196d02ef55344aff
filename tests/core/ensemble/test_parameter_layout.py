"""`core.ensemble.parameter_layout`: positions of parameters in an ensemble's rows."""

import pytest
import torch

from core.ensemble.parameter_layout import ParameterLayout
from core.model.vae import VAE


@pytest.mark.parametrize("latent_dim", [1, 2, 5, 20])
def test_unlayout_returns_copies_of_what_was_packed(latent_dim: int) -> None:
    torch.manual_seed(latent_dim)
    parameters = {name: p.detach() for name, p in VAE(latent_dim).named_parameters()}
    layout = ParameterLayout(latent_dim)
    row = torch.full((layout.length,), torch.nan)
    layout.pack(parameters, row)
    unpacked = layout.unpack(row, parameters)
    assert unpacked.keys() == parameters.keys()
    assert all(torch.equal(unpacked[name], p) for name, p in parameters.items())
    layout.pack(parameters, row[:])
    row.zero_()
    assert all(torch.equal(unpacked[name], p) for name, p in parameters.items())


def test_matrices_cover_every_parameter_exactly_once() -> None:
    layout = ParameterLayout(5)
    count = sum(parameter.numel() for parameter in VAE(5).parameters())
    rows = torch.zeros(2, layout.length)
    for matrix in layout.matrices(rows).values():
        matrix += 1
    assert rows.sum(1).tolist() == [count, count]
    assert rows.max() == 1


def test_every_matrix_of_every_seed_starts_at_a_multiple_of_64_bytes() -> None:
    rows = torch.zeros(3, ParameterLayout(5).length)
    for name, matrix in ParameterLayout(5).matrices(rows).items():
        for row in matrix:
            assert (row.data_ptr() - rows.data_ptr()) % 64 == 0, name
