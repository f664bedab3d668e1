"""What people write: words, names, codes, serial numbers, dates, times, prices, meter values, lines of receipts."""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ocr_edge.contract.labels import DIGITS, LOWER, UPPER

WORD_LISTS = (
    *("american-english-large", "british-english-large", "american-english", "british-english"),
    *("ngerman", "french"),
)
"""Word lists of Debian's packages ``wamerican-large``, ``wbritish-large``, ``wngerman`` and ``wfrench``."""
FALLBACK = tuple(
    """the of and to in is that for was with on as by at from open closed exit street road water gas power total date
    time price serial number model made in made weight volume pressure speed rate level high low stop start push
    pull warning danger caution private parking hotel cafe bar restaurant pharmacy station airport bank police
    school""".split()  # noqa: SIM905 - words, not quotes
)
"""Words where no list is installed."""
UNITS = """kWh MWh m³ m² kW W V A mA Hz kHz bar mbar psi kPa °C °F K kg g t lb oz l L ml cl mm cm m km km/h mph rpm
    1/min l/min m³/h % ppm dB lx lm min h s ms GB MB pH µg µm""".split()  # noqa: SIM905
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905
LABELS = """No. No S/N SN: S/N: Ser.No. P/N P/N: REF LOT LOT: EXP EXP. MFG BATCH Type: Model: MODEL ID: IP65 CE MAC: FCC
    ID: INPUT: OUTPUT: Date: TOTAL Total: CASH CHANGE TEL: FAX: Qty Qty. VAT GST TAX SUBTOTAL AMOUNT BALANCE NET
    GROSS""".split()  # noqa: SIM905
AROUND = ("({})", '"{}"', "'{}'", "[{}]", "-{}", "{}-", "{}...", "*{}", "#{}", "@{}")
"""What stands around a word."""
JOINTS = {
    " ": 80, ", ": 7, ". ": 4, " - ": 2, "-": 3, " & ": 2, "/": 1, ": ": 2, " + ": 0.5, "; ": 0.5,
}  # fmt: skip
"""What stands between two words, with its share."""
SUMS = {
    "{}": 30, "${}": 12, "€{}": 6, "£{}": 6, "{} €": 6, "{}€": 3, "RM {}": 5, "RM{}": 3, "{} EUR": 3, "$ {}": 3,
    "{}-": 1,
}  # fmt: skip
"""How a price is written, with its share."""
CLOCKS = {"": 60, " AM": 6, " PM": 6, "AM": 3, "PM": 3, "h": 2, " Uhr": 2}
"""What follows a time of day, with its share."""
PLATES = (
    *("AAA0000", "000AAA", "0AAA000", "AA 00 AAA", "AAA-000", "A-AA 000", "AA-000-AA", "000 AAA", "AAA 0000"),
    *("AB00 AAA", "0000 AA", "AA 00000"),
)
"""Forms of number plates: letters and digits."""
# Their order is kept: it decides what a seed draws.
MARKS = ".,:;-/!?&'()+#%*\"=_@<>[]{}|\\^~`$€£°²³µ"
MORE_OFTEN = 4
"""How many times as often as a mark each further label is drawn: a training that adds one is about that one."""
Draw = random.Random


