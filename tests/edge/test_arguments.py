"""A mistake on the command line is one line with what was found, what was expected and what to type."""

import pytest

from ocr_edge.cli import main


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("", "ocr-edge: error: the following arguments are required: COMMAND; `ocr-edge --help` shows"),
        ("help", "ocr-edge: error: COMMAND 'help': expected one of read, init, "),
        ("raed a.png", "ocr-edge: error: COMMAND 'raed': did you mean read? `ocr-edge --help` shows"),
        ("regions sugest a.png", "ocr-edge regions: error: ACTION 'sugest': did you mean suggest? "),
        (
            "read a.png --patern x",
            "ocr-edge read: error: there is no option --patern; did you mean --pattern? ",
        ),
        ("read a.png --patern=x", "there is no option --patern; did you mean --pattern? "),
        ("read a.png --quatsch", "there is no option --quatsch; `ocr-edge read --help` shows"),
        (
            "samples drop --labeled",
            "ocr-edge samples drop: error: there is no option --labeled; did you mean --labelled?",
        ),
        ("check a.toml", "ocr-edge check: error: 'a.toml' is one argument too many; "),
        (
            "read a.png --threads 0",
            "error: --threads '0': expected a whole number from 1; `ocr-edge read --help` shows",
        ),
        ("read a.png --rows 9", "error: --rows '9': expected 2, 3, 4 or any; "),
        (
            "read a.png --corners 1,2",
            "error: --corners '1,2': expected four corners, such as '0,0 90,0 90,40 0,40'; ",
        ),
        ("read a.png --format jsn", "error: --format 'jsn': did you mean json? "),
        ("bench --threads 0", "error: --threads '0': expected whole numbers from 1 to 64, such as 1,2; "),
        ("regions suggest a.png --take x", "error: --take 'x': expected numbers of regions, such as 1,3; "),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_type(arguments, line, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert line in err
    assert (err.count("\n"), err[-1]) == (1, "\n")


def test_a_line_break_in_an_argument_stays_on_the_line(capsys):
    with pytest.raises(SystemExit):
        main(["read", "a.png", "--threads", "1\n2"])
    assert capsys.readouterr().err.count("\n") == 1
