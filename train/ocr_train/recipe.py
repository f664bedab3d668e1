"""Training recipes: typed TOML that says which network learns what from which data, and how."""

import difflib
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec

from ocr_edge.contract import labels as label_orders
from ocr_edge.errors import ConfigError
from ocr_train.drawn_recipe import DrawnSource
from ocr_train.scenes.recipe import SceneRecipe
from ocr_train.strips.recipe import LineRecipe


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One data set of a recipe.

    Attributes:
        data: The spec, such as ``tar:crops.tar``; a relative path is relative to the data folder.
        weight: Share of the samples drawn in an epoch, relative to the other sources.
        plain: Ink on blank paper without scene around it: augmentation may colour it.
        terms: Licence or terms of use, for the model card.
        validate: Whether its validation split takes part in choosing the best epoch.
    """

    data: str
    weight: float
    plain: bool = False
    terms: str = "none stated"
    validate: bool = True


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that decides what a training run does.

    Attributes:
        architecture: Name of the network.
        labels: Named order or the labels themselves.
        reject: Share of samples that show no character, among those of a source that has such; 0: the network has no
            class for them.
        seed: Start of every random choice, at least 0.
        epochs: Passes of ``epoch_samples`` samples.
        epoch_samples: Samples drawn in one epoch.
        batch_size: Samples in one step.
        learning_rate: Peak of the schedule.
        schedule: ``cosine`` (linear warm-up, then half a cosine to zero) or ``constant``.
        warmup_epochs: Epochs of the warm-up.
        weight_decay: AdamW's decoupled decay; 0 for plain Adam.
        label_smoothing: Share of the target spread over all classes, 0..1.
        class_balance: 0 draws classes as often as they occur, 1 equally often.
        patience: Stop after this many epochs without a better validation accuracy; 0 never stops early.
        precision: Keras dtype policy while training; ``model.keras`` is float32 always.
        augment: Whether training samples are augmented.
        augment_strength: How often and how far, 0..1.
        fresh_epochs: Epochs after which their samples come again, in another order; 0 draws new ones always. With
            ``--batches`` those that come again cost nothing.
        average: Share that stays at each step of an exponential average of the weights, such as 0.999, which is then
            what is measured and saved; 0 saves the weights as they are.
        validation_samples: Most samples of each source that an epoch is judged by; 0 for all. The best epoch is
            measured on all at the end.
        distill: Share of the target that is what teachers say (Hinton et al., 2015), 0..1; needs ``--teacher``.
        sources: The data.
    """

    architecture: str
    sources: tuple[Source, ...]
    labels: str = "0-9A-Za-z"
    reject: float = 0.0
    seed: int = 1
    epochs: int = 30
    epoch_samples: int = 100_000
    batch_size: int = 256
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup_epochs: float = 1.0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    class_balance: float = 0.5
    patience: int = 0
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
    augment: bool = True
    augment_strength: float = 1.0
    fresh_epochs: int = 0
    average: float = 0.0
    validation_samples: int = 0
    distill: float = 0.0

    def __post_init__(self) -> None:
        if not self.sources or not all(0 < source.weight < float("inf") for source in self.sources):
            raise ValueError("sources: at least one, each with a weight above 0, is needed")
        if min(self.epochs, self.epoch_samples, self.batch_size) < 1:
            raise ValueError("epochs, epoch_samples and batch_size must be at least 1")
        if not 0 <= self.augment_strength <= 1:
            raise ValueError("augment_strength must lie between 0 and 1")
        if not 0 <= self.reject < 1 or not 0 <= self.average < 1 or not 0 <= self.distill <= 1:
            raise ValueError("reject, average and distill must lie between 0 and 1")
        if not 0 <= self.class_balance <= 1 or not 0 <= self.label_smoothing < 1:
            raise ValueError("class_balance and label_smoothing must lie between 0 and 1")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError("learning_rate must be above 0")
        counts = ("warmup_epochs", "weight_decay", "patience", "seed", "fresh_epochs", "validation_samples")
        if not all(getattr(self, name) >= 0 for name in counts):
            raise ValueError(f"{', '.join(counts[:-1])} and {counts[-1]} must be at least 0")
        label_orders.parse(self.labels)

    @property
    def label_texts(self) -> tuple[str, ...]:
        """The ordered class texts, that of the reject class last."""
        return label_orders.parse(self.labels) + (label_orders.REJECT,) * (self.reject > 0)

    def turn(self, epoch: int) -> int:
        """Which epoch's samples an epoch takes."""
        return epoch % self.fresh_epochs if self.fresh_epochs else epoch

    @property
    def steps(self) -> int:
        """Optimizer steps of one epoch."""
        return -(-self.epoch_samples // self.batch_size)


AnyRecipe = Recipe | LineRecipe | SceneRecipe
"""A recipe of a character stage, of a line stage, or of a detector."""
STAGES: dict[str, tuple[type[AnyRecipe], type[msgspec.Struct]]] = {
    "line": (LineRecipe, DrawnSource),
    "detect": (SceneRecipe, DrawnSource),
}
"""What a recipe and its sources are, by its ``stage``; a character stage's says none."""


def load(path: Path) -> AnyRecipe:
    """Read a recipe file.

    Args:
        path: A TOML file.

    Returns:
        The checked recipe.

    Raises:
        ConfigError: Missing, not TOML, or a key is unknown or wrong.
    """
    types: tuple[type[AnyRecipe], type[msgspec.Struct]] = (Recipe, Source)
    try:
        text = path.read_bytes()
        stage = msgspec.toml.decode(text, type=dict[str, Any]).get("stage")
        types = STAGES.get(stage, types) if isinstance(stage, str) else types
        return msgspec.toml.decode(text, type=types[0])
    except OSError as error:
        raise ConfigError(f"recipe {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"recipe {path}: {error}{_nearest(str(error), types)}") from error


def shipped() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    folder = Path(str(resources.files("ocr_train"))) / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find(text: str) -> AnyRecipe:
    """Read a recipe file, or a recipe that comes with the package by its name.

    Args:
        text: A path, or a key of ``shipped()``. A file of that name comes first.

    Raises:
        ConfigError: There is neither, or the recipe is wrong.
    """
    path, known = Path(text), shipped()
    if path.is_file() or text not in known:
        if not path.exists():
            raise ConfigError(
                f"recipe {text}: no such file, and none of the shipped recipes {', '.join(known)}"
            )
        return load(path)
    return load(known[text])


def as_dict(recipe: AnyRecipe) -> dict[str, Any]:
    """The recipe as plain values, just as ``run.json`` gives them back."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(recipe))
    return plain


def as_toml(recipe: AnyRecipe) -> str:
    """The recipe as a file that ``load`` reads."""
    values = as_dict(recipe)
    lines = [_line(key, value) for key, value in values.items() if key != "sources"]
    for source in values["sources"]:
        lines += ["", "[[sources]]", *(_line(key, value) for key, value in source.items())]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"{key} = {{ {', '.join(_line(json.dumps(name), part) for name, part in value.items())} }}"
    # JSON's strings, numbers, lists, true and false are TOML's too.
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


def _nearest(message: str, types: tuple[type[AnyRecipe], type[msgspec.Struct]]) -> str:
    """A hint that names the known key nearest to an unknown one."""
    found = re.search(r"unknown field `(.+?)`", message)
    if not found:
        return ""
    of_recipe, of_source = types
    known = (of_source if "$.sources" in message else of_recipe).__struct_fields__
    near = difflib.get_close_matches(found[1], known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
