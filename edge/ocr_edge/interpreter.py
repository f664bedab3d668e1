"""One door to the TFLite interpreter, whichever package provides it: ``ai-edge-litert``, or ``tflite-runtime`` 2.14."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocr_edge.contract.quantize import Quantization
from ocr_edge.errors import ModelError
from ocr_edge.quiet import hush

RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


class Network:
    """A loaded network with inputs by name and one output.

    Args:
        path: The ``.tflite`` file.
        threads: CPU threads of the interpreter.

    Attributes:
        inputs: Shape without the batch, and dtype, of each input by its signature name.
        labels: Width of the output.
        output: The output's int8 quantization; None for a float network.
        runtime: Name of the package that runs it.

    Raises:
        ModelError: No runtime is installed, or the file is not a network of ours.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        # The runtime announces its CPU delegate on stderr, which is for our own lines.
        with hush():
            interpreter, self.runtime = _interpreter(path, threads)
        try:
            with hush():
                interpreter.allocate_tensors()
            (signature,) = interpreter.get_signature_list().values()
            runner = interpreter.get_signature_runner()
            inputs, outputs = runner.get_input_details(), runner.get_output_details()
            (output,) = outputs.values()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{path}: not a network with one signature and one output ({error})") from error
        if set(signature["inputs"]) != {"rgb", "binary"}:
            raise ModelError(
                f"{path}: its inputs are {', '.join(signature['inputs'])}, expected rgb and binary"
            )
        self._interpreter = interpreter
        self._index = {name: detail["index"] for name, detail in inputs.items()}
        self._output = output["index"]
        self.inputs = {
            name: (tuple(d["shape"][1:].tolist()), np.dtype(d["dtype"])) for name, d in inputs.items()
        }
        self.input_quantization = {name: d["quantization"] for name, d in inputs.items()}
        self.labels = int(output["shape"][-1])
        self.output = Quantization(*output["quantization"]) if output["dtype"] == np.int8 else None

    def run(self, inputs: dict[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Run one glyph through the network.

        Args:
            inputs: For each input name an array of shape ``(1, H, W, C)`` in the input's own dtype.

        Returns:
            A copy of the raw output, shape ``(labels,)``.
        """
        for name, value in inputs.items():
            self._interpreter.set_tensor(self._index[name], value)
        self._interpreter.invoke()
        # get_tensor copies; a view into the tensor would make the next invoke raise.
        return np.asarray(self._interpreter.get_tensor(self._output)[0])


def _interpreter(path: Path, threads: int) -> tuple[Any, str]:
    """A bare interpreter from the first runtime that works here."""
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
            return module.Interpreter(model_path=str(path), num_threads=threads), name.partition(".")[0]
        except (ValueError, RuntimeError) as error:
            # tflite-runtime 2.14 imports beside NumPy 2 and fails only here, with an import error inside.
            raise ModelError(f"{path}: {name} cannot load it ({error})") from error
        except (ImportError, SystemError) as error:
            problems.append(f"{name}: {error} (tflite-runtime needs numpy<2)")
    raise ModelError(f"no TFLite runtime works here; pip install 'ocr-edge[pi]' ({'; '.join(problems)})")
