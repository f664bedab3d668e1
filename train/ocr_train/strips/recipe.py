"""Recipes of line stages: what is rendered, what is real, and how a network learns from it."""

from typing import Literal

import msgspec

from ocr_edge.contract import labels as label_orders
from ocr_edge.contract.preprocess import STEP
from ocr_train.drawn_recipe import DrawnRecipe

BLANK = "blank"
"""The class of "nothing new here", the last one (CTC); it is never said."""

WIDTHS = {"64": 0.12, "96": 0.23, "128": 0.29, "192": 0.21, "320": 0.1, "480": 0.05}
"""Widths of strips with their shares: as often as words and lines have them."""


class LineRecipe(DrawnRecipe, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that decides what the training of a line stage does; see ``DrawnRecipe`` for what is not here.

    Attributes:
        stage: ``line``; tells such a recipe from that of a character stage.
        architecture: Name of the network.
        widths: Columns of the strips, multiples of 4, with the share of each among the batches.
        batch_columns: Columns of all strips of a batch together.
        empty: Share of the rendered lines that show surfaces without text, at which the network is to say nothing.
        labels: Named order or the labels themselves.
    """

    stage: Literal["line"] = "line"
    architecture: str = "dual_line"
    widths: dict[str, float] = msgspec.field(default_factory=lambda: dict(WIDTHS))
    batch_columns: int = 8192
    empty: float = 0.0
    labels: str = "line"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_columns < 1:
            raise ValueError("batch_columns must be at least 1")
        if not 0 <= self.empty <= 1:
            raise ValueError("empty must lie between 0 and 1")
        if not self.widths or any(not w.isdecimal() or not int(w) or int(w) % STEP for w in self.widths):
            found = ", ".join(self.widths) or "none"
            raise ValueError(f"widths: at least one multiple of {STEP} is needed, found {found}")
        if not all(weight > 0 for weight in self.widths.values()):
            raise ValueError("widths: every share must be above 0")
        label_orders.parse(self.labels)

    @property
    def label_texts(self) -> tuple[str, ...]:
        """The ordered labels, the blank last."""
        return (*label_orders.parse(self.labels), BLANK)

    def batch_size(self, width: int) -> int:
        """Strips of a batch of this width."""
        return max(1, self.batch_columns // width)
