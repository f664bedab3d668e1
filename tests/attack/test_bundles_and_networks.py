"""A few dozen attacks on bundles; ``benchmarks/attack.py`` makes thousands."""

import pytest

from tests.attack import bundles, networks


@pytest.mark.parametrize("kind", [bundles, networks], ids=["bundles", "networks"])
def test_what_is_not_read_is_refused_with_one_line(kind, tmp_path):
    wrong = {}
    for seed in range(28):
        folder = tmp_path / str(seed)
        folder.mkdir()
        if found := kind.attack(seed, folder):
            wrong[seed] = found
    assert not wrong
