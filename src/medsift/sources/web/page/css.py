"""Pictures that a style sheet shows: ``url()`` and ``image-set()``, but not fonts.

Source of the tokens: CSS Syntax Module Level 3, section 4; of ``image-set()``: CSS Images
Module Level 4, section 2.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Repetitions are unrolled, so that a data: URI of megabytes takes no state per character; and
# bounded, or told apart by what follows, where text that never ends would be tried again and again.
_STRING = r"""(?:"[^"\\\n]*(?:\\[\s\S][^"\\\n]*)*"|'[^'\\\n]*(?:\\[\s\S][^'\\\n]*)*')"""
_BARE = r"""[^\\)\s"'(]*(?:\\[\s\S][^\\)\s"'(]*)*"""
_TOKEN = re.compile(
    rf"""
    (?P<comment> /\*[\s\S]*?(?:\*/|\Z) )
  | (?P<url>     (?<![\w-])url\(\s*(?!\s)(?P<address>{_STRING}|{_BARE})\s*(?:\)|\Z) )
  | (?P<string>  {_STRING} )
  | (?P<set>     (?<![\w])(?:-webkit-)?image-set\( )
  | (?P<type>    (?<![\w-])type\([^)]{{0,200}}\) )
  | (?P<density> (?<![\w.\#-])[0-9.]{{1,16}}(?:dppx|dpi|dpcm|x)(?![\w-]) )
  | (?P<at>      @[\w-]+ )
  | (?P<open>    \( )
  | (?P<close>   \) )
  | (?P<block>   \{{ )
  | (?P<end>     [;}}] )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\n\f\r])?|(\r\n|[\n\f\r])|([\s\S]))")
_PER_DPPX = {"dppx": 1.0, "x": 1.0, "dpi": 96.0, "dpcm": 96.0 / 2.54}


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """What a style sheet refers to.

    Attributes
    ----------
    pictures : tuple of tuple of str
        Addresses as written, in order. Those of one group show the same picture, the one
        with the most pixels first.
    imports : tuple of str
        Addresses of further style sheets, as written.
    """

    pictures: tuple[tuple[str, ...], ...]
    imports: tuple[str, ...]


def parse_css(text: str) -> StyleSheet:
    """Find the pictures in a style sheet, or in the value of a ``style`` attribute."""
    scan = _Scan()
    for token in _TOKEN.finditer(text):
        scan.take(token)
    scan.close_set()
    return StyleSheet(tuple(scan.pictures), tuple(scan.imports))


def addresses_in(value: str) -> list[str]:
    """Addresses in a property's value, or the value itself where it has no ``url()``."""
    if "url(" in value.lower() or "image-set(" in value.lower():
        return [group[0] for group in parse_css(value).pictures]
    return [value]


class _Scan:
    """State between tokens: the at-rule at work, and the open ``image-set()``."""

    def __init__(self) -> None:
        self.pictures: list[tuple[str, ...]] = []
        self.imports: list[str] = []
        self._rule = ""
        self._set: list[tuple[float, str]] | None = None
        self._depth = 0

    def take(self, token: re.Match[str]) -> None:
        name, text = token.lastgroup, token.group()
        if name == "address":
            # A named group within another: lastgroup tells the outer one, except at the end.
            name = "url"
        if name == "at":
            self._rule = text[1:].lower()
        elif name in ("block", "end"):
            self._boundary(text)
        elif name in ("url", "string"):
            self._address(_unescape(_bare(token["address"] or text)), named=name == "url")
        elif self._set is not None or name == "set":
            self._in_set(name or "", text)

    def close_set(self) -> None:
        if self._set:
            ordered = sorted(self._set, key=lambda entry: -entry[0])
            self.pictures.append(tuple(address for _, address in ordered))
        self._set = None

    def _boundary(self, text: str) -> None:
        self.close_set()
        if text == "}" or (text == ";" and self._rule != "font-face"):
            self._rule = ""

    def _address(self, address: str, *, named: bool) -> None:
        if not address or address.startswith("#"):
            return
        if self._rule == "import":
            self.imports.append(address)
            self._rule = ""
        elif self._rule in ("font-face", "namespace", "charset"):
            return
        elif self._set is not None:
            self._set.append((1.0, address))
        elif named:
            self.pictures.append((address,))

    def _in_set(self, name: str, text: str) -> None:
        if name == "set":
            if self._set is None:
                self._set, self._depth = [], 0
            self._depth += 1
        elif name == "open":
            self._depth += 1
        elif name == "close":
            self._depth -= 1
            if self._depth <= 0:
                self.close_set()
        elif name == "density" and self._set:
            self._set[-1] = (_dppx(text), self._set[-1][1])


def _dppx(text: str) -> float:
    unit = text.lstrip("0123456789.")
    try:
        return float(text[: -len(unit)]) / _PER_DPPX[unit.lower()]
    except ValueError:
        return 1.0


def _bare(address: str) -> str:
    if address.lower().startswith("url("):  # an empty url()
        return ""
    return address[1:-1] if address[:1] in ("'", '"') else address


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    digits, newline, literal = match.groups()
    if digits:
        code = int(digits, 16)
        # CSS Syntax 3, section 4.3.7: what is no character becomes U+FFFD.
        return "\N{REPLACEMENT CHARACTER}" if _no_character(code) else chr(code)
    return "" if newline else str(literal)


def _no_character(code: int) -> bool:
    return code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF
