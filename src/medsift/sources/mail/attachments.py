"""What came with a message, whatever kind of message it was."""

from __future__ import annotations

import io
from collections.abc import Iterator

from medsift.core.errors import EncryptedError
from medsift.core.picture import Finding
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.sources.base import Blob, Context
from medsift.sources.container import Container, Member, problem
from medsift.sources.mail.tnef import is_tnef, tnef_attachments

_SEALED = (".p7m", ".rpmsg", ".pgp", ".gpg")
_PGP = b"-----BEGIN PGP MESSAGE-----"


def read_tnef(blob: Blob, context: Context) -> Iterator[Finding]:
    """Yield the pictures in what Outlook packs into ``winmail.dat``, kept without its message.

    Raises
    ------
    LimitError
        Too large, nested too deeply, or a budget is used up.
    """
    container = Container(blob, context, "mail")
    content = blob.read(context.limits)
    yield from container.completed(Attachments(container, "").read("", content))


class Attachments:
    """Reads the attachments of one message, and numbers them.

    Parameters
    ----------
    container : Container
    label : str
        Name of the message where the container has several.
    """

    def __init__(self, container: Container, label: str) -> None:
        self._container = container
        self._label = label
        self._number = 0

    def read(self, name: str, content: bytes) -> Iterator[Finding]:
        """Yield the pictures in one attachment.

        Parameters
        ----------
        name : str
            As the message has it, after the messages within which it is; may be empty.
        content : bytes
        """
        if is_tnef(content):
            for inner, data in tnef_attachments(content):
                yield from self.read(inner, data)
            return
        self._number += 1
        folder, _, last = name.rpartition("/")
        path = "/".join(filter(None, [self._label, folder, last or f"part {self._number}"]))
        locator = ", ".join(filter(None, [self._label, f"attachment {self._number}"]))
        where = self._container.place(path, locator)
        is_signed = sniff(content[:HEAD_BYTES]) == "cms"
        sealed = last.lower().endswith(_SEALED) and not is_signed
        if sealed or content.lstrip().startswith(_PGP):
            yield problem(where, EncryptedError("the attachment is a sealed message"))
            return
        member = Member(path, lambda: io.BytesIO(content), len(content))
        yield from self._container.member(member, where)
