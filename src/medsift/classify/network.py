"""One ONNX network in ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medsift.classify import runtime
from medsift.classify.processor import may_overflow
from medsift.core.errors import ModelError

if TYPE_CHECKING:
    import onnxruntime


PAIRS_FIT = "medsift.pair_sums_fit"
"""Property of an ONNX file whose 8-bit sums cannot run over on any processor."""


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """What one run of a network gives.

    Attributes
    ----------
    logits : ndarray of float32, shape (n, classes)
    features : ndarray of float32, shape (n, d), or None
        The pooled penultimate layer, where it was asked for.
    class_map : ndarray of float32, shape (n, classes, h, w), or None
        The classifier applied at each place, where it was asked for; the mean over h and w is
        the logits.
    """

    logits: NDArray[np.float32]
    features: NDArray[np.float32] | None
    class_map: NDArray[np.float32] | None


class Network:
    """One network, loaded.

    Parameters
    ----------
    path : Path
        ONNX file with an input ``pixels`` and the outputs ``logits`` and ``features``, and
        ``class_map`` where its verdicts shall be explained.
    threads : int
        Threads that one inference may use.

    Raises
    ------
    ModelError
        The file cannot be loaded.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._path = path
        self._session = _load(path, threads)
        self._outputs = {output.name for output in self._session.get_outputs()}

    @property
    def has_class_map(self) -> bool:
        """Whether the network can tell its logits at each place."""
        return "class_map" in self._outputs

    @property
    def feature_size(self) -> int:
        """How many features it gives of a picture; 0 where it gives none."""
        shapes = {output.name: output.shape for output in self._session.get_outputs()}
        return int(shapes["features"][1]) if "features" in shapes else 0

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network: float32 (n, 3, size, size) to float32 (n, classes)."""
        return self.run(batch).logits

    def run(
        self, batch: NDArray[np.float32], *, features: bool = False, class_map: bool = False
    ) -> NetworkOutput:
        """Run the network once for its logits and what else is asked for.

        Parameters
        ----------
        batch : ndarray of float32, shape (n, 3, size, size)
        features, class_map : bool
            Whether these are wanted, too.

        Raises
        ------
        ModelError
            The network was exported without such an output.
        """
        if class_map and not self.has_class_map:
            raise ModelError(
                f"{self._path} has no output class_map, so its verdicts cannot be explained;"
                " train it anew with medsift train"
            )
        if features and "features" not in self._outputs:
            raise ModelError(f"{self._path} has no output features; train it anew")
        wanted = {"logits": True, "features": features, "class_map": class_map}
        names = [name for name, asked in wanted.items() if asked]
        values = self._session.run(names, {"pixels": batch})
        found = {n: np.asarray(v, np.float32) for n, v in zip(names, values, strict=True)}
        return NetworkOutput(found["logits"], found.get("features"), found.get("class_map"))


def _load(path: Path, threads: int) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise ModelError(f"the model lacks its network {path}")
    try:
        session = _session(path, threads, careful=False)
        if may_overflow() and PAIRS_FIT not in session.get_modelmeta().custom_metadata_map:
            session = _session(path, threads, careful=True)
    except Exception as error:
        raise ModelError(f"{path} cannot be loaded: {error}") from error
    return session


def _session(path: Path, threads: int, careful: bool) -> onnxruntime.InferenceSession:
    ort = runtime.onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait for work in a busy loop take three times the computing of one thread, for
    # little: between two inferences there are pictures to decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if careful:
        # A slower way of 8-bit sums, which cannot run over.
        options.add_session_config_entry("session.x64quantprecision", "1")
    # Warnings of the optimiser are of no use to users.
    options.log_severity_level = 3
    # Memory of one run is kept for the next. Given back and asked for again, as it is without an
    # arena, it comes from the system anew each time once a batch needs over 32 MB, which glibc
    # always returns: twice the time. Batches are bounded, so that what is kept is, too.
    options.enable_cpu_mem_arena = True
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in ort.get_available_providers()]
    return ort.InferenceSession(str(path), sess_options=options, providers=providers)
