"""``ocr-edge bench`` on this machine: what it prints, and what it says when it cannot."""

import difflib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from ocr_edge.bench import machine, measure, picture, report, start
from ocr_edge.bundles import load as bundles
from ocr_edge.cli import main
from ocr_edge.commands.bench import Progress
from ocr_edge.contract import manifest as manifests
from ocr_edge.contract.files import MANIFEST_NAME
from ocr_edge.diagnose.probe import Probe
from ocr_edge.errors import CaptureError
from ocr_edge.pipeline import Pipeline
from tests.edge import hand_made_line

DOCS = Path(__file__).parents[2] / "docs" / "bench.md"
QUICK = ("--threads", "1", "--seconds", "0.01", "--picture", "drawn")


def bench(*words):
    command = [sys.executable, "-m", "ocr_edge", "bench", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def measured():
    done = bench(*QUICK, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def cascade(tmp_path_factory):
    """The fast network twice: what it is less than sure of goes on to itself."""
    folder = tmp_path_factory.mktemp("bench") / "cascade"
    shutil.copytree(bundles.shipped("fast"), folder)
    manifest = manifests.decode((folder / MANIFEST_NAME).read_bytes())
    last = manifest.stages[-1]
    first = msgspec.structs.replace(last, escalate_below=0.9)
    twice = msgspec.structs.replace(manifest, stages=(first, last))
    (folder / MANIFEST_NAME).write_bytes(manifests.encode(twice))
    return folder


def test_every_shipped_bundle_is_measured_and_named_in_the_table(measured):
    names = [bundle["name"] for bundle in measured["bundles"]]
    assert names == list(bundles.shipped_names())
    assert names[0] == "default"
    said = report.text(measured)
    for name in names:
        assert re.search(rf"^{name} \* +1 ", said, re.MULTILINE)
        assert f"{name}: write  threads = 1 " in said
    assert max(map(len, said.splitlines())) <= 120


def test_the_numbers_belong_together(measured):
    for bundle in measured["bundles"]:
        manifest = manifests.decode((bundles.shipped(bundle["name"]) / MANIFEST_NAME).read_bytes())
        assert bundle["macs"] == sum(stage.macs for stage in manifest.characters or manifest.lines)
        assert bundle["bytes"] > 100_000
        assert 20 < bundle["peak_mib"] < 1000
        assert bundle["load_ms"] > 0
        assert bundle["stages"][0]["share"] == 1
        (cell,) = bundle["threads"]
        assert cell["frames"] >= measure.MIN_ROUNDS
        assert cell["passes"] == cell["frames"] * measure.PASSES
        assert cell["frames_per_s"] == pytest.approx(1000 / cell["frame_ms"]["median"])
        for key in ("prepare_ms", "network_ms", "frame_ms"):
            assert 0 < cell[key]["median"] <= cell[key]["p90"]
        # The frame's characters, with their preprocessing, are part of the frame.
        assert cell["frame_ms"]["median"] > 20 * cell["network_ms"]["median"]
        assert 20 <= cell["characters"] <= 34
    assert measured["picture"] == {"name": "drawn", "width": 640, "height": 480}
    assert re.fullmatch(r"(ai_edge_litert|tflite_runtime) \d.*", measured["machine"]["runtime"])


def test_a_bundle_of_two_stages_tells_the_cost_of_each_and_who_goes_on(cascade):
    done = bench("--bundle", cascade, *QUICK, "--json")
    assert done.returncode == 0, done.stderr
    (bundle,) = json.loads(done.stdout)["bundles"]
    first, second = bundle["stages"]
    assert first["share"] == 1
    assert 0 <= second["share"] < 0.5
    assert first["ms"] > 0
    single = bundles.load(bundles.shipped("fast")).manifest.stages[0].macs
    assert bundle["macs"] == 2 * single
    said = report.text({**json.loads(done.stdout)})
    assert re.search(r"cascade +2 +lean", said)


def test_a_bundle_that_reads_lines_too_tells_what_a_strip_costs(tmp_path):
    path = hand_made_line.write(tmp_path / "both", characters=bundles.shipped("fast"))
    done = bench("--bundle", path, *QUICK, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    (cell,) = result["bundles"][0]["threads"]
    assert 0 < cell["line_ms"]["median"] <= cell["line_ms"]["p90"]
    assert len(result["bundles"][0]["stages"]) == 1
    assert "network ms        line ms" in report.text(result)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ("--bundle", "orignal"),
            3,
            "orignal: no such folder; the bundles that ship with the program are default",
        ),
        (("--picture", "nix.png"), 4, "nix.png: no such file"),
    ],
)
def test_what_is_not_there_is_one_line(words, code, said, capsys):
    assert main(["bench", *QUICK, *words]) == code
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert said in err


@pytest.mark.parametrize(
    "words", [("--threads", "0"), ("--threads", "1,x"), ("--seconds", "0"), ("--seconds", "inf")]
)
def test_arguments_that_make_no_sense_end_with_2(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["bench", *words])
    assert caught.value.code == 2


