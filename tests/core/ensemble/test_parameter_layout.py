"""Where parameters lie in an ensemble's rows."""

import pytest
import torch

from core.ensemble.parameter_layout import ParameterLayout
from core.model.vae import VAE


@pytest.mark.parametrize("latent_dim", [1, 2, 5, 20])
def test_what_is_packed_is_unpacked(latent_dim: int) -> None:
    torch.manual_seed(latent_dim)
    parameters = {name: each.detach() for name, each in VAE(latent_dim).named_parameters()}
    packing = ParameterLayout(latent_dim)
    row = torch.full((packing.length,), torch.nan)
    packing.pack(parameters, row)
    found = packing.unpack(row, parameters)
    assert found.keys() == parameters.keys()
    assert all(torch.equal(found[name], each) for name, each in parameters.items())
    packing.pack(parameters, row[:])
    row.zero_()
    assert all(torch.equal(found[name], each) for name, each in parameters.items())


def test_every_number_has_one_place_and_no_other() -> None:
    packing = ParameterLayout(5)
    count = sum(parameter.numel() for parameter in VAE(5).parameters())
    rows = torch.zeros(2, packing.length)
    for matrix in packing.matrices(rows).values():
        matrix += 1
    assert rows.sum(1).tolist() == [count, count]
    assert rows.max() == 1


def test_every_matrix_of_every_seed_begins_at_64_bytes() -> None:
    rows = torch.zeros(3, ParameterLayout(5).length)
    for name, matrix in ParameterLayout(5).matrices(rows).items():
        for row in matrix:
            assert (row.data_ptr() - rows.data_ptr()) % 64 == 0, name
