"""What a page refers to: pictures, style sheets, other pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Where a reference leads.

    Attributes
    ----------
    url : str
        Absolute where the base is, without fragment; a ``data:`` URI in full.
    written : str
        As in the page.
    """

    url: str
    written: str


@dataclass(frozen=True, slots=True)
class Reference:
    """One picture that a page refers to.

    Attributes
    ----------
    addresses : tuple of Address
        At least one. Where the page offers the picture in several sizes or formats, the
        largest comes first.
    element : str
        Which element refers to it, for people: ``img 3``, ``meta og:image``, ``style 1``.
    linked : bool
        Only linked to (``a href``), as galleries link to the large picture; not shown.
    tiny : bool
        Shown as a dot of a few pixels: a spacer, or a pixel that tracks its readers.
    supposed : bool
        Something that looks like the address of a picture, where no standard says that it is
        one: nothing is missing where it leads nowhere.
    caption : str
        What the page says of it.
    figure : str
        Which ``figure`` element of the page it stands in, if any: ``figure 2``.
    """

    addresses: tuple[Address, ...]
    element: str
    linked: bool = False
    tiny: bool = False
    supposed: bool = False
    caption: str = ""
    figure: str = ""

    @property
    def url(self) -> str:
        """The preferred address."""
        return self.addresses[0].url


@dataclass(frozen=True, slots=True)
class Markup:
    """What a page refers to.

    Attributes
    ----------
    references : tuple of Reference
        In document order, each preferred address once.
    stylesheets : tuple of Address
        Linked or imported style sheets.
    links : tuple of str
        Absolute addresses of pages that this one links to.
    frames : tuple of Address
        Pages and documents that this one shows within itself (frames, objects).
    refreshes : tuple of Address
        Pages that take the place of this one by themselves.
    robots : frozenset of str
        Directives of its robots ``meta`` elements, lower case: ``noindex``, ``noimageai`` ...
    """

    references: tuple[Reference, ...]
    stylesheets: tuple[Address, ...] = ()
    links: tuple[str, ...] = ()
    frames: tuple[Address, ...] = ()
    refreshes: tuple[Address, ...] = ()
    robots: frozenset[str] = frozenset()