def test_a_picture_without_text_is_refused():
    with pytest.raises(CaptureError, match="paper: nothing in it looks like a character"):
        picture.glyphs("paper", np.full((240, 320, 3), 210, np.uint8), 8)


def test_the_drawn_picture_is_always_the_same_and_can_be_read():
    image = picture.drawn()
    assert (image == picture.drawn()).all()
    read = Pipeline(bundles.load()).read(image).text.replace(" ", "")
    wanted = "\n".join(picture.LINES).replace(" ", "")
    assert difflib.SequenceMatcher(None, read, wanted, autojunk=False).ratio() > 0.85
    assert len(picture.glyphs("drawn", image, 8)) <= 8


def test_without_examples_the_picture_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "EXAMPLE", tmp_path / "page.png")
    assert picture.chosen("")[0] == "drawn"


@pytest.mark.parametrize(
    ("ms", "best"), [({1: 100, 2: 97, 4: 96}, 1), ({1: 100, 2: 60, 4: 59}, 2), ({1: 100, 2: 60, 4: 40}, 4)]
)
def test_the_fewest_threads_that_are_nearly_the_fastest_are_picked(ms, best):
    assert measure.best_threads([SimpleNamespace(threads=n, frame_ms=[t, t]) for n, t in ms.items()]) == best


def test_a_slow_moment_of_the_machine_does_not_change_the_pick():
    slow = np.array([1, 1, 4, 4, 1])
    cells = [SimpleNamespace(threads=n, frame_ms=list(t * slow)) for n, t in ((1, 100.0), (2, 80.0))]
    assert measure.best_threads(cells) == 2


def test_restless_times_are_told(measured):
    def found(p90):
        return [{"threads": [{"frame_ms": {"median": 100.0, "p90": p90}}]}]

    (line,) = report.restless(found(200.0))
    assert "2.0 times the median" in line
    assert report.restless(found(110.0)) == []
    assert "note: heat" in report.text({**measured, "notes": ["heat"]})


def test_a_process_that_fails_leaves_a_question_mark_and_a_warning(tmp_path, logged, measured):
    costs = start.measure(tmp_path / "none", "drawn")
    assert costs == {"load_ms": None, "first_frame_ms": None, "peak_mib": None}
    (record,) = logged
    assert "no such folder" in record.getMessage()
    first = {**measured["bundles"][0], **costs}
    assert re.search(r"default .* \? +\? +\?", report.text({**measured, "bundles": [first]}))


def test_progress_is_silent_for_a_moment_and_then_one_line(capsys, monkeypatch):
    quiet = Progress("measuring")
    quiet.tell(0.1)
    monkeypatch.setattr("ocr_edge.commands.bench.QUIET_S", 0.0)
    slow = Progress("measuring")
    slow.tell(0.5)
    slow.tell(0.6)  # too soon for a log
    slow.done()
    assert capsys.readouterr() == ("", "measuring: 50%\n")


def test_heat_and_other_programs_are_told(tmp_path):
    probe = Probe(root=tmp_path)
    monitor = tmp_path / "sys/devices/platform/soc/firmware"
    monitor.mkdir(parents=True)
    (monitor / "get_throttled").write_text("4")
    probe.run = lambda *command, timeout_s=10.0: None  # no vcgencmd here
    slowed, busy = machine.notes(probe, 3.2)
    assert "slowed down right now" in slowed
    assert "load average 3.2" in busy
    assert machine.notes(Probe(root=tmp_path / "none"), 0.1) == []


def test_the_docs_show_the_tables_that_are_printed(measured):
    shown = [line.split() for line in DOCS.read_text(encoding="utf-8").splitlines()]
    for line in report.text(measured).splitlines():
        if line.startswith(("bundle ", "ms:", "MACs:")):
            assert line.split() in shown


def test_the_estimates_in_the_docs_are_what_the_formula_gives():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in DOCS.read_text(encoding="utf-8").splitlines()
    ]
    rates = {row[0]: float(row[-1]) for row in rows if row[0].startswith("Pi ") and len(row) == 5}
    header = next(row for row in rows if row[0] == "bundle" and row[1] == "million MACs")
    assert header[2:] == list(rates)
    told = {row[0].strip("`"): row[1:] for row in rows if len(row) == len(header) and row[0].startswith("`")}
    for name in bundles.shipped_names():
        manifest = manifests.decode((bundles.shipped(name) / MANIFEST_NAME).read_bytes())
        every = sum(stage.macs for stage in manifest.stages)
        million = manifest.metrics.get("mean_macs", every) / 1e6
        expected = [f"{million:.1f}", *(f"{million / rate:.1f}" for rate in rates.values())]
        assert told.get(name) == expected, (
            f"docs/bench.md needs the row: | `{name}` | {' | '.join(expected)} |"
        )
