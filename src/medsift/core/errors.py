"""Every exception that medsift raises on purpose.

::

    MedsiftError
    ├── UsageError            the caller asked for something that does not exist
    ├── ModelError            a model folder is missing, damaged or of another version
    ├── OutputError           a result cannot be written
    ├── EngineError           what the work is to run on cannot be started
    └── InputError            one input, or one picture in it, is at fault
        ├── NotFoundError     not_found           no such file, folder or address
        ├── UnreadableError   unreadable          the system refuses to read it
        ├── UnsupportedError  unsupported         a type that medsift does not read
        ├── DecodeError       undecodable         damaged, truncated or malformed
        ├── EncryptedError    encrypted           a password is needed, or is wrong
        ├── LimitError        limit_exceeded      too many bytes, pixels, pages, members ...
        ├── FetchError        fetch_failed        an address could not be fetched
        ├── TimedOutError     timed_out           took longer than its time limit
        └── CrashedError      crashed             its parser crashed, or ran out of memory

An :class:`InputError` never ends a run: the pipeline turns it into a record whose
``error`` field is :attr:`InputError.record_text`.
"""

from __future__ import annotations

from typing import ClassVar


class MedsiftError(Exception):
    """Base of all errors of medsift."""


class UsageError(MedsiftError):
    """The caller asked for something that does not exist or does not go together."""


class ModelError(MedsiftError):
    """A model folder is missing, damaged, or made by another version of medsift."""


class OutputError(MedsiftError):
    """A result cannot be written where it was asked for."""


class EngineError(MedsiftError):
    """What the work is to run on, such as a cluster, cannot be started."""


class InputError(MedsiftError):
    """One input, or one picture in it, is at fault; the others are not.

    Attributes
    ----------
    code : str
        Stable, machine-readable name of the fault; the same on the command line, in
        Python and in problem+json answers.
    """

    code: ClassVar[str] = "input_error"

    @property
    def record_text(self) -> str:
        """Code and sentence, as the ``error`` field of a record holds them."""
        sentence = " ".join(str(self).split())
        return f"{self.code}: {sentence}" if sentence else self.code


class NotFoundError(InputError):
    """There is no such file, folder or address."""

    code = "not_found"


class UnreadableError(InputError):
    """The operating system refuses to read the input."""

    code = "unreadable"


class UnsupportedError(InputError):
    """The input is of a type that medsift does not read."""

    code = "unsupported"


class DecodeError(InputError):
    """The input is damaged, truncated or malformed."""

    code = "undecodable"


class EncryptedError(InputError):
    """The input needs a password that was not given, or another one than was given."""

    code = "encrypted"


class LimitError(InputError):
    """The input exceeds one of :class:`medsift.core.limits.Limits`."""

    code = "limit_exceeded"


class FetchError(InputError):
    """An address could not be fetched, or may not be."""

    code = "fetch_failed"


class TimedOutError(InputError):
    """The input took longer than its time limit."""

    code = "timed_out"


class CrashedError(InputError):
    """The process that worked on the input died, or ran out of memory."""

    code = "crashed"
