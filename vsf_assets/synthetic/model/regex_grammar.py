r"""Parses the safe subset of regular expressions from which texts can be generated.

Here: characters, `\d` `\w` `\s`, classes like `[A-Z0-9]`, groups, `|`, and `?` `*` `+` `{n}` `{m,n}`; the limits, and
error messages with the position. Not here: generating texts (columns/patterns.py). All texts are bounded: `*` and `+`
repeat at most MOST_OPEN times.
"""

import string
from dataclasses import dataclass

LONGEST = 500
"""Largest length of an expression in characters."""

MOST_REPEATS = 100
MOST_OPEN = 8
"""Largest number of repetitions of {m,n}, and of * and +, which have no bound of their own."""

MOST_CHARACTERS = 1000
"""Largest length of a generated text."""

MOST_STEPS = 5000
"""Largest number of parts of an expression with all its repetitions written out."""

DEEPEST = 20

_SETS = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_ANY = "".join(chr(code) for code in range(32, 127))
_PLAIN_ESCAPES = set(r"\.[](){}|?*+^$-/&~#@!%=:;,<>'" + '"` ')
_CONTROL = {"t": "\t", "n": "\n"}


@dataclass(frozen=True)
class Characters:
    """One character of a set; a set of one is a literal character."""

    allowed: str


@dataclass(frozen=True)
class Series:
    """Parts that follow each other."""

    parts: tuple["Part", ...]


@dataclass(frozen=True)
class Either:
    """One of several parts."""

    branches: tuple["Part", ...]


@dataclass(frozen=True)
class Repeated:
    """A part, repeated between `fewest` and `most` times."""

    part: "Part"
    fewest: int
    most: int


Part = Characters | Series | Either | Repeated


@dataclass(frozen=True)
class Regex:
    """An expression as written, and its tree."""

    text: str
    tree: Part


def parse_regex(text: str) -> Regex:
    """Return an expression with its tree.

    Raises:
        ValueError: the text is outside the subset, or exceeds a limit; the message names the position.
    """
    if len(text) > LONGEST:
        raise ValueError(f"the expression has {len(text)} characters; {LONGEST} are allowed")
    inner = text[1:] if text.startswith("^") else text
    if inner.endswith("$") and (len(inner) - len(inner[:-1].rstrip("\\"))) % 2:
        inner = inner[:-1]  # an even number of backslashes before it: they do not escape it
    parser = _RegexParser(inner, int(text.startswith("^")))
    found = parser.either()
    parser.expect_end()
    if longest(found) > MOST_CHARACTERS:
        raise ValueError(f"its texts can have {longest(found)} characters; {MOST_CHARACTERS} are allowed")
    if _steps(found) > MOST_STEPS:
        raise ValueError(f"it has {_steps(found)} parts with its repetitions; {MOST_STEPS} are allowed")
    return Regex(text, found)


def _steps(part: Part) -> int:
    if isinstance(part, Repeated):
        return 1 + part.most * _steps(part.part)
    parts = part.parts if isinstance(part, Series) else part.branches if isinstance(part, Either) else ()
    return 1 + sum(map(_steps, parts))


def longest(part: Part) -> int:
    """Return the largest length of a text."""
    if isinstance(part, Characters):
        return 1
    if isinstance(part, Series):
        return sum(map(longest, part.parts))
    if isinstance(part, Either):
        return max(map(longest, part.branches))
    return longest(part.part) * part.most


