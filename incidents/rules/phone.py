"""Telephone numbers in one spelling, so that the same caller is recognised. Pure."""

import re
from typing import Final

GERMANY: Final = "+49"


def normalised(number: str) -> str:
    """E.164 spelling of a German or international number: ``03641 1234`` → ``+4936411234``.

    Short numbers, internal extensions and what is no number at all (``anonym``) stay as they are, trimmed.
    """
    text = number.strip()
    # "+49 (0) 3641": the zero is for callers from within the country only.
    digits = re.sub(r"[\s()/.\-]", "", re.sub(r"^((?:\+|00)[1-9][0-9]{0,2})\s*\(0\)", r"\1", text))
    if re.fullmatch(r"\+[0-9]{5,15}", digits):
        return digits
    if re.fullmatch(r"00[1-9][0-9]{4,14}", digits):
        return "+" + digits[2:]
    if re.fullmatch(r"0[1-9][0-9]{4,13}", digits):
        return GERMANY + digits[1:]
    return text
