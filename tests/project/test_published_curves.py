"""Runs of the published settings reproduce the reference's error curves."""

import pytest

from tools.published_curves import compare_all


@pytest.mark.slow
@pytest.mark.usefixtures("full_mnist")
def test_published_curves_are_reproduced_within_tolerance_at_nine_of_ten_cycles() -> None:
    for comparison in compare_all():
        assert comparison.within.mean() >= 0.9, (
            f"{comparison.setting}, dataset {comparison.dataset}: "
            f"measured (scaled) {comparison.scaled_mean.round(1)}, "
            f"published {comparison.published_mean}, tolerance {comparison.tolerance.round(1)}"
        )
