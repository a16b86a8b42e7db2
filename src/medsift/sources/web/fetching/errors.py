"""Ways in which a fetch fails, told apart where they are dealt with differently."""

from __future__ import annotations

from medsift.core.errors import FetchError, TimedOutError
from medsift.sources.web.page.loader import LeftOutError


class ForbiddenAddressError(FetchError):
    """An address may not be spoken to."""


class RefusedError(FetchError):
    """The site answers, but does not give the content (HTTP 4xx)."""


class PassingError(FetchError):
    """A failure that may pass.

    Attributes
    ----------
    wait : float
        Seconds after which the site wants to be asked again; 0 where it does not say.
    """

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class SlowError(TimedOutError):
    """A site was silent for too long; it may answer the next time."""


class RobotsError(LeftOutError):
    """A site asks machines to leave an address alone, and was not overruled."""

    code = "robots"


class TagError(LeftOutError):
    """A robots tag asks machines to leave a page or picture alone, and was not overruled."""

    code = "robots_tag"
