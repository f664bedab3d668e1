"""Official downloads in small: what is cut, how it is labelled, and that no group straddles the splits."""

import io
import logging
import tarfile
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from ocr_edge.contract.labels import DEFAULT
from ocr_edge.errors import ConfigError
from ocr_train import datasets
from ocr_train.datasets import Sample
from ocr_train.prepare import bounded, chars74k, iiit5k, split_of


def png(shade: int, size: tuple[int, int] = (20, 10)) -> bytes:
    return cv2.imencode(".png", np.full((*size, 3), shade, np.uint8))[1].tobytes()


def chars74k_files() -> dict[str, bytes]:
    """Two classes of each of the three downloads, with what lies beside them."""
    files = {"English/Img/GoodImg/Msk/Sample001/img001-00001.png": png(0), "English/Fnt/all.txt~": b"x"}
    for label in (1, 62):
        for index in range(1, 8):
            name = f"Sample{label:03d}/img{label:03d}"
            files[f"English/Img/GoodImg/Bmp/{name}-{index:05d}.png"] = png(index)
            files[f"English/Img/BadImag/Bmp/{name}-{index:05d}.png"] = png(100 + index)
        for index in range(1, 56):
            files[f"English/Hnd/Img/{name}-{index:03d}.png"] = png(label, (90, 120))
        for index in range(1, 41):
            files[f"English/Fnt/{name}-{index:05d}.png"] = png(label, (128, 128))
    return files


