"""Bundles that somebody changed or made up: one line and exit code 3, in little time and memory."""

import gzip
import io
import json
import os
import shutil
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ocr_edge.bundles import load as bundles
from ocr_edge.bundles import npz, untrusted
from ocr_edge.bundles.installed import Installed
from ocr_edge.cli import main
from ocr_edge.contract.files import sha256
from ocr_edge.errors import ModelError

FAST = bundles.shipped("fast")


@pytest.fixture
def path(tmp_path):
    """A copy of the bundle ``fast``."""
    return shutil.copytree(FAST, tmp_path / "b")


def said(*words, capsys):
    """Exit code and the one line of ``ocr-edge bundle``."""
    code = main(["bundle", *map(str, words)])
    (line,) = capsys.readouterr().err.splitlines()
    return code, line


def rewrite(path: Path, change) -> None:
    """Change a manifest as its JSON, and make all hashes agree again."""
    content = json.loads((path / "manifest.json").read_text())
    change(content)
    content["files"] = {name: sha256(path / name) for name in content["files"]}
    (path / "manifest.json").write_text(json.dumps(content))


def swap(content) -> None:
    """Let the manifest call every A a B."""
    labels = content["labels"]
    a, b = labels.index("A"), labels.index("B")
    labels[a], labels[b] = "B", "A"


def test_swapped_labels_are_found_wherever_the_bundle_lies(path, tmp_path, capsys):
    rewrite(path, swap)
    for words in (("verify", path), ("install", path, "--state-dir", tmp_path / "state")):
        code, line = said(*words, capsys=capsys)
        assert (code, "label 10 is 'B', the self-test was made for 'A'" in line) == (3, True)
    rewrite(path, lambda content: content["labels"].append("é"))
    with pytest.raises(ModelError):
        bundles.self_test(bundles.load(path))


def test_swapped_labels_of_a_line_stage_are_found(tmp_path, capsys):
    path = shutil.copytree(bundles.shipped(), tmp_path / "b")
    rewrite(path, lambda content: swap(next(stage for stage in content["stages"] if stage["kind"] == "line")))
    code, line = said("verify", path, capsys=capsys)
    assert (code, "the manifest's labels were changed: line-dual_line.tflite" in line) == (3, True)


@pytest.mark.parametrize("reach", ["active", "folder", "link"])
def test_an_installed_manifest_that_was_changed_is_found(reach, path, tmp_path, capsys):
    state = tmp_path / "state"
    place = Installed(state).install(path)
    rewrite(place, lambda content: content["stages"][0].update(temperature=5.0))
    word = {"active": "active", "folder": place, "link": place.parent / "active"}[reach]
    code, line = said("verify", word, "--state-dir", state, capsys=capsys)
    assert (code, "manifest.json was changed after it was installed" in line) == (3, True)
    bundle, lines = Installed(state).open_active()
    assert bundle.path == bundles.shipped()
    assert "was changed after it was installed" in lines[0]
    Installed(state).install(path)
    assert Installed(state).open_active()[1] == []


def test_a_folder_of_ones_own_may_have_any_name(path, tmp_path, capsys):
    own = path.rename(tmp_path / "meter-202611261530")
    rewrite(own, lambda content: content.update(name="mine"))
    assert main(["bundle", "verify", str(own)]) == 0


@pytest.mark.parametrize("name", ["manifest.json", "selftest.npz", "1-lean_stem32.tflite"])
@pytest.mark.parametrize("kind", ["zero", "pipe", "folder", "sparse", "loop", "endless"])
def test_what_is_no_regular_file_of_a_sensible_size_is_not_read(name, kind, path, capsys):
    file = path / name
    file.unlink()
    match kind:
        case "zero":
            file.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "endless":
            file.symlink_to("/proc/kmsg")
        case "loop":
            file.symlink_to(file)
        case "sparse":
            with file.open("wb") as target:
                target.truncate(2**40)
    code, line = said("verify", path, capsys=capsys)
    assert (code, name in line) == (3, True)
    code, line = said("install", path, "--state-dir", path / "state", capsys=capsys)
    assert code == 3


@pytest.mark.parametrize("path", ["/dev/zero", "x" * 5000, "no\nsuch"])
def test_what_is_no_bundle_at_all_is_one_line(path, tmp_path, capsys):
    for word in ("verify", "install"):
        code, _ = said(word, path, "--state-dir", tmp_path / "state", capsys=capsys)
        assert code in {2, 3}


