"""Import Keras on TensorFlow, once, with the settings that decide its numbers.

TensorFlow's switch for determinism stays off: on a CPU two runs agree to the last bit without it,
and it puts another kernel in the place of the softmax crossentropy, so that what is recorded would
no longer be what ``fit`` computes elsewhere.

Every other module of this package takes ``keras`` and ``tf`` from here, so that the settings
are made before the first import.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# oneDNN's kernels change the last bits of float32: pinned, so that two runs agree, and to
# TensorFlow's own default on this hardware.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def _hold_back_stderr() -> Iterator[None]:
    """Keep TensorFlow's start-up notices off the terminal; show them if the import fails.

    They are written by C++ before any logging can be configured, so only the file descriptor
    helps. A program without a standard error has nothing to keep them off.
    """
    if sys.stderr is None:
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        original = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(original, 2)
            held.seek(0)
            sys.stderr.write(held.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)


with _hold_back_stderr():
    import keras
    import tensorflow as tf

__all__ = ["keras", "tf"]
