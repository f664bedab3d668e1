"""What a training sees: which samples are drawn, in which batches, under which names."""

import logging

import numpy as np
import pytest

from ocr_edge.contract.types import Glyph
from ocr_edge.errors import ConfigError
from ocr_train.datasets import Dataset, Sample, tar
from ocr_train.feed import Epoch, draw
from ocr_train.recipe import Recipe, Source
from ocr_train.sources import distinct_names, load_split, load_splits, located


def dataset(name, labels, seed=0):
    rng = np.random.default_rng(seed)
    return Dataset(
        name, [Sample(Glyph(rng.integers(0, 256, (9, 7, 3), np.uint8)), label) for label in labels]
    )


def recipe(sources=1, **changes):
    settings = {"labels": "0123", "epoch_samples": 22, "batch_size": 8} | changes
    weights = settings.pop("weights", [1.0] * sources)
    made = tuple(Source(data=f"tar:{i}.tar", weight=weight) for i, weight in enumerate(weights))
    return Recipe(architecture="dual_branch", sources=made, **settings)


def equal(first, second):
    return all(np.array_equal(first[0][k], second[0][k]) for k in ("rgb", "binary")) and np.array_equal(
        first[1], second[1]
    )


def through_keras(epoch):
    """The batches as Keras's own adapter delivers them."""
    from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

    adapter = PyDatasetAdapter(epoch, shuffle=False)
    adapter.on_epoch_begin()
    batches = list(adapter._get_iterator())
    adapter.on_epoch_end()
    return batches


def test_rejects_are_drawn_as_often_as_the_recipe_says_however_many_there_are():
    many = dataset("a", [0, 1, 2, 3] * 5 + [4] * 200)
    none = dataset("b", [0, 1, 2, 3] * 5)
    settings = recipe(2, reject=0.3, epoch_samples=4000)
    draws = draw([many, none], settings, 0)
    labels = many.label_array()[draws[draws[:, 0] == 0, 1]]
    assert abs((labels == 4).mean() - 0.3) < 0.04
    assert settings.label_texts == ("0", "1", "2", "3", "reject")
    with pytest.raises(ValueError, match="reject, average and distill must lie between 0 and 1"):
        recipe(reject=1.0)


# Batches.


def test_a_batch_holds_both_inputs_and_one_hot_targets():
    epoch = Epoch([dataset("a", [0, 1, 2, 3])], recipe(), 0)
    assert len(epoch) == 3
    inputs, targets = epoch[0]
    assert inputs["rgb"].shape == (8, 28, 28, 3)
    assert inputs["binary"].shape == (8, 28, 28, 1)
    assert targets.shape == (8, 4)
    np.testing.assert_array_equal(targets.sum(axis=1), 1)
    assert len(epoch[2][1]) == 22 - 16


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_processes_give_the_same_batches_in_the_same_order(workers):
    data, settings = [dataset("a", [0, 1, 2, 3] * 5)], recipe(epoch_samples=40)
    alone = through_keras(Epoch(data, settings, 3, workers=0))
    helped = through_keras(Epoch(data, settings, 3, workers=workers))
    assert len(alone) == len(helped) == 5
    assert all(equal(first, second) for first, second in zip(alone, helped, strict=True))


def test_a_batch_depends_on_seed_epoch_and_number_and_on_nothing_else():
    data = [dataset("a", [0, 1, 2, 3] * 5)]
    batch = Epoch(data, recipe(), 1)[1]
    np.random.default_rng()
    assert equal(batch, Epoch(data, recipe(), 1)[1])
    assert not equal(batch, Epoch(data, recipe(), 1)[0])
    assert not equal(batch, Epoch(data, recipe(), 2)[1])
    assert not equal(batch, Epoch(data, recipe(seed=2), 1)[1])


def test_batches_come_in_the_order_that_is_asked_for():
    data = [dataset("a", [0, 1, 2, 3] * 5)]
    plain, turned = Epoch(data, recipe(), 0), Epoch(data, recipe(), 0, order=[2, 0, 1])
    assert equal(turned[0], plain[2])
    assert equal(turned[2], plain[1])


def test_without_augmentation_the_samples_themselves_are_seen():
    one = dataset("a", [2])
    inputs, targets = Epoch([one], recipe(augment=False), 0)[0]
    assert (inputs["rgb"] == inputs["rgb"][0]).all()
    assert targets.argmax(axis=1).tolist() == [2] * 8


# Drawing.


def test_sources_are_drawn_by_their_weights():
    draws = draw([dataset("a", [0]), dataset("b", [1])], recipe(epoch_samples=4000, weights=[3.0, 1.0]), 0)
    assert np.mean(draws[:, 0] == 0) == pytest.approx(0.75, abs=0.03)


def test_a_source_without_samples_is_never_drawn():
    draws = draw([dataset("a", []), dataset("b", [1])], recipe(2), 0)
    assert set(draws[:, 0]) == {1}


@pytest.mark.parametrize(("balance", "share"), [(0.0, 0.1), (0.5, 0.25), (1.0, 0.5)])
def test_class_balance_lifts_rare_classes(balance, share):
    data = dataset("a", [0] * 90 + [1] * 10)
    draws = draw([data], recipe(epoch_samples=6000, class_balance=balance), 0)
    assert np.mean(data.label_array()[draws[:, 1]] == 1) == pytest.approx(share, abs=0.03)


# Sources and their names.


def test_names_are_short_where_they_differ_anyway():
    assert distinct_names(["tar:x/a.tar", "npz:b.npz#train"]) == ["a", "b#train"]


def test_two_parts_of_one_file_get_names_of_their_own():
    specs = ["tar:a.tar?note=good", "tar:a.tar?note=bad", "tar:b.tar?note=good"]
    assert distinct_names(specs) == ["a-good", "a-bad", "b-good"]


def test_the_same_name_in_two_folders_is_numbered():
    assert distinct_names(["tar:x/a.tar", "tar:y/a.tar", "tar:z/a.tar"]) == ["a", "a-2", "a-3"]
    assert distinct_names(["tar:a-2.tar", "tar:x/a.tar", "tar:y/a.tar"]) == ["a-2", "a", "a-3"]
    assert distinct_names(["tar:a.tar#test", "tar:x/a.tar#test"]) == ["a#test", "a-2#test"]


def test_a_spec_that_makes_no_sense_is_refused_with_its_own_text():
    for spec in ("crops.tar", "tar:"):
        assert located(spec, "data") == spec
        with pytest.raises(ConfigError, match=f"'{spec}'"):
            load_splits([Source(data=spec, weight=1.0)], "0123", "data")


@pytest.mark.parametrize("path", ["/abs/a.tar", "~/a.tar"])
def test_only_relative_paths_start_from_the_data_folder(path):
    assert located(f"tar:{path}", "data") == f"tar:{path}"
    assert located("tar:a.tar", "data") == "tar:data/a.tar"


def test_each_source_is_divided_into_its_splits(tmp_path, caplog):
    glyph = dataset("x", [0]).samples[0].glyph
    rows = [
        Sample(glyph, 0, "train", note="good"),
        Sample(glyph, 1, "validation", note="good"),
        Sample(glyph, 2, "validation", note="bad"),
        Sample(glyph, 3, "test", note="bad"),
    ]
    tar.save(tmp_path / "a.tar", rows)
    sources = [Source(data=f"tar:a.tar?note={note}", weight=1.0) for note in ("good", "bad")]
    with caplog.at_level(logging.WARNING):
        train, validation = load_splits(sources, "0123", str(tmp_path))
    assert [(d.name, d.label_array().tolist()) for d in train] == [("a-good", [0]), ("a-bad", [])]
    assert [(d.name, d.label_array().tolist()) for d in validation] == [
        ("a-good", [1]),
        ("a-bad", [2]),
    ]
    assert "note=bad: no sample in its train split" in caplog.text
    alone = load_split(sources, "0123", "validation", str(tmp_path))
    assert [d.name for d in alone] == [d.name for d in validation]
