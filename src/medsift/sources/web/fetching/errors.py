"""Ways in which a fetch fails or is not tried, told apart where they are dealt with differently."""

from __future__ import annotations

from medsift.core.errors import FetchError, InputError, TimedOutError


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


class LeftOutError(InputError):
    """A reference is not followed, on purpose."""

    code = "left_out"


class RemoteError(LeftOutError):
    """A saved page refers to the web, and saved pages cause no traffic."""

    code = "remote"


class OutsideFolderError(LeftOutError):
    """A reference leads out of the folder of its page."""

    code = "outside_folder"


class RobotsError(LeftOutError):
    """A site asks machines to leave an address alone, and was not overruled."""

    code = "robots"


class TagError(LeftOutError):
    """A robots tag asks machines to leave a page or picture alone, and was not overruled."""

    code = "robots_tag"
