"""Bundles that were damaged or made up: manifests, self-tests, odd files and archives of them."""

import contextlib
import io
import json
import os
import random
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from ocr_edge.contract.files import MANIFEST_NAME, SELFTEST_NAME, sha256
from tests.attack import children
from tests.attack.networks import REAL_CHILD, bundle

ODD: list[Any] = [
    None, True, -1, 0, 1, 1.5, 1e-9, 1e300, 2**31, 2**63, 10**400, "", "a\0b", "../x", "..", "manifest.json",
    "é€\u202e", "x" * 300, "x" * 100_000, [], [[]], {}, {"": {}}, ["a", "a"], [1, 2, 3], ["A"] * 3000, [4_000_000],
    {"rgb": [1, 1, 3]},
]  # fmt: skip


def attack(seed: int, folder: Path) -> str | None:
    """Spoil a bundle in one or two ways, and verify or install it.

    Args:
        seed: Chooses bundle, faults and command.
        folder: An empty folder.

    Returns:
        What went wrong, one line; None when it was read or refused with one clear line.
    """
    children.warm()
    dice = random.Random(seed)
    path = bundle(dice, folder)
    for spoil in dice.choices(
        [_manifest_value, _manifest_bytes, _self_test, _file], [4, 2, 4, 2], k=dice.choice([1, 1, 2])
    ):
        with contextlib.suppress(Exception):  # the second one may not understand what the first one left
            spoil(path, dice)
        if dice.random() < 0.8:
            _agree(path)
    if dice.random() < 0.3:
        path = _archive(path, dice)
    words: list[object] = ["verify", path]
    if dice.random() < 0.3:
        words = ["install", path, "--state-dir", folder / "state"]
    fork = seed % REAL_CHILD != 0
    code, wrong = children.judged(children.command("bundle", *words, fork=fork), folder)
    if wrong is None and code == 0 and words[0] == "install":
        words = ["list", "--state-dir", folder / "state"]
        _, wrong = children.judged(children.command("bundle", *words), folder)
    return wrong and f"bundle {words[0]}: {wrong}"


def _is_small(file: Path) -> bool:
    """Whether it can be read here: an earlier fault may have made it a pipe, a part of /proc, or 16 GB long."""
    return file.is_file() and 0 < file.stat().st_size < 2**24


def _agree(path: Path) -> None:
    """Make the manifest's hashes agree, as far as there is a manifest to write them in."""
    with contextlib.suppress(Exception):  # what is spoiled already need not be of any shape
        file = path / MANIFEST_NAME
        if not _is_small(file):
            return
        content = json.loads(file.read_text())
        hashes = {p.name: sha256(p) for p in path.iterdir() if _is_small(p)}
        for name in content["files"]:
            content["files"][name] = hashes.get(name, content["files"][name])
        for stage in content["stages"]:
            stage["sha256"] = hashes.get(stage["file"], stage["sha256"])
        file.write_text(json.dumps(content))


def _manifest_value(path: Path, dice: random.Random) -> None:
    """Put something odd somewhere into the manifest, or take something away."""
    if not _is_small(path / MANIFEST_NAME):
        return
    content = json.loads((path / MANIFEST_NAME).read_text())
    place: Any = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        # What is recorded of the training is not looked at by the program.
        keys = [key for key in keys if key != "training" or dice.random() < 0.1]
        key = dice.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and dice.random() < 0.7:
            place = place[key]
            continue
        break
    match dice.randrange(5):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[dice.choice(["surprise", "a\0b", "x" * 300, "../y"])] = place[key]
        case 2 if isinstance(place, list) and len(place) > 1:
            other = dice.randrange(len(place))
            place[key], place[other] = place[other], place[key]
        case _:
            place[key] = dice.choice(ODD)
    (path / MANIFEST_NAME).write_text(json.dumps(content))


def _manifest_bytes(path: Path, dice: random.Random) -> None:
    file = path / MANIFEST_NAME
    if not _is_small(file):
        return
    match dice.randrange(4):
        case 0:
            file.write_bytes(_flipped(file.read_bytes(), dice))
        case 1:
            file.write_bytes(b'{"a":' * dice.choice([100, 100_000]))
        case 2:
            with file.open("ab") as target:
                target.truncate(dice.choice([0, 1, 100, 2**20 + 1, 2**34]))
        case _:
            file.write_bytes(dice.randbytes(dice.choice([1, 100, 10_000])))


