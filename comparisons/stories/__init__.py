"""Stories: a comparison with every number of both sides, as plain values for a page."""

from comparisons.stories.checked import examined, story, story_of_file
from comparisons.stories.documents import SCHEMA, document_of
from comparisons.stories.errors import StoryError
from comparisons.stories.fragments import read_fragments, write_fragment
from comparisons.stories.listening import Listener
from comparisons.stories.reading import runs_from_json
from comparisons.stories.telling import Candidate, Run, runs_of

__all__ = [
    "SCHEMA",
    "Candidate",
    "Listener",
    "Run",
    "StoryError",
    "document_of",
    "examined",
    "read_fragments",
    "runs_from_json",
    "runs_of",
    "story",
    "story_of_file",
    "write_fragment",
]
