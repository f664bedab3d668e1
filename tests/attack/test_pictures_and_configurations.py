"""Some dozens of wrong pictures and configurations for every change; thousands with ``benchmarks/attack.py``."""

import os
import signal
from pathlib import Path

import pytest

from tests.attack import child, configurations, pictures
from tests.attack.child import Child

PICTURES, CONFIGURATIONS = range(60), range(60)


@pytest.mark.parametrize(
    ("attack", "seeds"), [(pictures.attack, PICTURES), (configurations.attack, CONFIGURATIONS)]
)
def test_wrong_inputs_are_taken_or_refused_in_one_line(tmp_path: Path, attack, seeds):
    assert {seed: said for seed in seeds if (said := attack(seed, tmp_path))} == {}


def test_the_same_seed_makes_the_same_input_and_others_make_others():
    for made in (pictures.made, configurations.made):
        assert made(7) == made(7)
        assert len({made(seed) for seed in range(50)}) > 45


def well(seed: int, folder: Path) -> tuple[str, str | None]:
    """Seeds that go wrong in every way that must be noticed."""
    if seed == 1:
        os.kill(os.getpid(), signal.SIGSEGV)
    if seed == 2:
        os._exit(7)
    if seed == 3:
        raise RecursionError("too deep")
    if seed == 4:
        bytearray(600_000_000)[:: 2**12] = b"x" * 146_485
    while seed == 5:
        pass
    return "read", None


def test_a_crash_a_hang_an_error_and_a_feast_are_noticed_and_the_next_input_is_looked_at(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(child, "LIMIT_S", 5.0)
    made = Child(__name__, "well")
    expected = [
        "the process is gone: SIGSEGV",
        "the process is gone: exit code 7",
        "RecursionError: too deep",
    ]
    expected += ["takes 6", "takes longer than 5 s"]
    for seed, said in enumerate(expected, 1):
        outcome, failure = made.ask(seed, tmp_path)
        assert outcome == "failed"
        assert failure.startswith(said)
        assert made.ask(0, tmp_path) == ("read", None)
