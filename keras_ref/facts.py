"""Which Keras this is, and which Keras this project's facts were measured on."""

import os
import platform

import numpy as np

from keras_ref.libraries import keras, tf

#: The version whose behaviour ``tests/test_keras_facts.py`` pins down.
KERAS_FACTS_VERSION = "3.15.1"


def describe_environment() -> dict[str, str]:
    """Return what decides the numbers: versions, backend, device and settings."""
    devices = {device.device_type for device in tf.config.get_visible_devices()}
    return {
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": "gpu" if "GPU" in devices else "cpu",
        "machine": platform.machine(),
        "onednn": os.environ["TF_ENABLE_ONEDNN_OPTS"],
    }
