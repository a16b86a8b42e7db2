"""One ONNX network in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from medsift.core.errors import ModelError

if TYPE_CHECKING:
    import onnxruntime


class Network:
    """One network, loaded.

    Parameters
    ----------
    path : Path
        ONNX file with an input ``pixels`` and an output ``logits``, and ``class_map`` where
        its verdicts shall be explained.
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

    @property
    def has_class_map(self) -> bool:
        """Whether the network can tell its logits at each place."""
        return "class_map" in {output.name for output in self._session.get_outputs()}

    def logits(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the network: float32 (n, 3, size, size) to float32 (n, classes)."""
        (logits,) = self._session.run(["logits"], {"pixels": batch})
        return np.asarray(logits, dtype=np.float32)

    def logits_and_map(
        self, batch: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the network for its logits, also before they are averaged over the picture.

        Parameters
        ----------
        batch : ndarray of float32, shape (n, 3, size, size)

        Returns
        -------
        logits : ndarray of float32, shape (n, classes)
        class_map : ndarray of float32, shape (n, classes, h, w)
            The classifier applied at each place; the mean over h and w is the logits.

        Raises
        ------
        ModelError
            The network was exported without this output.
        """
        if not self.has_class_map:
            raise ModelError(
                f"{self._path} has no output class_map, so its verdicts cannot be explained;"
                " train it anew with medsift train"
            )
        logits, maps = self._session.run(["logits", "class_map"], {"pixels": batch})
        return np.asarray(logits, dtype=np.float32), np.asarray(maps, dtype=np.float32)


def _load(path: Path, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Warnings of the optimiser are of no use to users.
    options.log_severity_level = 3
    # The arena keeps the memory of the largest batch for ever; without it a worker stays small.
    options.enable_cpu_mem_arena = False
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in ort.get_available_providers()]
    if not path.is_file():
        raise ModelError(f"the model lacks its network {path}")
    try:
        return ort.InferenceSession(str(path), sess_options=options, providers=providers)
    except Exception as error:
        raise ModelError(f"{path} cannot be loaded: {error}") from error
