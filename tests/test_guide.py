"""The guide's commands do what it says, run as they stand."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from comparisons.cli import NO_DIFFERENCE, cli

DOCS = Path(__file__).parents[1] / "docs"
GUIDE = (DOCS / "README.md").read_text("utf-8")
BLOCKS = [
    lines
    for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    if (lines := [line for line in block.splitlines() if line.startswith("keras-parity ")])
]


@pytest.mark.parametrize("lines", BLOCKS, ids=lambda lines: lines[0].split()[1])
def test_the_commands_of_the_guide_run(
    lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").symlink_to(DOCS)
    (tmp_path / "submissions").mkdir()
    shutil.copy(DOCS.parent / "tests" / "support" / "course" / "asha.py", tmp_path / "submissions")
    monkeypatch.chdir(tmp_path)
    for line in lines:
        _, *arguments = shlex.split(line)
        result = CliRunner().invoke(cli, arguments, standalone_mode=False)
        assert result.exception is None
        assert result.return_value == NO_DIFFERENCE, result.output


def test_every_command_of_the_guide_is_tried_and_every_page_is_linked() -> None:
    assert {line.split()[1] for lines in BLOCKS for line in lines} >= {
        "compare", "check", "report", "grade", "record", "verify", "diff", "selftest",
    }  # fmt: skip
    for page in DOCS.glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in GUIDE, page.name
    for link in re.findall(r"\]\(([^)#:]+)\)", GUIDE):
        assert (DOCS / link).exists(), link
