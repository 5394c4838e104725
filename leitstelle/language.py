"""German first, English by switch."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

# What a console of another node says, whose cookie stays at home.
CHOSEN = "X-Language"


class ChosenLanguage:
    """Middleware: the language is the one somebody chose (cookie, or header of a console from elsewhere), else German.

    Not the one the browser prefers: nobody set that at a control room's seat, and screens that differ from seat to
    seat cost time.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) or request.headers.get(CHOSEN, "")
        known = chosen in dict(settings.LANGUAGES)
        with translation.override(chosen if known else settings.LANGUAGE_CODE):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", chosen if known else settings.LANGUAGE_CODE)
        return response
