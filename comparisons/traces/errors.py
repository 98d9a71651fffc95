"""What is wrong with a recording, in one sentence."""


class RecordingError(ValueError):
    """A recording that is missing, damaged, foreign, incomplete or of another problem.

    The message says what, where, and what to do.
    """
