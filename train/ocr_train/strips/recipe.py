"""Recipes of line stages: what is rendered, what is real, and how a network learns from it."""

from typing import Literal

import msgspec

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.preprocess import STEP

BLANK = "blank"
"""The class of "nothing new here", the last one (CTC); it is never said."""

WIDTHS = {"64": 0.12, "96": 0.23, "128": 0.29, "192": 0.21, "320": 0.1, "480": 0.05}
"""Widths of strips with their shares: as often as words and lines have them."""


class LineSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One set of real lines.

    Attributes:
        data: A ``words:`` spec; a relative path is relative to the data folder.
        weight: Share among the real lines of a batch, times the square root of how many it has of that width.
        terms: Licence or terms of use, for the model card.
        validate: Whether its validation split takes part in choosing the best epoch.
    """

    data: str
    weight: float = 1.0
    terms: str = "none stated"
    validate: bool = True


class LineRecipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that decides what the training of a line stage does.

    Attributes:
        stage: ``line``; tells such a recipe from that of a character stage.
        architecture: Name of the network.
        widths: Columns of the strips, multiples of 4, with the share of each among the batches.
        batch_columns: Columns of all strips of a batch together.
        steps: Batches of an epoch.
        epochs: How many.
        real: Share of real lines in a batch, 0 to 1; the others are rendered.
        composed: Share of the rendered lines that are put together from real characters.
        empty: Share of the rendered lines that show surfaces without text, at which the network is to say nothing.
        backgrounds: Tar archive of photographs whose pieces are written on; empty for none.
        characters: Specs of labelled crops that lines are composed of.
        labels: Named order or the labels themselves.
        seed, learning_rate, schedule, warmup_epochs, weight_decay, average, precision, patience: As in a recipe of a
            character stage.
        sources: The real lines.
    """

    stage: Literal["line"] = "line"
    architecture: str = "dual_line"
    widths: dict[str, float] = msgspec.field(default_factory=lambda: dict(WIDTHS))
    batch_columns: int = 8192
    steps: int = 1500
    epochs: int = 30
    real: float = 0.3
    composed: float = 0.12
    empty: float = 0.0
    backgrounds: str = ""
    characters: tuple[str, ...] = ()
    labels: str = "line"
    seed: int = 1
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_epochs: float = 0.2
    weight_decay: float = 0.0
    average: float = 0.999
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    patience: int = 0
    sources: tuple[LineSource, ...] = ()

    def __post_init__(self) -> None:
        if min(self.batch_columns, self.steps, self.epochs) < 1:
            raise ValueError("batch_columns, steps and epochs must be at least 1")
        for share in (self.real, self.composed, self.empty, self.average):
            if not 0 <= share <= 1:
                raise ValueError("real, composed, empty and average must lie between 0 and 1")
        if not self.widths or any(not w.isdecimal() or not int(w) or int(w) % STEP for w in self.widths):
            found = ", ".join(self.widths) or "none"
            raise ValueError(f"widths: at least one multiple of {STEP} is needed, found {found}")
        if not all(weight > 0 for weight in self.widths.values()):
            raise ValueError("widths: every share must be above 0")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError("learning_rate must be above 0")
        if self.real and not self.sources:
            raise ValueError("sources: at least one is needed, or real = 0")
        label_orders.parse(self.labels)

    @property
    def label_texts(self) -> tuple[str, ...]:
        """The ordered labels, the blank last."""
        return (*label_orders.parse(self.labels), BLANK)

    def batch_size(self, width: int) -> int:
        """Strips of a batch of this width."""
        return max(1, self.batch_columns // width)
