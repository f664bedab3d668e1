"""What a card must say, whatever the record holds."""

from ocr_convert import card_training
from ocr_convert.markdown import code


def run(*sources, **changes):
    recipe = {"architecture": "compact", "epochs": 2, "epoch_samples": 1000, "seed": 3}
    recipe["sources"] = [{"data": data, "weight": 1.0, "terms": terms} for data, terms in sources]
    data = {f"d{index}": {"n": 7} for index in range(len(sources))}
    return {"recipe": {**recipe, **changes.pop("recipe", {})}, "data": data, **changes}


def text(*runs, stages=("1-compact.tflite",)):
    return card_training.text({"runs": list(runs)}, stages)


def test_terms_that_are_missing_or_restrict_use_are_flagged():
    found = text(run(("tar:a", "MIT"), ("tar:b", "none stated"), ("tar:c", ""), ("tar:d", "research use")))
    assert "| MIT | tar:a |" in found
    assert "| **none stated** (no permission known) | tar:b, tar:c |" in found
    assert "| research use (**research only**) | tar:d |" in found


def test_teachers_are_named_and_their_data_count():
    teacher = {"sha256": "abcdef0123456789", "run": run(("tar:theirs", "AGPL-3.0"))}
    found = text(
        run(("tar:mine", "MIT"), teachers=[teacher, {"sha256": "ff", "run": {}}], recipe={"distill": 0.7})
    )
    assert "Distilled: 70% of each target" in found
    assert "- compact, 2 epochs, seed 3 (SHA-256 abcdef012345…)" in found
    assert "- not recorded (SHA-256 ff…)" in found
    assert "| AGPL-3.0 | tar:theirs |" in found


def test_averages_tuning_and_left_out_samples_are_said():
    found = text(
        run(
            ("tar:mine", "MIT"),
            recipe={"average": 0.999},
            data={"mine": {"n": 1200, "left_out": 34}},
            tuned={"share": 0.5, "kept": [1]},
        )
    )
    assert "keeps 0.999 of itself" in found
    assert "| tar:mine | 1,200 (34 left out) |" in found
    assert "Tuned to a user's own characters: share 0.5." in found


def test_each_stage_has_its_own_runs():
    found = text(
        run(("tar:a", "MIT"), stage=1), run(("tar:b", "MIT"), stage=1), run(("tar:c", "MIT"), stage=2),
        stages=("1-x.tflite", "2-y.tflite"),
    )  # fmt: skip
    assert (
        found.index("### 1-x.tflite")
        < found.index("from the weights of the run above")
        < found.index("### 2-y")
    )
    assert found.count("from the weights of the run above") == 1


def test_without_a_record_the_terms_are_unknown():
    assert "terms of its data are unknown" in text({})


def test_a_backtick_among_the_classes_stays_one():
    assert code("a`b") == "`` a`b ``"
