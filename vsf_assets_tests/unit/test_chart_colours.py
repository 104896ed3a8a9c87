"""Colours of charts are told apart with every kind of colour vision, in light and dark, and stand out from the page.

Here: the colours of charts.css, as people without one kind of cone see them: matrices of Machado, Oliveira and
Fernandes (2009) on linear RGB, distances in CIELAB, contrast by WCAG 2. Not here: which mark has which (the specs).
"""

import re
from itertools import combinations, pairwise

import pytest

from vsf_assets.charts.scripts import STYLE

VISION = {
    "all cones": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
Colour = tuple[float, float, float]


def schemes() -> list[dict[str, str]]:
    """Return the colours of each block of the style sheet: light, dark by the system, dark by choice."""
    blocks = re.findall(r":root[^{]*\{([^{}]*--chart-1[^{}]*)\}", STYLE.read_text(encoding="utf-8"))
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", block)) for block in blocks]


LIGHT, DARK, CHOSEN_DARK = schemes()


def linear(colour: str) -> Colour:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def as_seen(colour: str, vision: str) -> Colour:
    red, green, blue = (
        min(max(sum(a * b for a, b in zip(row, linear(colour), strict=True)), 0.0), 1.0) for row in VISION[vision]
    )
    return red, green, blue


def lab(colour: Colour) -> Colour:
    red, green, blue = colour
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.072175 * blue
    z = (0.0193339 * red + 0.119192 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one: str, other: str, vision: str) -> float:
    pairs = zip(lab(as_seen(one, vision)), lab(as_seen(other, vision)), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


def contrast(one: str, other: str) -> float:
    lights = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05 for r, g, b in (linear(one), linear(other)))
    return lights[1] / lights[0]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_colours_of_groups_are_told_apart(scheme: dict[str, str], vision: str) -> None:
    colours = [scheme[f"chart-{number}"] for number in range(1, 7)]
    near = {(a, b): round(distance(a, b, vision)) for a, b in combinations(colours, 2)}
    assert {pair: found for pair, found in near.items() if found < 20} == {}
    assert distance(scheme["chart-1"], scheme["chart-alarm"], vision) > 25


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_steps_differ_in_lightness_in_one_direction(scheme: dict[str, str]) -> None:
    lights = [lab(linear(scheme[f"step-{number}"]))[0] for number in range(6)]
    assert all(abs(a - b) >= 8 for a, b in pairwise(lights))
    assert lights in (sorted(lights), sorted(lights, reverse=True))


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_stand_out_from_the_page(scheme: dict[str, str]) -> None:
    marks = [f"chart-{number}" for number in range(1, 7)] + ["chart-alarm"]
    assert min(contrast(scheme[name], scheme["chart-paper"]) for name in marks) >= 3
    assert min(contrast(scheme[name], scheme["chart-paper"]) for name in ("chart-ink", "chart-soft")) >= 4.5


def test_dark_by_choice_is_dark_by_the_system() -> None:
    assert CHOSEN_DARK == DARK
    assert DARK.keys() == LIGHT.keys()
