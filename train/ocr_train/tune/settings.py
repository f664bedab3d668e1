"""What a tuning is to do."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user decides.

    Attributes:
        mine: Spec of the user's crops.
        network: A ``.keras`` file with its ``run.json`` beside it.
        keep: Specs of sets that must not get worse; their train split is rehearsed.
        rendered: Characters to render for rehearsal; 0 for none.
        new_classes: Whether class folders that the network does not know are taught as classes.
        epochs: Passes of ``EPOCH_SAMPLES`` samples.
        learning_rate: Peak of the schedule.
        max_loss: Most that a kept set may lose, a share of 1.
        force: Whether to take something of what was learned even where nothing got better.
        workers: Processes that render, and that prepare batches.
        is_line: Whether a stage that reads lines is tuned.
        shared: Folder for what is rendered, where several stages learn from it; None for the run's own.
    """

    mine: str
    network: Path
    keep: tuple[str, ...] = ()
    rendered: int = 20_000
    new_classes: bool = False
    epochs: int = 6
    learning_rate: float = 3e-4
    max_loss: float = 0.005
    force: bool = False
    workers: int = 2
    is_line: bool = False
    shared: Path | None = None