def unpack(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def pack(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def load(path: Path) -> list[Sample]:
    return datasets.load(f"tar:{path}", DEFAULT).samples


def splits_by_group(samples: list[Sample]) -> dict[str, set[str]]:
    splits = defaultdict(set)
    for sample in samples:
        splits[sample.group].add(sample.split)
    return splits


def test_groups_fall_on_the_same_side_always_and_about_15_percent_are_held_back() -> None:
    drawn = [split_of(f"writer{number}") for number in range(2000)]
    assert drawn == [split_of(f"writer{number}") for number in range(2000)]
    assert 0.12 < drawn.count("validation") / 2000 < 0.18
    assert set(drawn) == {"train", "validation"}


def test_crops_are_shrunk_to_48_pixels_and_keep_their_shape() -> None:
    assert bounded(np.zeros((96, 30, 3), np.uint8)).shape == (48, 15, 3)
    assert bounded(np.zeros((1, 4000, 3), np.uint8)).shape == (1, 48, 3)
    small = np.zeros((48, 7, 3), np.uint8)
    assert bounded(small) is small


def test_chars74k_writes_one_archive_for_each_download(tmp_path: Path) -> None:
    written = chars74k.prepare(unpack(tmp_path / "in", chars74k_files()), tmp_path / "out")
    assert [path.name for path in written] == ["chars74k_img.tar", "chars74k_hnd.tar", "chars74k_fnt.tar"]
    scenes, hands, fonts = map(load, written)
    assert (len(scenes), len(hands), len(fonts)) == (28, 110, 80)
    for samples in (scenes, hands, fonts):
        assert {DEFAULT[s.label] for s in samples} == {"0", "z"}
        assert max(max(s.glyph.rgb.shape) for s in samples) <= 48
    assert hands[0].glyph.rgb.shape == (36, 48, 3)
    assert {(s.note, s.glyph.rgb[0, 0, 0] > 99, s.group) for s in scenes} == {
        ("good", False, ""),
        ("bad", True, ""),
    }


def test_no_writer_and_no_typeface_straddles_the_splits(tmp_path: Path) -> None:
    _, hands, fonts = map(load, chars74k.prepare(unpack(tmp_path / "in", chars74k_files()), tmp_path))
    writers, typefaces = splits_by_group(hands), splits_by_group(fonts)
    assert set(writers) == {f"writer{number}" for number in range(1, 56)}
    assert set(typefaces) == {f"typeface{number}" for number in range(1, 11)}
    assert all(len(splits) == 1 for splits in [*writers.values(), *typefaces.values()])
    assert {"train", "validation"} == set().union(*writers.values())
    assert 0.05 < sum(splits == {"validation"} for splits in writers.values()) / 55 < 0.25


def test_packed_and_unpacked_downloads_give_the_same_archives(tmp_path: Path) -> None:
    files = chars74k_files()
    for part in ("Img", "Hnd", "Fnt"):
        ours = {name: files[name] for name in reversed(files) if name.startswith(f"English/{part}/")}
        pack(tmp_path / "packed" / f"English{part}.tgz", ours)
    packed = chars74k.prepare(tmp_path / "packed", tmp_path / "a")
    unpacked = chars74k.prepare(unpack(tmp_path / "in", files), tmp_path / "b")
    assert [path.read_bytes() for path in packed] == [path.read_bytes() for path in unpacked]


def test_the_inner_folder_of_chars74k_is_found_too(tmp_path: Path) -> None:
    inner = unpack(tmp_path, chars74k_files()) / "English" / "Hnd"
    assert [path.name for path in chars74k.prepare(inner, tmp_path / "out")] == ["chars74k_hnd.tar"]


def test_useless_pictures_of_chars74k_are_skipped_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = {f"English/Hnd/Img/Sample001/img001-{index:03d}.png": png(1) for index in (1, 2)}
    files |= {
        "English/Hnd/Img/Sample001/img001-003.png": b"junk",
        "English/Hnd/Img/Sample063/img063-001.png": png(1),
    }
    (path,) = chars74k.prepare(unpack(tmp_path / "in", files), tmp_path)
    assert len(load(path)) == 2
    assert "skipped 1: not a picture (first: Hnd/Img/Sample001/img001-003.png)" in caplog.text
    assert "skipped 1: class is not Sample001 to Sample062 (first: Hnd/Img/Sample063" in caplog.text


def test_a_wrong_chars74k_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no Chars74K picture found; expected EnglishImg\.tgz or"
    ) as caught:
        chars74k.prepare(tmp_path, tmp_path / "out")
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="not a folder"):
        chars74k.prepare(tmp_path / "absent", tmp_path)
    pack(tmp_path / "EnglishHnd.tgz", {"readme.txt": b"x"})
    with pytest.raises(ConfigError, match=r"holds no picture such as those of EnglishHnd\.tgz"):
        chars74k.prepare(tmp_path, tmp_path)
    pack(tmp_path / "EnglishHnd.tgz", chars74k_files())
    whole = (tmp_path / "EnglishHnd.tgz").read_bytes()
    for damaged in (whole[: len(whole) // 2], b"junk" * 500):
        (tmp_path / "EnglishHnd.tgz").write_bytes(damaged)
        with pytest.raises(ConfigError, match=r"damaged .*; download it again"):
            chars74k.prepare(tmp_path, tmp_path)


def word_picture(boxes: list[tuple[int, int, int, int]]) -> np.ndarray:
    """Each character is a block of its own shade, at a box that counts from 1."""
    picture = np.zeros((40, 100, 3), np.uint8)
    for number, (left, top, width, height) in enumerate(boxes, 1):
        picture[top - 1 : top - 1 + height, left - 1 : left - 1 + width] = 20 * number
    return picture


BOXES = [(1, 1, 10, 20), (30, 8, 12, 24), (90, 20, 11, 21)]


def write_half(folder: Path, half: str, words: list[tuple[str, str, list]]) -> None:
    """An annotation file as MATLAB writes it: a row of records."""
    kind = [("ImgName", object), ("chars", object), ("charBoxes", object)]
    records = np.zeros((1, len(words)), kind)
    for number, (name, text, boxes) in enumerate(words):
        records[0, number] = (f"{half}/{name}.png", text, np.array(boxes, np.float64))
        (folder / half).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / half / f"{name}.png"), word_picture(BOXES))
    savemat(folder / f"{half}CharBound.mat", {f"{half}CharBound": records})


