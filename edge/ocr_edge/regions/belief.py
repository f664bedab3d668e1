"""Whether a number that a region shows is believed, and what of that is worth a word."""

from dataclasses import replace

from ocr_edge.config.settings import Value
from ocr_edge.reading import Reading
from ocr_edge.regions.doubts import why_doubted
from ocr_edge.regions.plausibility import Plausibility, Verdict, number_of


class Belief:
    """Decides on the settled readings of a region of numbers.

    Args:
        rules: What numbers are believed.
        certainty: Probability of a character from which on it is settled.

    Attributes:
        rules: The same.
    """

    def __init__(self, rules: Value, certainty: float) -> None:
        self.rules = rules
        self._certainty = certainty
        self._plausibility = Plausibility(rules)
        self._rejected = ""

    def take_over(self, old: "Belief") -> None:
        """Go on with another one's memory; what was rejected by other rules may be believed now."""
        self._plausibility = replace(old._plausibility, settings=self.rules)
        self._rejected = old._rejected if old.rules == self.rules else ""

    def resume(self, value: float, at: float) -> None:
        """Take up where an earlier run ended: this number was believed then."""
        self._plausibility.resume(value, at)

    def pause(self) -> None:
        """Nothing was there."""
        self._plausibility.pause()

    def judge(self, reading: Reading, at: float, *, is_news: bool) -> tuple[Verdict, bool]:
        """Decide on a settled reading; ask again as long as it stands.

        Args:
            reading: The reading.
            at: Seconds on a clock that never jumps.
            is_news: Whether its text is new.

        Returns:
            The verdict, and whether that is news: of a believed number when it is new or was rejected before, of a
            rejected one the first time too.
        """
        verdict = self._doubted(reading) or self._plausibility.judge(reading.text, at)
        was_rejected = self._rejected == reading.text
        if verdict.value is None:
            self._rejected = reading.text
            return verdict, is_news or not was_rejected
        self._rejected = ""
        return verdict, is_news or was_rejected

    def _doubted(self, reading: Reading) -> Verdict | None:
        """The verdict on a number that is not sure enough, whatever it is; None for any other.

        One that is believed stays so: frames that are a little worse are no news.
        """
        if len(reading.lines) != 1:
            return None
        try:
            number = number_of(reading.text, self.rules)
        except ValueError:
            return None
        if number.value == self._plausibility.believed:
            return None
        why = why_doubted(reading.lines[0], self.rules.min_lead, self._certainty)
        return Verdict(None, "doubt", why) if why else None