def _self_test(path: Path, dice: random.Random) -> None:
    """Another self-test: flipped bytes, odd arrays, odd members."""
    file = path / SELFTEST_NAME
    if not _is_small(file):
        return
    if dice.random() < 0.3:
        file.write_bytes(_flipped(file.read_bytes(), dice))
        return
    with contextlib.suppress(zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        with zipfile.ZipFile(file) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        name = dice.choice(list(members))
        match dice.randrange(5):
            case 0:
                del members[name]
            case 1:
                members[name] = _flipped(members[name][:128], dice) + members[name][128:]
            case 2:
                members[name] = members[name][: dice.randrange(len(members[name]) + 1)]
            case 3:
                members[name] = _array(dice)
            case _:
                members[dice.choice(["x.npy", "a\\..\\b", "/etc/x.npy", "", "rgb.npy"])] = _array(dice)
        how = dice.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
        with zipfile.ZipFile(file, "w", how) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        if dice.random() < 0.2:
            content = bytearray(file.read_bytes())
            content[content.rindex(b"PK\1\2") + 8] |= 1  # as if it was encrypted
            file.write_bytes(content)


def _array(dice: random.Random) -> bytes:
    kind = dice.choice(
        ["|u1", "<i8", "<f4", "<f8", "|O", "<U1", "<U100000", "|V0", "<c16", "<M8[s]", "|b1", ">u8", "x"]
    )
    shape = dice.choice(
        ["()", "(0,)", "(48,)", "(-1,)", "(48, 28, 28, 3)", "(10**12,)", "(1000000000000,)", "(2,)*70"]
    )
    header = (
        f"{{'descr': '{kind}', 'fortran_order': {dice.choice([True, False, 1])}, 'shape': {shape}}}".encode()
    )
    if dice.random() < 0.1:
        header = b"(" * dice.choice([100, 60_000])
    version = dice.choice([b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\t\t"])
    length = struct.pack("<H" if version == b"\1\0" else "<L", len(header))
    return b"\x93NUMPY" + version + length + header + dice.randbytes(dice.choice([0, 48, 384, 112_896]))


def _file(path: Path, dice: random.Random) -> None:
    """Something else in the place of a file."""
    file = dice.choice([p for p in path.iterdir() if not p.is_dir()])
    content = file.read_bytes() if _is_small(file) else b""
    file.unlink()
    match dice.randrange(8):
        case 0:
            file.symlink_to(
                dice.choice(
                    ["/dev/zero", "/dev/tty", "/proc/self/mem", "/proc/kmsg", "/", "nowhere", file.name]
                )
            )
        case 1:
            os.mkfifo(file)
        case 2:
            file.mkdir()
        case 3:
            file.write_bytes(content[: dice.randrange(len(content) + 1)])
        case 4:
            with file.open("wb") as target:
                target.truncate(dice.choice([0, 2**30, 2**40]))
        case 5:
            file.write_bytes(_flipped(content, dice))
        case _:
            pass


def _archive(path: Path, dice: random.Random) -> Path:
    """An archive of a bundle, damaged or with odd members."""
    files = {p.name: p.read_bytes() for p in path.iterdir() if _is_small(p)}
    top = dice.choice(["", "", "b/", "../", "/", "b/c/"])
    target = path.with_suffix(dice.choice([".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"]))
    kept = io.BytesIO()
    if target.suffix == ".zip":
        with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(f"{top}{name}"), content)
            if dice.random() < 0.3:
                odd = dice.choice(["MANIFEST.json", "x" * 60_000, "a\\b", "c/manifest.json"])
                archive.writestr(odd, b"{}")
    else:
        options: dict[str, Any] = {
            ".gz": {"compresslevel": 1},
            ".bz2": {"compresslevel": 1},
            ".xz": {"preset": 0},
        }
        with tarfile.open(
            fileobj=kept, mode=f"w:{target.suffix[1:].removeprefix('tar')}", **options.get(target.suffix, {})
        ) as tar:
            if dice.random() < 0.4:
                member = tarfile.TarInfo("x")
                member.type = dice.choice([b"x", b"g", b"L", b"K", b"S", b"2", b"1", b"3", b"6", b"9"])
                member.size = dice.choice([0, 100, 2**20, 2**33 - 1])
                member.linkname = "/etc/passwd"
                tar.fileobj.write(member.tobuf(tarfile.GNU_FORMAT))
                tar.fileobj.write(dice.randbytes(512) * dice.choice([1, 3, 2000]))
            for name, content in files.items():
                member = tarfile.TarInfo(f"{top}{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    content = kept.getvalue()
    if dice.random() < 0.6:
        content = _flipped(content, dice)
    target.write_bytes(content)
    return target


def _flipped(content: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, often near an end, where archives keep their lists; sometimes cut or doubled."""
    changed = bytearray(content)
    for _ in range(dice.choice([1, 1, 4, 30]) if changed else 0):
        at = dice.choice(
            [
                dice.randrange(len(changed)),
                int(dice.random() ** 4 * len(changed)),
                len(changed) - 1 - int(dice.random() ** 4 * len(changed)),
            ]
        )
        changed[at] = dice.choice([0, 255, dice.randrange(256), changed[at] ^ 1 << dice.randrange(8)])
    if dice.random() < 0.15:
        del changed[dice.randrange(len(changed) + 1) :]
    return bytes(changed)
