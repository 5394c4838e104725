"""Pure decisions of ``resources``: how text becomes searchable, and what a line in the search field means."""

import re
from dataclasses import dataclass
from typing import Final

_LETTERS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_ABBREVIATIONS: Final = [
    # Shortened, not written out: what half of all names share would make every street look like every other.
    (re.compile(r"strasse\b"), "str"),
    (re.compile(r"\bst\b\.?"), "sankt"),
    (re.compile(r"(?<=\w)pl\b\."), "platz"),
    (re.compile(r"\bff\b"), "feuerwehr"),
    (re.compile(r"\brw\b"), "rettungswache"),
    (re.compile(r"\bhbf\b"), "hauptbahnhof"),
    (re.compile(r"\buni(?=klinik)"), "universitaets"),
]


def normalise(text: str) -> str:
    """Text as it is searched: small letters, umlauts spelled out, abbreviations as one form, single spaces.

    Applied alike to what is stored and to what is typed, so "Bahnhofstr." finds "Bahnhofstraße".
    """
    text = text.casefold().translate(_LETTERS)
    for pattern, full in _ABBREVIATIONS:
        text = pattern.sub(full, text)
    return " ".join(re.findall(r"[^\W_]+", text))


def search_text(*parts: str, limit: int = 240) -> str:
    """The search column of a place: each word once, in order of first appearance."""
    return " ".join(dict.fromkeys(normalise(" ".join(parts)).split()))[:limit].strip()


@dataclass(frozen=True, slots=True)
class Address:
    """A query split into words and a house number (empty if there is none)."""

    words: str
    house_number: str


def split_address(text: str) -> Address:
    """Take a house number out of a query, wherever it stands: "Markt 5 Kahla", "Kahla, Markt 5a"."""
    for part in re.finditer(r"(?<=[^\W\d])[ .]*\s(\d{1,4}(?: ?[a-hA-H])?(?:[-/]\d{1,4}[a-hA-H]?)?)(?=$|[\s,])", text):
        words = normalise(text[: part.start(1)] + " " + text[part.end(1) :])
        if words:
            return Address(words, part[1].replace(" ", ""))
    return Address(normalise(text), "")


@dataclass(frozen=True, slots=True)
class Coordinates:
    """WGS 84, degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Utm:
    """UTM on the northern half, metres (ETRS89/WGS 84 alike at our accuracy)."""

    zone: int
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class MotorwayKm:
    """A stretch of motorway, e.g. A4 km 172.5."""

    road: str
    km: float


_DECIMAL: Final = re.compile(
    r"^\s*([+-]?\d{1,3}(?:[.,]\d+))\s*°?\s*([NS])?\s*[;,\s]\s*([+-]?\d{1,3}(?:[.,]\d+))\s*°?\s*([EOW])?\s*$", re.I
)
_ANGLE: Final = r"(\d{1,3})\s*°\s*(?:(\d{1,2}(?:[.,]\d+)?)\s*['′’]\s*)?(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:\"|″|''|”)\s*)?"
_SEXAGESIMAL: Final = re.compile(rf"^\s*{_ANGLE}([NS])\s*[,;]?\s*{_ANGLE}([EOW])\s*$", re.I)
_UTM: Final = re.compile(r"^\s*(\d{1,2})\s*[N-X]\s+(\d{6}(?:[.,]\d+)?)\s+(\d{7}(?:[.,]\d+)?)\s*$", re.I)
_MOTORWAY: Final = re.compile(r"^\s*(?:BAB\s*)?A\s*(\d{1,3})[\s,]+(?:km\s*)?(\d{1,3}(?:[.,]\d+)?)\s*(?:km)?\b", re.I)


def parse_coordinates(text: str) -> Coordinates | Utm | None:
    """Coordinates in the forms people read out or paste: decimal degrees with point or comma, degrees with minutes
    and seconds, UTM. None for anything else, also for degrees that do not exist."""
    if match := _UTM.match(text):
        return Utm(int(match[1]), _number(match[2]), _number(match[3]))
    if match := _DECIMAL.match(text):
        lat, lon = _number(match[1]), _number(match[3])
        return _checked(_signed(lat, match[2]), _signed(lon, match[4]))
    if match := _SEXAGESIMAL.match(text):
        lat, lon = _degrees(*match.group(1, 2, 3)), _degrees(*match.group(5, 6, 7))
        return _checked(_signed(lat, match[4]), _signed(lon, match[8]))
    return None


def parse_motorway(text: str) -> MotorwayKm | None:
    """ "A4 km 172,5", "A9 180", "BAB A 4 172.5" as road and kilometre; None for anything else."""
    match = _MOTORWAY.match(text)
    return MotorwayKm(f"A{int(match[1])}", _number(match[2])) if match else None


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _degrees(degrees: str, minutes: str | None, seconds: str | None) -> float:
    return int(degrees) + _number(minutes or "0") / 60 + _number(seconds or "0") / 3600


def _signed(value: float, letter: str | None) -> float:
    return -value if letter and letter.upper() in "SW" else value


def _checked(lat: float, lon: float) -> Coordinates | None:
    return Coordinates(lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None
