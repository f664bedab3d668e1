"""What sort of face a family is, by its name, and how often each sort is drawn."""

import re

WEIGHTS: dict[str, float] = {
    "sans": 0.37,
    "serif": 0.21,
    "condensed": 0.06,
    "stencil": 0.025,
    "mono": 0.05,
    "typewriter": 0.04,
    "hand": 0.09,
    "display": 0.075,
    "seven-segment": 0.05,
    "dot-matrix": 0.03,
}
"""Share of the pictures drawn in each kind. Kinds for which no face is found are left out."""

_RULES: list[tuple[str, str]] = [
    (
        "skip",
        r"emoji|barcode|braille|symbol|dings|powerline|weather|7SEGGCHAN|wasy|stmary|\bCM(SY|MI)|\bMath\b|STIX(Non|Size|Int|Var)",
    ),
    (
        "skip",
        r"keyboard|initials|jsMath|esint|msam|msbm|rsfs|eufm|dsrom|binary|CHR\b|Hearts|Line Dings|Head-Ding",
    ),
    ("seven-segment", r"DSEG"),
    ("dot-matrix", r"DotGothic|dot ?matrix|Spleen|creep|VT220|unifur"),
    ("stencil", r"stencil"),
    ("hand", r"Scrawl|Hand Me Down"),
    (
        "display",
        r"\bBRK\b|Fust|Jessen|Rusch|Blankenburg|Sweynheim|Hamlet|Ptolemy|Kufi|Ferrite|Junkyard",
    ),
    (
        "display",
        r"Museum|Xerox|Atari|Wargames|Titling|Dunhill|Blackletter|Fraktur|Caliban|Balker|Cupola|Parix",
    ),
    (
        "hand",
        r"Handwrit|Script|Scrawl|Dancing|Kristi|Kaushan|Klee|Yusei|Comic|Rufscript|femkeklaver|Ecolier|Humor",
    ),
    (
        "hand",
        r"Leckerli|Lobster|Chancery|Z003|Chorus|Breip|Steve|Summersby|Johnny Mac|Key Ridge|Domestic Man",
    ),
    (
        "hand",
        r"Isabella|Because We|wasn't me|Penguin Attack|Marked Fool|Tomson|Abogado|Delphine|Chilanka",
    ),
    ("typewriter", r"typewriter|Courier|Cursor|Compagnon|Nimbus Mono|OCR ?A|OCR ?B|FreeMono|Thabit|Prestige"),
    ("typewriter", r"Latin Modern Mono|Nymonak|Liberation Mono|Cousine|Anonymous"),
    ("mono", r"\bMono\b|mono|Code|Inconsolata|Hack|3270|Hermit|Agave|Console"),
    ("condensed", r"Narrow|Cond(ensed)?\b|Bebas|Oswald|Ubuntu-Title|Compressed|\bCn\b"),
    (
        "serif",
        r"Serif|Roman(?!d)|Garamond|Times|Tinos|Termes|Bookman|Schola|Pagella|Bonum|Palatino|P052|C059|Vollkorn",
    ),
    (
        "serif",
        r"Libertine|Caslon|Baskerv|Didot|Gentium|Charis|Caladea|Berenis|Accanthis|Rasa|Yrsa|Prociono|Goudy",
    ),
    (
        "serif",
        r"Linden|Fanwood|Essays|Old Standard|Tribun|Romande|Concrete|Mincho|Slab|Century|Amiri|Oldania|Bible",
    ),
    (
        "sans",
        r"Sans|Grotes|Gothic|Helvet|Arimo|Roboto|Lato|\bInter\b|Karla|Karmilla|Cabin|Manrope|OpenDys|Dosis",
    ),
    (
        "sans",
        r"Carlito|Heros|Adventor|Tuffy|Gillius|Universalis|Switzera|Cantarell|Comfortaa|Jura|Quicksand|Spartan",
    ),
    (
        "sans",
        r"Sora|\bPlay\b|Oxygen|Andika|Biolinum|Bright|Beteckna|Dustismo|Verana|Libris|Ikarius|Mekanus|eurofurence",
    ),
    ("sans", r"osifont|Routed|Junction|Millimetre|M PLUS|VL P?Gothic|Ume\b|LexiGulim|Averia|Ubuntu"),
]


def kind_of(family: str, style: str, spacing: str = "") -> str:
    """The kind of a face.

    Args:
        family: Its family's name.
        style: Its style's name.
        spacing: fontconfig's spacing; 100 is fixed width.

    Returns:
        A key of ``WEIGHTS``, ``skip`` for what isn't text, or empty when the name doesn't say.
    """
    for kind, pattern in _RULES:
        if re.search(pattern, family, re.IGNORECASE):
            if kind in ("sans", "serif") and re.search(r"Cond(ensed)?\b|Narrow", style):
                return "condensed"
            return kind
    return "mono" if spacing == "100" else ""


_STYLE_WORDS = re.compile(
    r"\b(Thin|Light|Medium|Demi|Bold|Extra|Italic|Inclined|Slanted|Unslanted|Upright|(Semi-)?Condensed|Cond|"
    r"Narrow|Wide|Half|Display|Caption|Text|Plus|Basic|Book|Compact|Std|Pro|No\d|Outline|Solid|OL\d?|[OR]\d|"
    r"\d)\b|(?<=[a-z])(Bold|Italic|Regular)+$"
)


def root(family: str) -> str:
    """A family's name without words for a style: ``Karla Inclined`` stays on the side of ``Karla``."""
    return " ".join(_STYLE_WORDS.sub(" ", family).split()) or family
