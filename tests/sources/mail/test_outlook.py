"""Messages of Outlook: attachments by their properties."""

from __future__ import annotations

from tests.sources.inside import pdf, pictures, png, problems, scan
from tests.sources.office.making import compound

_PROPERTIES = "__properties_version1.0"


def attachment(number: int, name: str, content: bytes) -> dict[str, bytes]:
    storage = f"__attach_version1.0_#{number:08X}"
    return {
        f"{storage}/__substg1.0_37010102": content,
        f"{storage}/__substg1.0_3707001F": name.encode("utf-16-le"),
        f"{storage}/{_PROPERTIES}": bytes(8),
    }


def msg(*streams: dict[str, bytes]) -> bytes:
    merged = {_PROPERTIES: bytes(32), "__substg1.0_0037001F": "Subject".encode("utf-16-le")}
    for more in streams:
        merged |= more
    return compound(merged)


def test_attachments_are_found() -> None:
    found = scan(msg(attachment(0, "röt.png", png()), attachment(1, "a.pdf", pdf())))
    assert pictures(found) == [
        ("attachment 1", "röt.png"),
        ("attachment 2, page 1, image 1", "a.pdf"),
    ]
    assert {f.where.source_type for f in found} == {"mail"}


def test_attachments_of_attached_messages_are_found() -> None:
    inner = attachment(0, "b.png", png())
    storage = "__attach_version1.0_#00000000/__substg1.0_3701000D"
    nested = {f"{storage}/{path}": content for path, content in inner.items()}
    nested[f"{storage}/{_PROPERTIES}"] = bytes(24)
    assert pictures(scan(msg(nested))) == [("attachment 1", "message 0/b.png")]


def test_objects_are_looked_into() -> None:
    storage = "__attach_version1.0_#00000000/__substg1.0_3701000D"
    found = scan(msg({f"{storage}/CONTENTS": pdf()}))
    assert pictures(found) == [("attachment 1, page 1, image 1", "message 0/CONTENTS")]


def test_a_message_without_attachments_has_no_image() -> None:
    assert problems(scan(msg())) == [("no_image", "")]
