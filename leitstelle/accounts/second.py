"""The second factor of a log-in: a one-time password by time, as every authenticator app makes it (RFC 6238).

Its secret travels with the user (``user.saved``), so both nodes ask for it; which codes have been used each node
remembers for itself.
"""

import base64
import binascii
import os
import time
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.http import HttpRequest

from leitstelle.accounts import failures
from leitstelle.accounts.models import UsedCode, User

# What the apps expect when nothing else is said: RFC 6238 section 1.2 and the key URI format of the authenticator apps.
DIGITS = 6
STEP_SECONDS = 30
# RFC 4226 section 4, R6: at least 128 bits, 160 recommended.
SECRET_BYTES = 20
# RFC 6238 section 5.2: one step of delay; the other direction is for a phone that is ahead.
DRIFT_STEPS = 1
ISSUER = "Leitstelle"


def new_secret() -> str:
    """A random secret, base32."""
    return base64.b32encode(os.urandom(SECRET_BYTES)).decode()


def address(user: User, secret: str) -> str:
    """The secret as an address that authenticator apps take over (otpauth://)."""
    label = quote(f"{ISSUER}:{user.username}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER})}"


def code_at(secret: str, at: float) -> str:
    """The code of a moment (Unix time, seconds)."""
    return _totp(secret).generate(at).decode()


def step_of(secret: str, code: str, at: float) -> int | None:
    """The step of 30 s in which ``code`` is right, around the moment ``at`` (Unix time, seconds); None if in none."""
    typed = code.replace(" ", "").encode()
    for drift in range(-DRIFT_STEPS, DRIFT_STEPS + 1):
        step = int(at) // STEP_SECONDS + drift
        try:
            _totp(secret).verify(typed, step * STEP_SECONDS)
        except (InvalidToken, binascii.Error, ValueError):
            continue
        return step
    return None


def blocked(user: User, request: HttpRequest | None) -> bool:
    """Whether codes were guessed too often: none counts for a while."""
    return failures.too_many(_subject(user, request))


def accepts(user: User, code: str, request: HttpRequest | None) -> bool:
    """Whether the user's second factor is given: True for one who has none. A wrong code counts as a failure, a right
    one is good once."""
    if not user.totp_secret:
        return True
    if blocked(user, request):
        return False
    step = step_of(user.totp_secret, code, time.time())
    if step is None or not _use(user, step):
        failures.note(_subject(user, request))
        return False
    failures.forget(_subject(user, request))
    return True


def _use(user: User, step: int) -> bool:
    """Use up a step; False for one that was used before, also when two come at once."""
    UsedCode.objects.filter(step__lt=step - 2 * DRIFT_STEPS - 1).delete()
    _row, fresh = UsedCode.objects.get_or_create(user_id=user.pk, step=step)
    return fresh


def _subject(user: User, request: HttpRequest | None) -> str:
    """Counted apart from passwords, whose count ends with the right password."""
    return failures.subject(f"code of {user.pk}", request)


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_SECONDS)