def test_iiit5k_characters_are_cut_with_a_margin_and_keep_their_case(tmp_path: Path) -> None:
    write_half(tmp_path / "IIIT5K", "train", [("1009_2", "aB7", BOXES), ("1009_3", "z", BOXES[1:2])])
    (path,) = iiit5k.prepare(tmp_path, tmp_path / "out")
    samples = load(path)
    assert "".join(DEFAULT[s.label] for s in samples) == "aB7z"
    assert [s.group for s in samples] == ["1009_2"] * 3 + ["1009_3"]
    middle = samples[1].glyph.rgb[..., 0]
    assert middle.shape == (26, 14)
    assert (middle[1:-1, 1:-1] == 40).all()
    assert not middle[0].any()
    assert not middle[:, -1].any()
    # At the edge of the picture there is no margin to be had.
    assert samples[0].glyph.rgb.shape == (21, 11, 3)
    assert samples[2].glyph.rgb.shape == (22, 12, 3)


def test_no_word_picture_straddles_the_splits(tmp_path: Path) -> None:
    write_half(tmp_path, "train", [(f"{number}_1", "aB7", BOXES) for number in range(60)])
    groups = splits_by_group(load(iiit5k.prepare(tmp_path, tmp_path)[0]))
    assert len(groups) == 60
    assert all(len(splits) == 1 for splits in groups.values())
    assert set().union(*groups.values()) == {"train", "validation"}


def test_the_official_test_half_of_iiit5k_stays_apart(tmp_path: Path) -> None:
    write_half(tmp_path, "train", [("1_1", "ab7", BOXES)])
    write_half(tmp_path, "test", [("2_1", "ab7", BOXES), ("2_2", "abc", BOXES)])
    written = iiit5k.prepare(tmp_path, tmp_path / "out")
    assert [path.name for path in written] == ["iiit5k_chars.tar", "iiit5k_chars_test.tar"]
    assert {s.split for s in load(written[1])} == {"test"}
    assert {s.group for s in load(written[0])} == {"1_1"}


def test_useless_words_of_iiit5k_are_skipped_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = [(1, 1, 10, 20), (500, 1, 5, 5), (3, 3, 0, 5), (np.nan, 1, 5, 5)]
    write_half(
        tmp_path,
        "train",
        [("1_1", "abcd", odd), ("1_2", "ab", BOXES), ("1_3", "é", BOXES[:1]), ("1_4", "a", BOXES[:1])],
    )
    (tmp_path / "train" / "1_4.png").unlink()
    caplog.set_level(logging.INFO)
    samples = load(iiit5k.prepare(tmp_path, tmp_path)[0])
    assert [DEFAULT[s.label] for s in samples] == ["a"]
    assert "skipped 3: box lies outside the picture (first: train/1_1.png: [500.0" in caplog.text
    assert (
        "skipped 1: word has another number of boxes than characters (first: train/1_2.png: 3 for 'ab')"
        in caplog.text
    )
    assert "skipped 1: character is not among the labels (first: train/1_3.png: 'é')" in caplog.text
    assert "skipped 1: word picture is missing or not a picture (first: train/1_4.png)" in caplog.text
    assert "no testCharBound.mat, so no iiit5k_chars_test" in caplog.text


def test_a_wrong_iiit5k_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no trainCharBound\.mat found") as caught:
        iiit5k.prepare(tmp_path, tmp_path)
    assert "\n" not in str(caught.value)
    (tmp_path / "IIIT5K-Word_V3.0.tar.gz").write_bytes(b"")
    with pytest.raises(ConfigError, match="unpack the download first"):
        iiit5k.prepare(tmp_path, tmp_path)
    write_half(tmp_path, "train", [("1_1", "aB7", BOXES)])
    annotations = tmp_path / "trainCharBound.mat"
    whole = annotations.read_bytes()
    for damaged in (b"", b"junk" * 99, whole[: len(whole) // 2]):
        annotations.write_bytes(damaged)
        with pytest.raises(ConfigError, match="not a readable MATLAB file"):
            iiit5k.prepare(tmp_path, tmp_path)
    savemat(annotations, {"trainCharBound": np.zeros(3)})
    with pytest.raises(ConfigError, match="expected records trainCharBound with ImgName"):
        iiit5k.prepare(tmp_path, tmp_path)
    annotations.write_bytes(whole)
    (tmp_path / "train" / "1_1.png").unlink()
    with pytest.raises(ConfigError, match=r"none of its 1 words could be cut; are train/\*\.png there"):
        iiit5k.prepare(tmp_path, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