class _RegexParser:
    """A parser by recursive descent: branches of series of repeated parts."""

    def __init__(self, text: str, before: int) -> None:
        self._text, self._before, self._place, self._depth = text, before, 0, 0

    def expect_end(self) -> None:
        if self._place < len(self._text):
            raise self._error(f"{self._text[self._place]!r} closes no group")

    def either(self) -> Part:
        branches = [self._series()]
        while self._next("|"):
            branches.append(self._series())
        return branches[0] if len(branches) == 1 else Either(tuple(branches))

    def _series(self) -> Part:
        parts = []
        while self._place < len(self._text) and self._text[self._place] not in "|)":
            parts.append(self._repeated())
        return Series(tuple(parts))

    def _repeated(self) -> Part:
        part = self._one()
        start = self._place
        for symbol, fewest, most in (("?", 0, 1), ("*", 0, MOST_OPEN), ("+", 1, MOST_OPEN)):
            if self._next(symbol):
                return self._refuse_second(Repeated(part, fewest, most))
        if not self._next("{"):
            return part
        end = self._text.find("}", self._place)
        bounds = self._text[self._place : end].split(",") if end >= 0 else []
        if not 1 <= len(bounds) <= 2 or not all(bound.isascii() and bound.isdigit() for bound in bounds):
            self._place = start
            raise self._error("repetitions are {n} or {m,n}; write a brace as \\{")
        self._place = end + 1
        fewest, most = (int(bound[:6]) for bound in (bounds[0], bounds[-1]))
        if not fewest <= most <= MOST_REPEATS:
            self._place = start
            raise self._error(f"repetitions are at most {MOST_REPEATS}, the smaller number first")
        return self._refuse_second(Repeated(part, fewest, most))

    def _refuse_second(self, part: Part) -> Part:
        if self._place < len(self._text) and self._text[self._place] in "?*+{":
            raise self._error("a repetition follows a repetition; put the first one into a group")
        return part

    def _one(self) -> Part:
        letter = self._text[self._place]
        if letter == "(":
            return self._group()
        if letter == "[":
            return self._class()
        if letter in "?*+{":
            raise self._error(f"{letter!r} repeats nothing; write the character as \\{letter}")
        if letter in "^$":
            raise self._error(f"{letter!r} is allowed at the ends only; write the character as \\{letter}")
        if letter in "]}":
            raise self._error(f"{letter!r} closes nothing; write the character as \\{letter}")
        self._place += 1
        if letter == "\\":
            return Characters(self._escaped())
        return Characters(_ANY if letter == "." else letter)

    def _group(self) -> Part:
        self._place += 1
        if self._next("?") and not self._next(":"):
            raise self._error("only groups (…) and (?:…) are allowed, without look-ahead, names and flags")
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"groups are nested more than {DEEPEST} deep")
        found = self.either()
        self._depth -= 1
        if not self._next(")"):
            raise self._error("a group is not closed")
        return found

    def _class(self) -> Characters:
        self._place += 1
        if self._next("^"):
            raise self._error("classes that exclude characters ([^…]) are not supported; list the allowed ones")
        allowed = ""
        while not self._next("]"):
            first = self._class_member()
            if (
                self._text[self._place : self._place + 1] == "-"
                and self._text[self._place + 1 : self._place + 2] != "]"
            ):
                self._place += 1
                last = self._class_member()
                if len(first) != 1 or len(last) != 1 or first > last or ord(last) - ord(first) > 10_000:
                    raise self._error("a range goes from a smaller to a larger character, at most 10,000 apart")
                first = "".join(map(chr, range(ord(first), ord(last) + 1)))
            allowed += first
        if not allowed:
            raise self._error("an empty class matches nothing")
        if any("\ud800" <= letter <= "\udfff" for letter in allowed):
            raise self._error("a range holds characters that cannot be stored")
        return Characters("".join(dict.fromkeys(allowed)))

    def _class_member(self) -> str:
        if self._place >= len(self._text):
            raise self._error("a class is not closed; end it with ]")
        letter = self._text[self._place]
        self._place += 1
        return self._escaped() if letter == "\\" else letter

    def _escaped(self) -> str:
        letter = self._text[self._place : self._place + 1]
        self._place += 1
        found = _SETS.get(letter) or _CONTROL.get(letter) or (letter if letter in _PLAIN_ESCAPES else "")
        if not found:
            raise self._error(f"\\{letter} is not supported; there are \\d \\w \\s \\t \\n and escaped signs like \\.")
        return found

    def _next(self, symbol: str) -> bool:
        if self._text.startswith(symbol, self._place):
            self._place += 1
            return True
        return False

    def _error(self, problem: str) -> ValueError:
        return ValueError(f"at character {self._place + self._before + 1}: {problem}")
