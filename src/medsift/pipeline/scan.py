"""The main job: find, extract and classify every picture of the inputs."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medsift.core.errors import InputError, UsageError
from medsift.core.limits import MIB
from medsift.core.record import Record
from medsift.decode.signatures import image_format
from medsift.decode.sniff import HEAD_BYTES, sniff
from medsift.pipeline.decisions import Finisher
from medsift.pipeline.groups import Groups
from medsift.pipeline.options import ScanOptions
from medsift.pipeline.outcomes import Examined
from medsift.sources.inputs import Input, expand

if TYPE_CHECKING:
    from medsift.pipeline.examine import Examiner
    from medsift.pipeline.local import Ahead

_PLAIN = frozenset({"bmp", "gif", "jpeg", "png", "webp"})
_LIGHT_BYTES = 8 * MIB
_LIGHT_PIXELS = 16_000_000
_FEW = 8
"""Up to so many image files, starting workers would take longer than the work."""


def scan(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    options: ScanOptions | None = None,
    **settings: Any,
) -> Iterator[Record]:
    """Find, extract and classify every picture of the inputs.

    Parameters
    ----------
    inputs : path or iterable of paths
        Files, folders, globs, addresses.
    options : ScanOptions, optional
    **settings
        Fields of :class:`ScanOptions` by name, instead of or on top of ``options``.

    Yields
    ------
    Record
        One for each picture, in the order in which they are found, and at least one for each
        input. Inputs that fail never raise: their records say why.

    Raises
    ------
    UsageError
        An option does not exist or has an impossible value.
    ModelError
        The model cannot be loaded.

    Examples
    --------
    >>> import medsift
    >>> for record in medsift.scan("paper.pdf"):  # doctest: +SKIP
    ...     print(record.locator, record.label, record.kind)
    page 2, image 1 medical ct
    """
    options, items = expanded(inputs, options, settings)
    stream = examine_all(items, options)
    return (outcome.record for examined in stream for outcome in examined.outcomes)


def expanded(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    options: ScanOptions | None,
    settings: Mapping[str, Any],
) -> tuple[ScanOptions, Iterator[Input]]:
    """Make options of what the user says, and inputs of the names.

    Raises
    ------
    UsageError
        An option does not exist or has an impossible value.
    """
    options = options or ScanOptions()
    try:
        options = replace(options, **settings)
    except TypeError as error:
        raise UsageError(f"no such option: {error}") from error
    names = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    items = expand(names)
    if options.by_series:
        from medsift.sources.series import by_series

        items = by_series(items)
    return options, items


def examine_all(
    items: Iterable[Input | Examined | None],
    options: ScanOptions,
    groups: Groups | None = None,
    ahead: Ahead | None = None,
) -> Generator[Examined, None, None]:
    """Examine inputs with the engine that the options name.

    Yields one :class:`Examined` for each input, in their order. The model is looked up before
    the first input is touched.

    Parameters
    ----------
    items : iterable of Input, Examined or None
        What is examined already comes back as it is at its turn. None says that no input is at
        hand just now, though more may come: what is under way is then given as soon as it is
        ready, and not only when there is enough work ahead.
    options : ScanOptions
    groups : Groups, optional
        Those of the records that this scan goes on from; made where options ask for groups.
    ahead : callable, optional
        Is told what came of an input that has to wait for earlier ones, or never comes to its turn
        since the generator is closed or interrupted. Groups are not named then.
    """
    finisher = Finisher(options)
    if finisher.changes:
        plain = replace(options, all_kinds=True, accept=(), accept_threshold=None)
        touched = None if ahead is None else lambda e: ahead(finisher.examined(e))
        return finisher.stream(examine_all(items, plain, groups, touched))
    if options.group_bits is not None:
        alone = replace(options, group_bits=None)
        stream = examine_all(items, alone, None, ahead)
        return _grouped(stream, groups or Groups(options.group_bits))
    if options.engine == "ray":
        from medsift.pipeline import cluster

        cluster.require_ray()
        return cluster.RayEngine(options).run(items, ahead)
    return _examine_all(iter(items), options, ahead)


def _grouped(
    stream: Generator[Examined, None, None], groups: Groups
) -> Generator[Examined, None, None]:
    with closing(stream):
        for examined in stream:
            if examined.written:
                for outcome in examined.outcomes:
                    groups.recall(outcome.record.group)
                yield examined
                continue
            outcomes = [
                replace(o, record=replace(o.record, group=groups.name(o.record.phash)))
                for o in examined.outcomes
            ]
            yield replace(examined, outcomes=outcomes)


def _examine_all(
    items: Iterator[Input | Examined | None], options: ScanOptions, ahead: Ahead | None
) -> Generator[Examined, None, None]:
    first = list(islice(items, _FEW + 1))
    few = [item for item in first if item is not None]
    fresh = [item for item in few if isinstance(item, Input)]
    are_all = len(few) == len(first) <= _FEW
    if are_all and all(map(is_light, fresh)):
        from medsift.pipeline.examine import Examiner

        examiner: Examiner | None = None
        for item in few:
            if isinstance(item, Examined):
                yield item
                continue
            # Where all is known already, no model is loaded.
            examiner = examiner or Examiner(options, threads=options.worker_count)
            yield Examined(item, list(examiner.examine(item)))
        return
    from medsift.pipeline.local import LocalEngine

    cores, threads = options.worker_count, 1
    if are_all and len(fresh) < cores:
        # No more workers than inputs; the cores that are left speed up their inferences.
        options = replace(options, workers=len(fresh))
        threads = cores // options.worker_count
    yield from LocalEngine(options, threads=threads).run(chain(first, items), ahead)


def is_light(item: Input) -> bool:
    """Whether an input may be examined without a process of its own around it.

    Small single pictures of the formats that browsers read from anybody: their decoders have been
    attacked for decades. All others, animations and all documents get a worker that may be killed.
    """
    if item.error is not None:
        return True
    if item.path is None:
        return False
    try:
        with item.path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return True
    name = item.path.name
    is_image = sniff(head, name) == "image" and image_format(head, name) in _PLAIN
    return is_image and size <= _LIGHT_BYTES and _is_small(item.path)


def _is_small(path: Path) -> bool:
    """Whether an image is quick to decode, by what its header announces."""
    from PIL import Image

    from medsift.decode.guard import contained

    try:
        with contained("image"), Image.open(path) as image:
            # A GIF would have to be read to its end to know its frames: it may have many.
            one = image.format != "GIF" and getattr(image, "n_frames", 1) == 1
            return one and image.width * image.height <= _LIGHT_PIXELS
    except InputError:
        return False
