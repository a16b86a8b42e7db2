"""What a request asks for beyond its files: parameters of its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Query

from medsift.classify.accept_spec import Bounds
from medsift.classify.decision import Acceptance
from medsift.classify.relabel import relabelled
from medsift.core.errors import UsageError
from medsift.core.record import Record
from medsift.server.problems import invalid
from medsift.server.settings import Settings

PARAMETERS = frozenset({"accept", "threshold"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a request asks for, unchecked."""

    accept: list[str] | None = None
    threshold: float | None = None


async def _asked(  # with nothing to wait for: a plain function would be run in a thread
    accept: Annotated[
        list[str] | None,
        Query(
            description="what is wanted: kinds, or the groups radiology, skin, eye, microscopy,"
            " medical and non_medical, separated by commas; records then have a `decision`",
            examples=["dermatology,clinical_photo", "radiology"],
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        Query(
            description="with `accept`: the probability of what is wanted from which a picture is"
            " accepted; without: the confidence below which a label is `uncertain`. Within the"
            " operator's limits, see `/v1/model`",
        ),
    ] = None,
) -> Asked:
    return Asked(accept, threshold)


AskedFor: TypeAlias = Annotated[Asked, Depends(_asked)]


@dataclass(frozen=True, slots=True)
class Wishes:
    """How records shall be handed on.

    Attributes
    ----------
    acceptance : Acceptance or None
        What is wanted, where the request says so.
    threshold : float or None
        Confidence below which labels are uncertain, where the request says so and nothing of
        what is wanted.
    """

    acceptance: Acceptance | None = None
    threshold: float | None = None

    @classmethod
    def of(cls, asked: Asked, settings: Settings, bounds: Mapping[str, Bounds]) -> Wishes:
        """Check the parameters ``accept`` and ``threshold``.

        Raises
        ------
        ProblemError
            A kind or group does not exist, or the threshold is beyond the operator's limits.
        """
        low, high = settings.thresholds
        if asked.threshold is not None and not low <= asked.threshold <= high:
            raise invalid(f"the threshold must lie between {low:g} and {high:g} here")
        if asked.accept is None:
            return cls(None, asked.threshold)
        try:
            return cls(Acceptance.of(",".join(asked.accept), bounds, asked.threshold))
        except UsageError as error:
            raise invalid(str(error)) from error

    def applied(self, record: Record) -> Record:
        """The record as the request wants it."""
        if self.acceptance is not None:
            return self.acceptance.decided(record)
        return record if self.threshold is None else relabelled(record, self.threshold)
