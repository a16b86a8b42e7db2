"""The text formats told apart: markup, mail and plain text."""

from __future__ import annotations

import codecs
import re
from typing import Literal, TypeAlias

TextType: TypeAlias = Literal["html", "mhtml", "svg", "xml", "rtf", "mbox", "eml", "text"]

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_PROLOG = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_PROLOG_BYTES = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_OPEN_COMMENT = re.compile(r"\s*<!--")
_DOCTYPE = re.compile(r"\s*<!doctype\s+([\w:.-]+)[^<]*", re.IGNORECASE)
_SUBSET = re.compile(r"\s*<!doctype\s+[\w:.-]+[^\[<>]*\[.*?\]\s*>", re.IGNORECASE | re.DOTALL)
_ROOT = re.compile(r"\s*<(?:[\w.-]+:)?([A-Za-z][\w.-]*)(?=[\s/>])")
# The tags that make content HTML in the MIME Sniffing standard, and a few more that
# fragments start with.
_HTML_TAGS = frozenset({
    "html", "head", "script", "iframe", "h1", "h2", "h3", "div", "font", "table", "a", "style",
    "title", "b", "body", "br", "p", "meta", "link", "base", "center", "img", "span", "section",
    "article", "main", "ul", "ol", "form", "picture", "figure",
})  # fmt: skip
_HTML_NAMES = (".html", ".htm", ".xhtml", ".shtml")

_FIELD = re.compile(r"([!-9;-~]+)[ \t]*:[^\r\n]*(?:\r?\n|\r|$)(?:[ \t][^\r\n]*(?:\r?\n|\r|$))*")
_NAME = re.compile(r"[!-9;-~]+[ \t]*")
_LONGEST_HEAD = 4096
_MAIL_FIELDS = frozenset({
    "received", "from", "to", "cc", "subject", "date", "message-id", "mime-version", "return-path",
    "delivered-to", "reply-to", "sender", "content-type", "content-transfer-encoding",
    "dkim-signature", "x-mailer", "x-sender", "x-received", "arc-seal", "authentication-results",
    "in-reply-to", "references", "bcc",
})  # fmt: skip
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n|[ \t]*\r)+")
# What stands before a message: its length in Apple's .emlx, the envelope in old mailboxes.
_BEFORE_MAIL = re.compile(r"(?:\d{1,12}[ \t]*|>?From [^\r\n]*)(?:\r?\n|\r)")
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n|\r\r")
_MBOX = re.compile(
    r"From \S+.{0,40}?\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s.{4,40}?\d\d:\d\d", re.ASCII
)
_RELATED = re.compile(r"^content-type:\s*multipart/related", re.IGNORECASE | re.MULTILINE)
_PAGE = re.compile(
    r"^(?:snapshot-content-location:|from: *<?saved by|x-maf)|type=\"?text/html",
    re.IGNORECASE | re.MULTILINE,
)


def text_type(head: bytes, name: str = "") -> TextType | Literal[""]:
    """Which text format starts with these bytes; empty for binary content."""
    if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{\\rtf"):
        return "rtf"
    text = _decoded(head)
    if text is None:
        return _binary_mail(head)
    return _markup(text, name.lower()) or _mail(text, is_cut=len(head) >= _LONGEST_HEAD) or "text"


def after_comments(content: bytes) -> bytes:
    """What follows the declarations and comments that markup begins with."""
    if content[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        content = content[2:].replace(b"\0", b"")
    at = len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    while prolog := _PROLOG_BYTES.match(content, at):
        at = prolog.end()
    return content[at:].lstrip()


def _binary_mail(head: bytes) -> TextType | Literal[""]:
    """Tell a message by its header alone: what follows may be sent as it is (RFC 3030)."""
    start = len(head) - len(head.removeprefix(codecs.BOM_UTF8).lstrip())
    end = _END_OF_HEADER.search(head, start)
    text = _decoded(head[: end.end()]) if end else None
    return (_mail(text) if text else None) or ""


def _decoded(head: bytes) -> str | None:
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return _without_controls(head[len(bom) :].decode(encoding, "replace"))
    for lead, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        # Without a mark, only where it is western text: every other byte is zero.
        if len(head) >= 8 and not any(head[lead:64:2]) and all(head[1 - lead : 64 : 2]):
            return _without_controls(head.decode(encoding, "replace"))
    try:
        # Not final: the last character may be cut in two.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        text = head.decode("latin-1")
        if sum(0x80 <= byte < 0xA0 for byte in head) * 10 > len(head):
            return None  # Windows-1252 uses this range sparingly; compressed data does not.
    return _without_controls(text)


def _without_controls(text: str) -> str | None:
    # Pages with a stray control character exist; binary files have many.
    return text if len(_CONTROLS.findall(text)) * 200 <= len(text) else None


def _markup(text: str, name: str) -> TextType | None:
    at = 0
    is_xml = text.lstrip().startswith("<?xml")
    while prolog := _PROLOG.match(text, at):
        at = prolog.end()
    doctype = _DOCTYPE.match(text, at)
    if doctype:
        kind = doctype.group(1).lower()
        if kind in {"html", "svg"}:
            return "html" if kind == "html" else "svg"
        subset = _SUBSET.match(text, at)
        at = subset.end() if subset else doctype.end()
        while prolog := _PROLOG.match(text, at):
            at = prolog.end()
    root = _ROOT.match(text, at)
    tag = root.group(1).lower() if root else ""
    is_open = _OPEN_COMMENT.match(text, at) is not None
    return _rooted(tag, text, name, is_xml=is_xml, is_open=is_open) or (
        "xml" if is_xml or doctype else "html" if is_open else None
    )


def _rooted(tag: str, text: str, name: str, *, is_xml: bool, is_open: bool) -> TextType | None:
    """Tell markup by its first element, and by its name where that says nothing."""
    if tag == "svg":
        return "svg"
    if tag in _HTML_TAGS and not (is_xml and tag != "html"):
        return "html"
    if name.endswith(".svg") and (tag or is_open) and "<svg" in text:
        return "svg"
    return "html" if name.endswith(_HTML_NAMES) and "<" in text else None


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _mail(text: str, *, is_cut: bool = False) -> TextType | None:
    at, names = 0, set()
    if blank := _BLANK_LINES.match(text):
        at = blank.end()
    if _MBOX.match(text, at):
        return "mbox"
    if before := _BEFORE_MAIL.match(text, at):
        at = before.end()
    start = at
    while field := _FIELD.match(text, at):
        if field.end() == at:
            break
        names.add(field.group(1).lower())
        at = field.end()
    # A header may be longer than what is seen of it, and its last name be cut off.
    goes_on = is_cut and (at >= len(text) or _is_name(text[at:]))
    is_whole_header = at >= len(text) or text[at] in "\r\n" or goes_on
    if len(names & _MAIL_FIELDS) < (1 if goes_on else 2) or not is_whole_header:
        return None
    header = text[start:at]
    return "mhtml" if _RELATED.search(header) and _PAGE.search(header) else "eml"
