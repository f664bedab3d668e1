import json
import tarfile

import cv2
import numpy as np
import pytest
from tests.edge import hand_made_line

from ocr_edge.bundles import load as bundles
from ocr_edge.detect.detector import Pieces
from ocr_edge.errors import ConfigError, ModelError
from ocr_edge.pipeline import Pipeline
from ocr_edge.timing import Stopwatch
from ocr_train.datasets import words
from ocr_train.prepare import lines, outlines
from ocr_train.scenes import boxed


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles") / "bars"
    hand_made_line.write(folder, line_calibration=(1.0, 9.0))
    return bundles.load(folder)


def folder_of(path, pictures):
    path.mkdir()
    for name, image in pictures.items():
        cv2.imwrite(str(path / f"{name}.png"), image[..., ::-1])
    return path


def crop(text):
    return np.repeat(np.repeat(hand_made_line.bars(text)[0], 2, axis=0), 2, axis=1)


def test_a_line_that_reads_like_its_text_is_kept_and_others_are_left_out(bundle, tmp_path):
    source = folder_of(
        tmp_path / "pictures", {"rgb": crop("rgb"), "bbbbbb": crop("rgr"), "rgbb__2": crop("rgb")}
    )
    out = lines.prepare(f"words:{source}", tmp_path / "lines.tar", bundle)
    found = {sample.text: sample for sample in words.load(f"words:{out}").samples}
    # One of four letters may be wrong, six of six may not.
    assert set(found) == {"rgb", "rgbb"}
    assert found["rgb"].image.shape[0] <= crop("rgb").shape[0]
    with tarfile.open(out) as archive:
        truth = archive.extractfile("ground_truth.jsonl").read().decode().splitlines()
    assert {json.loads(row)["split"] for row in truth} <= {"train", "validation"}


def photograph(*texts):
    """Lines under each other, far apart."""
    crops = [crop(text) for text in texts]
    widest = max(line.shape[1] for line in crops)
    return np.concatenate(
        [
            np.pad(line, ((60, 60), (30, 30 + widest - line.shape[1]), (0, 0)), constant_values=255)
            for line in crops
        ]
    )


@pytest.mark.parametrize("others", [1, 3])
def test_the_one_line_is_cut_out_of_a_high_picture_of_several_as_it_was_read(bundle, others, tmp_path):
    picture = photograph(*["bbrrbb", "ggrrgg", "bbggbb"][:others], "rgrg")
    source = folder_of(tmp_path / "pictures", {"rgrg": picture})
    out = lines.prepare(f"words:{source}", tmp_path / "lines.tar", bundle)
    (sample,) = words.each(f"words:{out}", whole=True)
    places = Pipeline(bundle, min_confidence=0.0, reader="line").find(picture, Stopwatch())
    (box,) = (place.strip.box for place in places if place.strip.rated.line.text == "rgrg")
    assert box.top > picture.shape[0] / 2
    assert np.array_equal(sample.image, picture[box.top : box.bottom, box.left : box.right])


def test_an_older_archive_stays_where_pictures_cannot_be_read(bundle, tmp_path):
    out = tmp_path / "lines.tar"
    out.write_bytes(b"older")
    with pytest.raises(ConfigError, match="does not exist"):
        lines.prepare(f"words:{tmp_path / 'none'}", out, bundle)
    assert out.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [out]


def test_pictures_without_such_a_line_are_refused_and_nothing_is_left(bundle, tmp_path):
    source = folder_of(tmp_path / "pictures", {"bbbbbb": crop("rgr")})
    with pytest.raises(ConfigError, match="none of 1 pictures"):
        lines.prepare(f"words:{source}", tmp_path / "lines.tar", bundle)
    assert not list(tmp_path.glob("lines.tar*"))


class DarkRows:
    """A detector that finds rows of dark ink up to a height: what is larger it finds only in a smaller variant."""

    most = 1000

    def __init__(self, bundle):
        pass

    def detect(self, image):
        dark = image.min(axis=2) < 100
        rows = np.flatnonzero(np.diff(np.pad(dark.any(axis=1).astype(int), 1)))
        quads = []
        for top, bottom in zip(rows[::2], rows[1::2], strict=True):
            if bottom - top > self.most:
                continue
            across = np.flatnonzero(dark[top:bottom].any(axis=0))
            left, right = across[0], across[-1] + 1
            quads.append([(left, top), (right, top), (right, bottom), (left, bottom)])
        return Pieces(np.array(quads, np.float32).reshape(-1, 4, 2), np.ones(len(quads), np.float32))


@pytest.mark.parametrize("most", [1000, 40])
def test_the_known_line_of_a_picture_is_outlined_where_it_stands_and_the_rest_is_ignored(
    most, bundle, tmp_path, monkeypatch
):
    monkeypatch.setattr(outlines, "Detector", type("Some", (DarkRows,), {"most": most}))
    picture = photograph("bbrrbb", "rgrg")
    source = folder_of(tmp_path / "pictures", {"rgrg": picture, "gggggg": photograph("bbrrbb")})
    out = outlines.prepare(f"words:{source}", tmp_path / "outlines.tar", bundle)
    (scene,) = boxed.load(f"scenes:{out}").scenes
    (quad,) = scene.quads
    dark = np.argwhere(picture.min(axis=2) < 200)
    dark = dark[dark[:, 0] > picture.shape[0] / 2]
    np.testing.assert_allclose(quad.min(axis=0)[::-1], dark.min(axis=0), atol=2)
    np.testing.assert_allclose(quad.max(axis=0)[::-1], dark.max(axis=0) + 1, atol=2)
    height, width = scene.image.shape[:2]
    np.testing.assert_allclose(scene.ignored[0], [[0, 0], [width, 0], [width, height], [0, height]])


def test_pictures_without_the_known_line_get_no_outline(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(outlines, "Detector", DarkRows)
    source = folder_of(tmp_path / "pictures", {"gggggg": photograph("bbrrbb")})
    with pytest.raises(ConfigError, match="none of 1 pictures shows a line"):
        outlines.prepare(f"words:{source}", tmp_path / "outlines.tar", bundle)
    assert not (tmp_path / "outlines.tar").exists()


def test_a_bundle_without_a_detector_is_refused(bundle, tmp_path):
    source = folder_of(tmp_path / "pictures", {"rgb": crop("rgb")})
    with pytest.raises(ModelError, match="no stage that finds lines"):
        outlines.prepare(f"words:{source}", tmp_path / "outlines.tar", bundle)
