"""How a training went, epoch by epoch."""

from pathlib import Path
from typing import Any

from ocr_train.pictures.figure import figure, save


def draw_history(path: Path, epochs: list[dict[str, Any]], measure: str = "top-1") -> None:
    """Draw loss and accuracy of the training, and the validation of each source.

    Args:
        path: The PNG file to write.
        epochs: For each epoch ``loss``, ``score`` and, where there is any, ``accuracy`` and ``validation``:
            the measure by the name of the source.
        measure: Name of what the sources are judged by.
    """
    drawn = figure(1200, 520)
    first, second = drawn.subplots(1, 2)
    numbers = range(1, len(epochs) + 1)
    marker = "o" if len(epochs) < 3 else None
    first.plot(numbers, [entry["loss"] for entry in epochs], color="tab:red", marker=marker)
    first.set_title("training")
    first.set_ylabel("loss", color="tab:red")
    if all("accuracy" in entry for entry in epochs):
        right = first.twinx()
        right.plot(numbers, [100 * entry["accuracy"] for entry in epochs], color="tab:blue", marker=marker)
        right.set_ylabel("accuracy on augmented samples, %", color="tab:blue")
    names = sorted({name for entry in epochs for name in entry.get("validation", {})})
    for index, name in enumerate(names):
        values = [100 * entry.get("validation", {}).get(name, float("nan")) for entry in epochs]
        style = ("-", "--", ":")[index // 10 % 3]
        second.plot(numbers, values, style, label=name.replace("$", r"\$"), linewidth=1, marker=marker)
    score = [100 * entry["score"] for entry in epochs]
    best = max(range(len(score)), key=score.__getitem__)
    second.plot(numbers, score, color="black", linewidth=2.5, label="score", marker=marker)
    second.plot(best + 1, score[best], "o", color="black", markersize=8)
    second.set_title(f"validation; best score {score[best]:.2f} % in epoch {best + 1}")
    second.set_ylabel(f"{measure}, %")
    second.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5))
    # Without accuracy and validation the score is the loss again.
    second.set_visible(bool(names) or "accuracy" in epochs[0])
    for axes in (first, second):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.set_xlim(0.5, len(epochs) + 0.5)
        axes.xaxis.get_major_locator().set_params(integer=True)
    drawn.tight_layout()
    save(drawn, path)
