"""From a Keras network to a ``.tflite`` file: full int8, or float32 where asked for."""

import tempfile
import warnings
from pathlib import Path

import keras

from ocr_convert import samples
from ocr_convert.fold import floor_logits, fold
from ocr_edge.contract.quantize import INPUT_SCALE, INPUT_ZERO_POINT
from ocr_edge.contract.types import Image
from ocr_edge.errors import ConfigError
from ocr_edge.recognize.interpreter import Network
from ocr_edge.system.stderr import hush


def convert(model: keras.Model, representative: dict[str, Image] | None, floor: float | None = None) -> bytes:
    """Convert a network.

    Args:
        model: A network with inputs ``rgb`` and ``binary``.
        representative: Preprocessed uint8 samples by input name for full int8; None for float32.
        floor: Logits below it are cut off, which makes the steps of an int8 output finer; None to keep all.

    Returns:
        The content of a ``.tflite`` file with a batch of one.

    Raises:
        ConfigError: The network cannot be converted, its inputs did not quantize to exactly ``(1.0, -128)``, or a
            float operator is left.
    """
    return convert_folded(fold(model) if floor is None else floor_logits(fold(model), floor), representative)


def convert_folded(folded: keras.Model, representative: dict[str, Image] | None) -> bytes:
    """Convert a network that ``fold`` has made ready; the rest as in ``convert``."""
    import tensorflow as tf  # noqa: PLC0415 - seconds of import that `--help` need not pay for

    # The converter's C++ half narrates on stderr; what matters of it comes back as an exception.
    with warnings.catch_warnings(), hush(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        # from_concrete_functions writes a file without weights; a SavedModel keeps weights and input names.
        # A dynamic batch would leave shape arithmetic in front of every reshape.
        signature = {x.name: tf.TensorSpec(x.shape, tf.float32, name=x.name) for x in folded.inputs}
        folded.export(folder, format="tf_saved_model", verbose=False, input_signature=[signature])
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if representative is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: samples.feed(representative)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        try:
            content: bytes = converter.convert()
        except (ValueError, RuntimeError, tf.errors.OpError) as error:
            raise ConfigError(
                f"{folded.name}: the converter refuses it ({str(error).splitlines()[0]})"
            ) from error
    if representative is not None:
        check_int8(content)
    return content


def check_int8(content: bytes) -> None:
    """Refuse a file whose inputs are not ``(1.0, -128)`` or that computes anything in float.

    Raises:
        ConfigError: What was found instead.
    """
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(content)
        file.flush()
        network = Network(Path(file.name))
        for name, quantization in network.input_quantization.items():
            if quantization != (INPUT_SCALE, INPUT_ZERO_POINT):
                raise ConfigError(
                    f"input {name} quantized to {quantization}, expected ({INPUT_SCALE}, {INPUT_ZERO_POINT}):"
                    " the representative samples must reach 0 and 255"
                )
        floats = float_operators(Path(file.name))
    if floats:
        raise ConfigError(f"float operators are left: {', '.join(floats)}")


def float_operators(path: Path) -> list[str]:
    """Operators of a ``.tflite`` file that read or write a float tensor."""
    operators = operator_types(path)
    return sorted({name for name, types in operators if "float32" in types})


def operator_types(path: Path) -> list[tuple[str, set[str]]]:
    """Every operator of a ``.tflite`` file with the element types of its tensors, in order of execution."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: PLC0415 - only this checker needs it

    # Without the CPU delegate: it would swallow the operators into one node.
    with hush():
        interpreter = Interpreter(
            model_path=str(path),
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    types = {d["index"]: d["dtype"].__name__ for d in interpreter.get_tensor_details()}
    return [
        (op["op_name"], {types[i] for i in [*op["inputs"], *op["outputs"]] if i in types})
        for op in interpreter._get_ops_details()
    ]
