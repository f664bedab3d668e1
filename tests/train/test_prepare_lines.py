import json
import tarfile

import cv2
import numpy as np
import pytest
from tests.edge import hand_made_line

from ocr_edge import bundle as bundles
from ocr_edge.errors import ConfigError
from ocr_train.datasets import words
from ocr_train.prepare import lines


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


def test_pictures_without_such_a_line_are_refused_and_nothing_is_left(bundle, tmp_path):
    source = folder_of(tmp_path / "pictures", {"bbbbbb": crop("rgr")})
    with pytest.raises(ConfigError, match="none of 1 pictures"):
        lines.prepare(f"words:{source}", tmp_path / "lines.tar", bundle)
    assert not list(tmp_path.glob("lines.tar*"))
