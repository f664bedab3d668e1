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
INPUTS = ({"rgb", "binary"}, {"rgb"})
"""Names of the inputs: of what reads, and of what finds lines."""
_FAILURES = (RuntimeError, ValueError, TypeError, LookupError, OverflowError, SystemError)
"""What a runtime raises over a file that is no sound network. Not MemoryError: that is the machine's."""


class Network:
    """A loaded network with inputs by name and one output.

    Args:
        path: The ``.tflite`` file.
        threads: CPU threads of the interpreter.
        height: Rows that the inputs are resized to; None leaves them as the file has them.
        width: The same of their columns.
        content: What the file holds, where it is read already; else the runtime maps it into memory.

    Attributes:
        inputs: Shape without the batch, and dtype, of each input by its signature name.
        shape: Shape of the output without the batch.
        labels: Width of the output.
        output: The output's int8 quantization; None for a float network.
        runtime: Name of the package that runs it.

    Raises:
        ModelError: No runtime is installed, or the file is not a network of ours or not one of this size.
    """

    def __init__(
        self,
        path: Path,
        threads: int = 1,
        width: int | None = None,
        content: bytes | None = None,
        *,
        height: int | None = None,
    ) -> None:
        # The runtime announces its CPU delegate on stderr, which is for our own lines.
        with hush():
            interpreter, self.runtime = _interpreter(path, threads, content)
        try:
            with hush():
                if width is not None or height is not None:
                    _resize(interpreter, height, width)
                interpreter.allocate_tensors()
        except _FAILURES as error:
            wide = "" if width is None else f" at a width of {width}"
            high = "" if height is None else f" and a height of {height}"
            raise ModelError(f"{path}: does not run{wide}{high} ({_first_line(error)})") from error
        try:
            (signature,) = interpreter.get_signature_list().values()
            runner = interpreter.get_signature_runner()
            inputs, outputs = runner.get_input_details(), runner.get_output_details()
            (output,) = outputs.values()
            if set(signature["inputs"]) not in INPUTS:
                raise ModelError(
                    f"{path}: its inputs are {', '.join(signature['inputs'])}, expected rgb and binary, or rgb"
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


class Sizes:
    """One network for several sizes: an interpreter for each, made when it is first asked for.

    Args:
        path: The ``.tflite`` file, of a network without a layer that knows its size.
        threads: CPU threads of each interpreter.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self._path, self._threads = path, threads
        self._content: bytes | None = None
        self._networks: dict[tuple[int | None, int], Network] = {}

    def network(self, height: int | None, width: int) -> Network:
        """The network for a size; a height of None leaves that of the file.

        Raises:
            ModelError: The network cannot be resized to it.
        """
        if (height, width) not in self._networks:
            # Mapped for each width, six interpreters took 52 MiB; of one copy they take 31.
            if self._content is None and self._path.is_file():
                self._content = self._path.read_bytes()
            self._networks[height, width] = Network(
                self._path, self._threads, width, self._content, height=height
            )
        return self._networks[height, width]


class Widths(Sizes):
    """One network for several widths.

    Args:
        path: As in ``Sizes``.
        widths: Accepted columns of its inputs, ascending.
        threads: As in ``Sizes``.
    """

    def __init__(self, path: Path, widths: tuple[int, ...], threads: int = 1) -> None:
        super().__init__(path, threads)
        self.widths = widths

    def holding(self, columns: int) -> tuple[int, Network]:
        """The smallest accepted width that holds so many columns, and the network for it.

        Raises:
            ValueError: None does.
            ModelError: The network cannot be resized to it.
        """
        width = next((width for width in self.widths if width >= columns), None)
        if width is None:
            raise ValueError(f"{columns} columns: the widest input has {self.widths[-1]}")
        return width, self.network(None, width)


class Sides(Sizes):
    """One network for several heights and widths.

    Args:
        path: As in ``Sizes``.
        sides: Accepted rows and columns of its input, ascending.
        threads: As in ``Sizes``.
    """

    def __init__(self, path: Path, sides: tuple[int, ...], threads: int = 1) -> None:
        super().__init__(path, threads)
        self.sides = sides

    def holding(self, height: int, width: int) -> tuple[tuple[int, int], Network]:
        """The smallest accepted height and width that hold so many rows and columns, and the network for them.

        Raises:
            ValueError: None do.
            ModelError: The network cannot be resized to them.
        """
        if max(height, width) > self.sides[-1]:
            raise ValueError(f"{height} rows, {width} columns: the largest side has {self.sides[-1]}")
        size = tuple(next(side for side in self.sides if side >= n) for n in (height, width))
        return (size[0], size[1]), self.network(*size)


def _resize(interpreter: Any, height: int | None, width: int | None) -> None:
    """Give all inputs another size; tensors must be allocated afterwards."""
    # The runner refers to the interpreter's inside, and the interpreter refuses to be resized while anything does.
    details = interpreter.get_signature_runner().get_input_details()
    for detail in details.values():
        batch, rows, columns, channels = detail["shape"].tolist()
        interpreter.resize_tensor_input(detail["index"], [batch, height or rows, width or columns, channels])


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
