"""One door to the TFLite interpreter, whichever package provides it: ``ai-edge-litert``, or ``tflite-runtime`` 2.14."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.quantize import Quantization
from ocr_edge.errors import ModelError
from ocr_edge.system.stderr import hush

RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
_FAILURES = (RuntimeError, ValueError, TypeError, LookupError, OverflowError, SystemError)
"""What a runtime raises over a file that is no sound network. Not MemoryError: that is the machine's."""


class Network:
    """A loaded network with inputs by name and one output.

    Args:
        path: The ``.tflite`` file.
        threads: CPU threads of the interpreter.
        width: Columns that both inputs are resized to; None leaves them as the file has them.
        content: What the file holds, where it is read already; else the runtime maps it into memory.

    Attributes:
        inputs: Shape without the batch, and dtype, of each input by its signature name.
        shape: Shape of the output without the batch.
        labels: Width of the output.
        output: The output's int8 quantization; None for a float network.
        runtime: Name of the package that runs it.

    Raises:
        ModelError: No runtime is installed, or the file is not a network of ours or not one of this width.
    """

    def __init__(
        self, path: Path, threads: int = 1, width: int | None = None, content: bytes | None = None
    ) -> None:
        # The runtime announces its CPU delegate on stderr, which is for our own lines.
        with hush():
            interpreter, self.runtime = _interpreter(path, threads, content)
        try:
            with hush():
                if width is not None:
                    _resize(interpreter, width)
                interpreter.allocate_tensors()
        except _FAILURES as error:
            wide = "" if width is None else f" at a width of {width}"
            raise ModelError(f"{path}: does not run{wide} ({_first_line(error)})") from error
        try:
            (signature,) = interpreter.get_signature_list().values()
            runner = interpreter.get_signature_runner()
            inputs, outputs = runner.get_input_details(), runner.get_output_details()
            (output,) = outputs.values()
            if set(signature["inputs"]) != {"rgb", "binary"}:
                raise ModelError(
                    f"{path}: its inputs are {', '.join(signature['inputs'])}, expected rgb and binary"
                )
            self._index = {name: detail["index"] for name, detail in inputs.items()}
            self._output = output["index"]
            self.inputs = {
                name: (tuple(d["shape"][1:].tolist()), np.dtype(d["dtype"])) for name, d in inputs.items()
            }
            self.input_quantization = {name: d["quantization"] for name, d in inputs.items()}
            self.shape: tuple[int, ...] = tuple(output["shape"][1:].tolist())
            self.labels = int(output["shape"][-1])
            self.output = Quantization(*output["quantization"]) if output["dtype"] == np.int8 else None
        except _FAILURES as error:
            raise ModelError(
                f"{path}: not a network with one signature and one output ({_first_line(error)})"
            ) from error
        self._path = path
        self._interpreter, self._content = interpreter, content  # the runtime looks into it, and has no copy

    def run(self, inputs: dict[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Run one glyph or strip through the network.

        Args:
            inputs: For each input name an array of shape ``(1, H, W, C)`` in the input's own dtype.

        Returns:
            A copy of the raw output without the batch: shape ``(labels,)`` for a glyph.

        Raises:
            ModelError: The interpreter failed, or a float network gave infinity or no number.
        """
        try:
            for name, value in inputs.items():
                self._interpreter.set_tensor(self._index[name], value)
            self._interpreter.invoke()
            # get_tensor copies; a view into the tensor would make the next invoke raise.
            found = np.asarray(self._interpreter.get_tensor(self._output)[0])
        except _FAILURES as error:
            raise ModelError(f"{self._path}: failed while running ({_first_line(error)})") from error
        if self.output is None and not np.isfinite(found).all():
            raise ModelError(f"{self._path}: gave what is no finite number")
        return found


class Widths:
    """One network for several widths: an interpreter for each, made when it is first asked for.

    Args:
        path: The ``.tflite`` file, of a network without a layer that knows its width.
        widths: Accepted columns of its inputs, ascending.
        threads: CPU threads of each interpreter.
    """

    def __init__(self, path: Path, widths: tuple[int, ...], threads: int = 1) -> None:
        self.widths = widths
        self._path, self._threads = path, threads
        self._content: bytes | None = None
        self._networks: dict[int, Network] = {}

    def holding(self, columns: int) -> tuple[int, Network]:
        """The smallest accepted width that holds so many columns, and the network for it.

        Raises:
            ValueError: None does.
            ModelError: The network cannot be resized to it.
        """
        width = next((width for width in self.widths if width >= columns), None)
        if width is None:
            raise ValueError(f"{columns} columns: the widest input has {self.widths[-1]}")
        if width not in self._networks:
            # Mapped for each width, six interpreters took 52 MiB; of one copy they take 31.
            if self._content is None and self._path.is_file():
                self._content = self._path.read_bytes()
            self._networks[width] = Network(self._path, self._threads, width, self._content)
        return width, self._networks[width]


def _resize(interpreter: Any, width: int) -> None:
    """Give all inputs another width; tensors must be allocated afterwards."""
    # The runner refers to the interpreter's inside, and the interpreter refuses to be resized while anything does.
    details = interpreter.get_signature_runner().get_input_details()
    for detail in details.values():
        batch, height, _, channels = detail["shape"].tolist()
        interpreter.resize_tensor_input(detail["index"], [batch, height, width, channels])


def _first_line(error: Exception) -> str:
    """What the runtime says first; it goes on over many lines."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _interpreter(path: Path, threads: int, content: bytes | None) -> tuple[Any, str]:
    """A bare interpreter from the first runtime that works here; of the content where it is there."""
    if not path.is_file():
        raise ModelError(f"{path}: does not exist")
    problems = []
    for name in RUNTIMES:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            problems.append(f"{name}: {error}")
            continue
        try:
            model = {"model_path": str(path)} if content is None else {"model_content": content}
            return module.Interpreter(**model, num_threads=threads), name.partition(".")[0]
        except (RuntimeError, ValueError, TypeError, LookupError, OverflowError) as error:
            # tflite-runtime 2.14 imports beside NumPy 2 and fails only here, with an import error inside.
            raise ModelError(f"{path}: {name} cannot load it ({_first_line(error)})") from error
        except (ImportError, SystemError) as error:
            problems.append(f"{name}: {error} (tflite-runtime needs numpy<2)")
    raise ModelError(f"no TFLite runtime works here; pip install 'ocr-edge[pi]' ({'; '.join(problems)})")
