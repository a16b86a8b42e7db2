"""robots.txt: what a site asks machines to leave alone (RFC 9309)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from medsift.core.errors import FetchError, InputError, NotFoundError
from medsift.sources.web.faults import ForbiddenAddressError, RefusedError, RobotsError

if TYPE_CHECKING:
    import httpx
    from protego import Protego

AGENT = "medsift"
"""Product token, as sites name it in robots.txt."""

_LONGEST_DELAY = 10.0


class Robots:
    """Asks the robots.txt of each site once.

    Parameters
    ----------
    fetch : callable
        Gives the content at an address, without looking at any robots.txt.
    """

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self._fetch = fetch
        self._rules: dict[str, Protego | InputError] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def check(self, target: httpx.URL) -> float:
        """Check an address against the rules of its site.

        Returns
        -------
        float
            Seconds that the site wants between two requests.

        Raises
        ------
        RobotsError
            The rules forbid the address to medsift.
        FetchError
            There may be rules, but they cannot be read.
        ForbiddenAddressError
            The site may not be spoken to at all.
        """
        rules = self._of_site(f"{target.scheme}://{target.netloc.decode('ascii')}")
        if isinstance(rules, InputError):
            # RFC 9309, section 2.3.1.4: what cannot be reached forbids everything. It is a
            # failure all the same, not a wish of the site: most often all of it is down.
            raise FetchError(f"robots.txt of {target.host} cannot be read: {rules}")
        if not rules.can_fetch(str(target), AGENT):
            raise RobotsError(f"robots.txt of {target.host} forbids {target.path[:200]}")
        return min(float(rules.crawl_delay(AGENT) or 0.0), _LONGEST_DELAY)

    def _of_site(self, site: str) -> Protego | InputError:
        with self._lock:
            lock = self._locks.setdefault(site, threading.Lock())
        with lock:
            if site not in self._rules:
                self._rules[site] = self._read(site)
            return self._rules[site]

    def _read(self, site: str) -> Protego | InputError:
        from protego import Protego

        try:
            text = self._fetch(f"{site}/robots.txt").decode("utf-8", "replace")
        except ForbiddenAddressError:
            raise
        except (NotFoundError, RefusedError):
            text = ""  # RFC 9309, section 2.3.1.3: a site without rules forbids nothing
        except InputError as error:
            return error
        return Protego.parse(text)
