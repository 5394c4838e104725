"""Telephone numbers in one spelling, so that the same caller is recognised. Pure."""

import re
from typing import Final

GERMANY: Final = "+49"


def normalised(number: str) -> str:
    """E.164 spelling of a German or international number: ``03641 1234`` → ``+4936411234``.

    Short numbers, internal extensions and what is no number at all (``anonym``) stay as they are, trimmed.
    """
    text = number.strip()
    digits = re.sub(r"[\s()/.\-]", "", text)
    if re.fullmatch(r"\+\d{5,15}", digits):
        return "+49" + digits[4:] if digits.startswith("+490") else digits
    if re.fullmatch(r"00[1-9]\d{4,14}", digits):
        return "+" + digits[2:]
    if re.fullmatch(r"0[1-9]\d{4,13}", digits):
        return GERMANY + digits[1:]
    return text
