"""A TFLite runtime that crashes or fails at will, in front of the real one: for children, by ``PYTHONPATH``.

``FAKE_RUNTIME`` says ``<start of the name of the bundle's folder>:<abort|raise>:<calls that go well>``; others run.
"""

from pathlib import Path

import ai_edge_litert

_PACKAGE = """
import sys
from pathlib import Path
__path__.append({real!r})
"""
_INTERPRETER = """
import importlib.util, os
from pathlib import Path
spec = importlib.util.spec_from_file_location("ai_edge_litert.real", {real!r} + "/interpreter.py")
real = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real)
name, how, calls = os.environ["FAKE_RUNTIME"].split(":")
left = int(calls)

class Interpreter(real.Interpreter):
    def __init__(self, model_path=None, **more):
        self.spoiled = model_path is not None and Path(model_path).parent.resolve().name.startswith(name)
        super().__init__(model_path=model_path, **more)

    def invoke(self):
        global left
        if self.spoiled:
            left -= 1
            if left < 0:
                if how == "abort":
                    os.abort()
                raise RuntimeError("Node number 3 failed to invoke")
        super().invoke()
"""


def write(folder: Path) -> str:
    """Write it; the folder to put first on ``PYTHONPATH``."""
    package = folder / "runtime" / "ai_edge_litert"
    package.mkdir(parents=True)
    real = str(Path(ai_edge_litert.__path__[0]))
    (package / "__init__.py").write_text(_PACKAGE.format(real=real))
    (package / "interpreter.py").write_text(_INTERPRETER.format(real=real))
    return str(package.parent)