class Texts:
    """Draws texts.

    Args:
        words: Words to draw from, as they are written; case is changed at random.
        more: Characters that nothing else here is written with: they stand among the marks, between anything.
    """

    def __init__(self, words: Sequence[str] = FALLBACK, more: str = "") -> None:
        self._words, self._marks = tuple(words), MARKS + more * MORE_OFTEN
        self._kinds: dict[Callable[[Draw, int], str], float] = {
            self._word: 30, self._phrase: 14, self._letters: 9, code: 11, plate: 4, number: 11, measure: 10, price: 5,
            date: 6, clock: 3, self._receipt: 6, self._label: 5, self._marked: 7, contact: 2,
        }  # fmt: skip
        """Share of each kind."""

    @classmethod
    def installed(cls, folder: Path = Path("/usr/share/dict"), more: str = "") -> "Texts":
        """With the word lists of this system."""
        words: list[str] = []
        for name in WORD_LISTS:
            path = folder / name
            if path.is_file():
                words += [
                    word for word in path.read_text("utf-8").split() if word.isascii() and len(word) < 16
                ]
        return cls(words or FALLBACK, more)

    def draw(self, rng: Draw, shortest: int, longest: int) -> str:
        """One line of text.

        Args:
            rng: Source of every choice.
            shortest: Fewest characters.
            longest: Most characters.

        Returns:
            A text without spaces at its ends; never two spaces running.
        """
        kinds, weights = list(self._kinds), list(self._kinds.values())
        best = ""
        for _ in range(8):
            text = " ".join(rng.choices(kinds, weights)[0](rng, longest).split())
            while len(text) < shortest and rng.random() < 0.9:
                text += " " + rng.choices(kinds, weights)[0](rng, longest - len(text))
            text = " ".join(text.split())
            if shortest <= len(text) <= longest:
                return text
            if not best or abs(len(text) - longest) < abs(len(best) - longest):
                best = text
        start = rng.randrange(max(1, len(best) - longest + 1))
        return best[start : start + longest].strip() or "0"

    def _one(self, rng: Draw) -> str:
        return rng.choice(self._words)

    def _word(self, rng: Draw, longest: int) -> str:
        words = [self._one(rng) for _ in range(4)]
        text = cased(next((word for word in words if len(word) <= longest), words[0]), rng)
        roll = rng.random()
        if roll < 0.06:
            text += rng.choice(".,:;!?")
        elif roll < 0.09:
            text = rng.choice(AROUND).format(text)
        return text

    def _phrase(self, rng: Draw, longest: int) -> str:
        words: list[str] = []
        style, length = rng.random(), 0
        while length < longest and len(words) < 9:
            word = self._one(rng)
            length += len(word) + 1
            if length - 1 > longest and words:
                break
            words.append(word)
            if rng.random() < 0.22:
                break
        if style < 0.4:
            words = [word.upper() for word in words]
        elif style < 0.6:
            words = [word[:1].upper() + word[1:] for word in words]
        text = ""
        for word in words:
            if text:
                text += weighted(rng, JOINTS)
            text += word
        return text + (rng.choice(".,:!?") if rng.random() < 0.15 else "")

    def _letters(self, rng: Draw, longest: int) -> str:
        """Letters as no language uses them: rare ones must be learned too."""
        group = rng.choices(
            [UPPER, LOWER, UPPER + DIGITS, LOWER + DIGITS, UPPER + LOWER + DIGITS], [4, 4, 2, 1, 2]
        )[0]
        return some(rng, group, rng.randint(1, min(longest, 12)))

    def _receipt(self, rng: Draw, longest: int) -> str:
        item = self._phrase(rng, max(longest - 8, 4))
        roll = rng.random()
        if roll < 0.5:
            return f"{item.upper()} {price(rng, 9)}"
        if roll < 0.75:
            return f"{rng.randint(1, 20)} x {price(rng, 9)}"
        return f"{rng.choice(LABELS)} {number(rng, 10)}"

    def _label(self, rng: Draw, longest: int) -> str:
        value = rng.choice([code, number, date, measure])(rng, longest)
        return f"{rng.choice(LABELS)}{rng.choice([' ', ' ', ': ', ''])}{value}"

    def _marked(self, rng: Draw, longest: int) -> str:
        """Marks between anything, so that none of them is a stranger."""
        parts = [
            rng.choice([number, code, self._letters, self._word])(rng, 6) for _ in range(rng.randint(1, 2))
        ]
        text = (rng.choice(self._marks) + rng.choice(["", "", " "])).join(parts)
        roll = rng.random()
        return (
            text + rng.choice(self._marks)
            if roll < 0.3
            else rng.choice(self._marks) + text
            if roll < 0.6
            else text
        )


def some(rng: Draw, group: str, count: int) -> str:
    """So many characters of a group."""
    return "".join(rng.choices(group, k=count))


def weighted(rng: Draw, shares: Mapping[str, float]) -> str:
    """One of several texts, each as often as its share says."""
    return rng.choices(list(shares), list(shares.values()))[0]


def cased(word: str, rng: Draw) -> str:
    """A word in lower case, capitals or with a capital, as signs have them."""
    roll = rng.random()
    return word.upper() if roll < 0.42 else word[:1].upper() + word[1:] if roll < 0.68 else word


