"""What can be wrong with what a story is made of."""


class StoryError(ValueError):
    """A file of which no story can be told; the message says what is wrong and what to do."""
