"""``ocr-edge bundle`` from the outside: folders and archives, good and hostile ones."""

import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

from ocr_edge.bundles import archive
from ocr_edge.bundles import load as bundles
from ocr_edge.cli import main

FILES = sorted(bundles.shipped().iterdir())


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path / "state"


def zipped(path, members=()):
    with zipfile.ZipFile(path, "w") as archive:
        for file in FILES:
            archive.write(file, f"good/{file.name}")
        for name, content in members:
            archive.writestr(name, content)
    return path


def tarred(path, *members):
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for file in FILES:
            archive.add(file, file.name)
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return path


def link(name, target):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def run(*words):
    return main(["bundle", *map(str, words)])


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_a_folder_or_an_archive_is_installed_listed_and_verified(kind, state, tmp_path, capsys):
    path = {
        "folder": bundles.shipped,
        "zip": lambda: zipped(tmp_path / "b.zip", [("__MACOSX/._card.md", b"x"), ("good/Thumbs.db", b"x")]),
        "tar": lambda: tarred(tmp_path / "b.tar.gz"),
    }[kind]()
    assert run("install", path) == 0
    said = capsys.readouterr().out
    assert said.startswith("default-")
    assert "sudo systemctl reload ocr-edge" in said
    assert sorted(p.name for p in (state / "bundles" / "active").iterdir()) == [p.name for p in FILES]
    assert run("verify") == 0
    assert "75 of 75" in capsys.readouterr().out
    assert run("list", "--json") == 0
    first, shipped, *_ = json.loads(capsys.readouterr().out)
    assert (first["active"], shipped["active"], shipped["previous"]) == (True, False, True)
    conversion = bundles.load().manifest.metrics["conversion"]
    assert (first["labels"], first["n"]) == (101, conversion["n"])
    assert run("list") == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split()[:4] == ["active", first["name"], first["created"], "101"]
    size = sum(path.stat().st_size for path in FILES) / 1e6
    assert line.endswith(f"{size:.1f} MB  {conversion['converted_top1']:.1%} of {conversion['n']} glyphs")


def test_a_rollback_says_what_is_in_use(state, capsys):
    run("install", bundles.shipped())
    capsys.readouterr()
    assert run("rollback") == 0
    assert capsys.readouterr().out.startswith("The shipped bundle is active again.")
    assert run("rollback") == 0
    assert capsys.readouterr().out.startswith("default-")


def test_a_rollback_from_nothing_is_one_line_and_exit_2(state, capsys):
    assert run("rollback") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("../../outside", b"x")], "leads outside"),
        ([("/etc/outside", b"x")], "leads outside"),
        ([("a\\..\\..\\outside", b"x")], "leads outside"),
        ([("again/manifest.json", b"{}")], "expected one manifest.json"),
    ],
)
def test_a_hostile_zip_is_refused(members, message, state, tmp_path, capsys):
    assert run("install", zipped(tmp_path / "b.zip", members)) == 3
    assert message in capsys.readouterr().err
    assert not state.exists()
    assert not list(tmp_path.rglob("outside"))


def test_links_and_devices_are_refused(state, tmp_path, capsys):
    device = tarfile.TarInfo("card.md")
    device.type = tarfile.FIFOTYPE
    for member in (link("x", "/etc/passwd"), link("sub/x", "../../y"), device):
        assert run("install", tarred(tmp_path / "b.tar.gz", (member, b""))) == 3
        assert "is a link or a device" in capsys.readouterr().err
    entry = zipfile.ZipInfo("good/y")
    entry.external_attr = 0o120777 << 16
    assert run("install", zipped(tmp_path / "b.zip", [(entry, "/etc/passwd")])) == 3
    assert "is a link or a device" in capsys.readouterr().err


def test_bombs_are_refused_before_they_are_unpacked(state, tmp_path, capsys, monkeypatch):
    big = tarfile.TarInfo("big")
    big.size = 50 << 20
    path = tarred(tmp_path / "b.tar.gz", (big, bytes(big.size)))
    assert path.stat().st_size < 10 << 20
    monkeypatch.setattr(archive, "MAX_BYTES", 10 << 20)
    assert run("install", path) == 3
    assert "more than 1000 files or 10 MiB" in capsys.readouterr().err
    many = zipped(tmp_path / "many.zip", [(f"good/{i}", b"") for i in range(1000)])
    assert run("install", many) == 3
    assert "more than 1000 files" in capsys.readouterr().err
    monkeypatch.setattr(archive, "MAX_MANIFEST", 1000)
    assert run("install", bundles.shipped()) == 3
    assert "manifest.json: too large" in capsys.readouterr().err


@pytest.mark.parametrize("cut", [100, 20_000, 300_000])
@pytest.mark.parametrize("make", [zipped, tarred])
def test_a_cut_archive_is_one_line_and_exit_3(cut, make, state, tmp_path, capsys):
    path = make(tmp_path / "archive")
    path.write_bytes(path.read_bytes()[:cut])
    assert run("install", path) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ERROR: {path}")


def test_a_flipped_bit_in_an_archive_is_found(state, tmp_path, capsys):
    path = zipped(tmp_path / "b.zip")
    content = bytearray(path.read_bytes())
    content[500_000] ^= 1
    path.write_bytes(content)
    assert run("install", path) == 3
    assert "cannot be unpacked" in capsys.readouterr().err
    assert run("verify", path) == 3
    assert not (state / "bundles" / "active").exists()


def test_verify_takes_names_and_paths(state, tmp_path, capsys):
    run("install", bundles.shipped())
    name = (state / "bundles" / "active").resolve().name
    for word in (name, "active", "previous", "shipped", bundles.shipped(), tarred(tmp_path / "b.tar.gz")):
        assert run("verify", word) == 0
    (state / "bundles" / name / "card.md").write_text("other")
    capsys.readouterr()
    assert run("verify", name) == 3
    assert "card.md is damaged" in capsys.readouterr().err
    assert run("verify", "nothing") == 3


def test_two_commands_at_once_leave_one_whole_bundle(tmp_path):
    path = shutil.copytree(bundles.shipped(), tmp_path / "b")
    command = [sys.executable, "-m", "ocr_edge", "bundle", "install", path, "--state-dir", tmp_path / "state"]
    children = [
        subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(4)
    ]
    ends = [(child.communicate(timeout=60)[1], child.returncode) for child in children]
    assert {code for _, code in ends} <= {0, 1}
    assert 0 in {code for _, code in ends}
    assert all(b"another command" in said for said, code in ends if code)
    assert main(["bundle", "verify", "active", "--state-dir", str(tmp_path / "state")]) == 0


def test_a_list_comes_without_the_interpreter(state):
    code = "from ocr_edge.cli import main; import sys; main(['bundle', 'list'])"
    code += "; assert 'ai_edge_litert' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, stdout=subprocess.DEVNULL)