def test_a_pipe_is_no_archive_and_nobody_waits_for_it(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    code, line = said("verify", tmp_path / "pipe", capsys=capsys)
    assert (code, "is no regular file" in line) == (3, True)


def array(header: bytes, content: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """A ``.npy`` with a header made by hand."""
    return b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + content


HUGE = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,)}\n"
ODD = {
    "encrypted": None,
    "claims a terabyte": array(HUGE),
    "objects": array(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n", b"12345678"),
    "records": array(b"{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}\n", b"1234"),
    "negative": array(b"{'descr': '|u1', 'fortran_order': False, 'shape': (-4, -1)}\n", b"1234"),
    "empty": b"",
    "no header": b"\x93NUMPY\1\0",
    "no dictionary": array(b"1\n"),
    "nested": array(b"(" * 5000 + b"\n"),
    "another version": array(HUGE, version=b"\3\0"),
    "a lie of 4 GB": b"\x93NUMPY\2\0" + struct.pack("<L", 2**32 - 1) + b" " * 100_000,
    "odd text": array(b"{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}\n", b"\xff\xff\xff\x7f"),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_self_test_with_an_odd_array_is_one_line(kind, path, capsys):
    file = path / "selftest.npz"
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if (odd := ODD[kind]) is not None:
        members["all_labels.npy" if kind == "odd text" else "rgb.npy"] = odd
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    if kind == "encrypted":
        content = bytearray(file.read_bytes())
        for at, signature in ((6, b"PK\3\4"), (8, b"PK\1\2")):
            content[content.index(signature) + at] |= 1
        file.write_bytes(content)
    rewrite(path, lambda content: None)
    with pytest.raises(ModelError, match=r"selftest\.npz: ") as caught:
        bundles.self_test(bundles.load(path))
    assert "\n" not in str(caught.value)
    assert said("verify", path, capsys=capsys)[0] == 3


def test_a_bomb_in_a_self_test_is_not_unpacked(tmp_path):
    file = tmp_path / "x.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(2**26))
    with pytest.raises(ModelError, match="bytes together, at most 64 of"):
        npz.load(file, 2**25)


@pytest.mark.parametrize("by_columns", [False, True])
def test_arrays_are_read_as_numpy_wrote_them(by_columns, tmp_path):
    order = "F" if by_columns else "C"
    made = {
        "a": np.asarray(np.arange(24, dtype=">i4").reshape(2, 3, 4), order=order),
        "b": np.array(["", "Aé", "€"]),
        "c": np.float64(2.5),
        "d": np.zeros((3, 0), np.uint8),
    }
    np.savez(tmp_path / "x.npz", **made)
    found = npz.load(tmp_path / "x.npz", 2**20)
    assert found.keys() == made.keys()
    for name, value in made.items():
        assert (found[name].dtype, found[name].shape) == (np.asarray(value).dtype, np.shape(value))
        assert np.array_equal(found[name], value)


def test_a_list_of_members_without_end_is_not_read(tmp_path, capsys):
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number:040}", b"")
    code, line = said("verify", path, capsys=capsys)
    assert (code, "list of members is larger" in line) == (3, True)
    # The longer form, which hides the size from those who look at the short one.
    content = path.read_bytes()
    end = content.rfind(b"PK\5\6")
    tail = (
        content[:end]
        + b"PK\6\7"
        + bytes(16)
        + content[end : end + 12]
        + struct.pack("<L", 10)
        + content[end + 16 :]
    )
    with pytest.raises(zipfile.BadZipFile):
        untrusted.opened_zip(io.BytesIO(tail))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_tar_whose_header_is_a_bomb_is_refused_before_it_is_unpacked(kind, tmp_path, capsys):
    member = tarfile.TarInfo("x")
    member.type, member.size = kind, 2**32
    path = tmp_path / "b.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(member.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(2**20))
    code, line = said("verify", path, capsys=capsys)
    assert (code, "header claims 4,294,967,296 bytes" in line or "expected a bundle" in line) == (3, True)


def test_a_full_disk_while_an_archive_is_looked_at_is_one_line(tmp_path, capsys, monkeypatch):
    path = shutil.make_archive(str(tmp_path / "b"), "zip", FAST)

    def full(*_):
        raise OSError(28, "No space left on device", "/tmp/x")

    monkeypatch.setattr("ocr_edge.bundles.archive._write", full)
    assert said("verify", path, capsys=capsys) == (2, "ERROR: /tmp/x: No space left on device")