def number(rng: Draw, longest: int) -> str:
    """Plain digits, at times signed, with a point, or in groups."""
    roll, size = rng.random(), rng.choices(range(1, 11), [5, 8, 10, 12, 13, 12, 9, 7, 4, 3])[0]
    if roll < 0.5:
        text = some(rng, DIGITS, min(size, longest))
        return "0" * rng.randint(1, 4) + text if rng.random() < 0.1 else text
    if roll < 0.85:
        text = (
            some(rng, DIGITS, rng.randint(1, 5)) + rng.choice("...,,") + some(rng, DIGITS, rng.randint(1, 3))
        )
    elif roll < 0.93:
        groups = [some(rng, DIGITS, 3) for _ in range(rng.randint(1, 3))]
        text = rng.choice(" ,.'").join([some(rng, DIGITS, rng.randint(1, 3)), *groups])
    else:
        text = some(rng, DIGITS, rng.randint(1, 3))
    return rng.choices(["", "-", "+", "- ", "±"[:0]], [70, 22, 4, 2, 2])[0] + text


def measure(rng: Draw, longest: int) -> str:
    """A value with its unit."""
    return number(rng, longest) + rng.choice(["", " ", " "]) + rng.choice(UNITS)


def price(rng: Draw, longest: int) -> str:
    """A sum of money."""
    text = str(rng.randint(0, 10 ** rng.randint(1, 4))) + rng.choice("...,") + some(rng, DIGITS, 2)
    return weighted(rng, SUMS).format(text)


def date(rng: Draw, longest: int) -> str:
    """A date as people write it: day first, month first, year first, or by name."""
    day, month, year = rng.randint(1, 31), rng.randint(1, 12), rng.randint(1980, 2039)
    mark, short = rng.choice("//..-- "), rng.random() < 0.4
    last = f"{year % 100:02d}" if short else str(year)
    roll = rng.random()
    if roll < 0.5:
        return mark.join([f"{day:02d}", f"{month:02d}", last])
    if roll < 0.65:
        return mark.join([str(year), f"{month:02d}", f"{day:02d}"])
    if roll < 0.8:
        return mark.join([f"{month:02d}", last])
    name = MONTHS[month - 1]
    name = name.upper() if rng.random() < 0.5 else name
    forms = [
        f"{day} {name} {year}",
        f"{name} {day}, {year}",
        f"{day:02d}{mark}{name}{mark}{last}",
        f"{name} {year}",
    ]
    return rng.choice(forms)


def clock(rng: Draw, longest: int) -> str:
    """A time of day or a duration."""
    hour, minute, second = rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)
    text = f"{hour:02d}:{minute:02d}" if rng.random() < 0.8 else f"{hour}:{minute:02d}"
    text += f":{second:02d}" if rng.random() < 0.3 else ""
    return text + weighted(rng, CLOCKS)


def code(rng: Draw, longest: int) -> str:
    """A part or serial number."""
    groups = []
    for _ in range(rng.randint(1, 4)):
        group = rng.choices([UPPER, DIGITS, UPPER + DIGITS, LOWER], [5, 6, 3, 0.7])[0]
        groups.append(some(rng, group, rng.randint(1, 5)))
    joint = rng.choices(["", "", "-", "/", " ", ".", "_", ":"], [25, 25, 25, 8, 10, 6, 1, 2])[0]
    return joint.join(groups)[:longest]


def plate(rng: Draw, longest: int) -> str:
    """A number plate."""
    form = rng.choice(PLATES)
    return "".join(rng.choice(UPPER) if c in "AB" else rng.choice(DIGITS) if c == "0" else c for c in form)


def contact(rng: Draw, longest: int) -> str:
    """Telephone numbers and addresses of the net."""
    name = some(rng, LOWER, rng.randint(3, 8))
    phone = rng.choice(["+{} {} {}", "({}) {}-{}", "{}-{}-{}", "{} {} {}", "{}/{} {}"])
    digits = [some(rng, DIGITS, n) for n in (rng.randint(2, 3), 3, rng.randint(3, 5))]
    ending = rng.choice(["com", "net", "de", "org", "co.uk", "fr"])
    pages = [f"www.{name}.{ending}", f"{name}@{name[::-1]}.{ending}", f"{name}.{ending}"]
    return rng.choice([phone.format(*digits), *pages])
