from itertools import count

import pytest

from ocr_edge.config.load import parse
from ocr_edge.diagnose.probe import Output, Person, Probe, Space

GB = 10**9


class Machine(Probe):
    """A machine made of files, answers to commands that hold some words, packages and numbers."""

    def __init__(self, root, files, answers, config, packages, space, now, unit):
        source = "" if "[source]" in config else '[source]\nurl = "dir:/x"\n'
        super().__init__(
            root / "c.toml", parse(source + config, root / "c.toml") if config else None, root=root
        )
        self.answers, self.found, self.disk, self.time = dict(answers), dict(packages), space, now
        self.person, self.unit, self.state = (
            Person("ocr-edge", 12345, frozenset()),
            dict(unit),
            root / "state",
        )
        root.mkdir()
        for name, text in dict(files).items():
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_text(text)

    def run(self, *command, timeout_s=10.0):
        answer = next((answer for words, answer in self.answers.items() if words in " ".join(command)), None)
        return Output(0, answer) if isinstance(answer, str) else answer

    def packages(self):
        return self.found

    def space(self, path):
        return self.disk

    def now(self):
        return self.time

    def only(self, check):
        """The one thing that a check finds."""
        (found,) = check(self)
        return found


@pytest.fixture
def machine(tmp_path):
    number = count()

    def make(files=(), answers=(), *, config="", packages=(), space=None, now=1_800_000_000, unit=()):
        space = space or Space(32 * GB, 20 * GB)
        return Machine(tmp_path / f"m{next(number)}", files, answers, config, packages, space, now, unit)

    return make
