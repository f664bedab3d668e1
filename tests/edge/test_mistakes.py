"""What a stranger does wrong at first: one line that says what was found, what was expected and what to do."""

import pytest

from ocr_edge.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a file and an empty folder in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "neg.jpg").write_bytes(b"no picture")
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            "check --config none.toml",
            2,
            "none.toml: no such file; name yours with --config FILE, or write a first one: ",
        ),
        (
            "read neg.jpg --bundle empty",
            3,
            "bundle empty: is no bundle, manifest.json is missing in it; the bundles that",
        ),
        (
            "read neg.jpg --bundle neg.jpg",
            3,
            "bundle neg.jpg: is a file, expected a folder; the bundles that ship",
        ),
        (
            "read neg.jpg --bundle fast --reader line",
            3,
            "has no stage for --reader line; leave --reader out, or take a",
        ),
        ("read neg.jpg --annotate neg.jpg", 2, "neg.jpg: cannot be written: is a file, expected a folder"),
        ("read neg.jpg --out neg.jpg", 2, "neg.jpg: cannot be written: is a file, expected a folder"),
        ("read -", 4, "-: a pipe is not read; save the picture as a file, and name that"),
        (
            "status --state-dir nope",
            2,
            "--state-dir nope: no such folder; state_dir of the configuration says where",
        ),
        ("status --state-dir neg.jpg", 2, "--state-dir neg.jpg: is a file, expected a folder"),
        ("bundle list --state-dir nope", 2, "--state-dir nope: no such folder"),
        ("samples list --state-dir nope", 2, "--state-dir nope: no such folder"),
        (
            "samples list --state-dir empty",
            1,
            "There are no samples yet: the daemon keeps some where its configuration",
        ),
    ],
)
def test_a_mistake_is_one_line_with_what_to_do(arguments, code, said, here, capsys):
    assert main(arguments.split()) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("wrong", ["tcp://x:1", "x:1883", "a b", "me@x", ""])
def test_a_broker_is_a_name_or_an_address(wrong, here, capsys):
    with pytest.raises(SystemExit):
        main(["regions", "suggest", "neg.jpg", "--mqtt", wrong])
    assert (
        f"--mqtt '{wrong}': expected the name or address of a machine alone, such as localhost; "
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("right", ["localhost", "192.168.1.7", "fe80::1", "::1", "mein-broker.local"])
def test_names_and_addresses_of_brokers_are_taken(right, here, capsys):
    for more in ((), ("--mqtt", right)):
        assert main(["regions", "suggest", "neg.jpg", *more]) == 4  # the picture is wrong, and not the broker
    assert "--mqtt" not in capsys.readouterr().err
