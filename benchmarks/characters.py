"""Accuracy on labelled crops: the float network and the int8 bundle on the same glyphs.

    python benchmarks/characters.py --bundle B --float runs/x/model.keras tar:chars74k_img.tar#validation

Both are measured by the code behind ``ocr-train evaluate``; the bundle runs in the device's own recogniser.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lib.networks.bundles import Scorer, device
from lib.picture_sets import spread
from lib.report import header, interval, machine, percent, save, table
from lib.scoring import mcnemar, wilson
from lib.systems.ours import about_bundle
from ocr_convert.verify import compare
from ocr_edge.bundles.load import Bundle
from ocr_edge.bundles.load import load as load_bundle
from ocr_edge.contract.manifest import Manifest
from ocr_edge.contract.types import Scores
from ocr_edge.errors import ConfigError, OcrEdgeError
from ocr_train import datasets
from ocr_train.datasets import Dataset
from ocr_train.evaluate import measure

COLUMNS = ("source", "model", "n", "62", "95 %", "case-merged", "top-3", "ECE", "agree", "net loss", "p")
POOLED = "all"

Scored = dict[str, Scores]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit code."""
    args = parser().parse_args(argv)
    facts = machine(threads=())
    try:
        bundle = load_bundle(args.bundle)
        labels = bundle.manifest.characters[0].texts
        models, about = scorers(bundle, args.reference)
        sources = [datasets.load(text, labels) for text in args.specs]
    except OcrEdgeError as error:
        print(f"characters.py: {error}", file=sys.stderr)
        return error.exit_code
    results, parts = [], []
    for dataset in sources:
        truth, scored = run(dataset, models, args.limit)
        parts.append((truth, scored))
        results.append(result(dataset.name, truth, scored, labels))
        print(f"{dataset.name}: {len(truth)} glyphs done", file=sys.stderr)
    if len(parts) > 1:
        together = {name: np.concatenate([scored[name] for _, scored in parts]) for name in models}
        results.append(result(POOLED, np.concatenate([truth for truth, _ in parts]), together, labels))
    text = f"{header(facts, about)}\n\n{table(COLUMNS, [row for r in results for row in rows(r)], names=2)}\n"
    print(text, end="")
    save(args.markdown, text)
    save(args.json, {"machine": facts, "about": about, "sources": results})
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = result.add_argument
    add("specs", nargs="+", metavar="SPEC", help="data, such as tar:crops.tar?note=good#validation")
    add("--bundle", type=Path, metavar="B", help="the int8 bundle (default: the shipped one)")
    add("--float", type=Path, metavar="M", dest="reference", help="its origin: .keras or a float bundle")
    add("--limit", type=int, default=0, metavar="N", help="at most N glyphs a source, spread evenly")
    add("--json", type=Path, metavar="FILE", help="every number, per class too")
    add("--markdown", type=Path, metavar="FILE", help="the table that is printed")
    return result


def scorers(bundle: Bundle, reference: Path | None) -> tuple[dict[str, Scorer], dict[str, dict[str, str]]]:
    """What names the glyphs, the float network first, and what each is.

    Raises:
        ConfigError: The float network cannot be read or has other outputs.
        ModelError: The float bundle is wrong.
    """
    name: str = bundle.manifest.characters[0].quantization
    models, about = {name: device(bundle)}, {name: about_bundle(bundle)}
    if reference is None:
        return models, about
    if reference.is_dir():
        plain = load_bundle(reference)
        if plain.manifest.characters[0].labels != bundle.manifest.characters[0].labels:
            raise ConfigError(f"{reference}: its labels are not those of the bundle")
        return {"float": device(plain), **models}, {"float": about_bundle(plain), **about}
    scorer, versions = keras_model(reference, bundle.manifest)
    return {"float": scorer, **models}, {"float": versions, **about}


def keras_model(path: Path, manifest: Manifest) -> tuple[Scorer, dict[str, str]]:
    """A trained network, scoring the texts that may be said, and what it is."""
    import keras  # noqa: TID251 - the float network is a Keras file

    from ocr_train.fit import scores

    try:
        model = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: not a readable Keras file ({str(error).splitlines()[0]})") from error
    stage = manifest.characters[0]
    if (outputs := model.output_shape[-1]) != len(stage.labels):
        raise ConfigError(f"{path}: has {outputs} outputs, the bundle names {len(stage.labels)} labels")
    said = [stage.labels.index(text) for text in stage.texts]
    versions = {"keras": keras.__version__, "backend": keras.backend.backend(), "network": model.name}
    return lambda inputs: scores(model, inputs)[:, said], versions


def run(dataset: Dataset, models: dict[str, Scorer], limit: int) -> tuple[npt.NDArray[np.int64], Scored]:
    """The truth and every model's scores of the same glyphs."""
    from ocr_train.feed import stack

    samples = spread(dataset.samples, limit)
    inputs = stack([sample.glyph for sample in samples])
    truth = np.array([sample.label for sample in samples], np.int64)
    return truth, {name: scorer(inputs) for name, scorer in models.items()}


def result(name: str, truth: npt.NDArray[np.int64], scored: Scored, labels: Sequence[str]) -> dict[str, Any]:
    """Everything about one source, as plain values."""
    measured = {model: measure(name, scores, truth, labels).as_dict() for model, scores in scored.items()}
    values: dict[str, Any] = {"source": name, "n": len(truth), "models": measured}
    if len(scored) > 1:
        reference, converted = scored.values()
        change = compare(reference, converted, truth, labels)
        p = mcnemar(change.worse, change.better)
        values["change"] = {**change.as_dict(), "worse": change.worse, "better": change.better, "p": p}
    return values


def rows(values: dict[str, Any]) -> list[list[str]]:
    """The lines of the table for one source, one for each model."""
    lines = []
    for index, (model, got) in enumerate(values["models"].items()):
        n, change = values["n"], values.get("change")
        ece = "-" if got["ece"] is None else f"{got['ece']:.3f}"
        changes = ["", "", ""]
        if change and index:
            changes = [percent(change["agreement"]), f"{100 * change['loss']:+.2f}", f"{change['p']:.2g}"]
        shares = [percent(got[key]) for key in ("top1_case_merged", "top3")]
        bounds = interval(wilson(round(got["top1"] * n), n))
        lines.append([values["source"], model, str(n), percent(got["top1"]), bounds, *shares, ece, *changes])
    return lines


if __name__ == "__main__":
    sys.exit(main())
