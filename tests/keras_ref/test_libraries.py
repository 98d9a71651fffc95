"""Keras and TensorFlow are imported quietly, wherever the program runs."""

import subprocess
import sys


def test_keras_is_imported_by_a_program_without_a_standard_error() -> None:
    command = 'exec "$0" -c "import keras_ref; print(keras_ref.KERAS_FACTS_VERSION)" 2>&-'
    done = subprocess.run(  # noqa: S603  our own command
        ["/bin/sh", "-c", command, sys.executable], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.strip()
