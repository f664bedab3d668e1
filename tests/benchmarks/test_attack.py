"""The runner of attacks: every seed has a folder of its own, and failures are kept."""

import pytest

import attack


def test_every_seed_starts_with_an_empty_folder_and_only_failures_are_kept(tmp_path):
    def one(seed, folder):
        (folder / "bundle").mkdir()  # fails where another seed left one
        return "too slow" if seed == 4 else None

    assert attack.run(one, range(3, 6), tmp_path) == {4: "too slow"}
    assert [path.name for path in tmp_path.iterdir()] == ["4"]


@pytest.mark.parametrize("kind", attack.kinds())
def test_every_kind_runs_through_the_command(kind, capsys):
    assert attack.main([kind, "--seeds", "2", "--start", "40001"]) == 0
    assert f"| {kind}" in capsys.readouterr().out
