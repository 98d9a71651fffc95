"""Make the README's two pictures: a report in a browser, and a failure in a terminal.

    python docs/pictures/make.py

Needs Chromium (or its path in $CHROMIUM), and what the tests need. The file that is checked is one
of the course in ``tests/support``, with two mistakes in it.
"""
# ruff: noqa: INP001  a script

import os
import shutil
import sys
import tempfile
from io import StringIO
from pathlib import Path

from click.testing import CliRunner
from playwright.sync_api import Page, sync_playwright
from rich.console import Console

from comparisons.cli import cli

HERE = Path(__file__).parent
FILE = Path("tests") / "support" / "course" / "ben.py"
PROBLEM = "regression_asymmetric"
#: More dots than on an ordinary screen, so that text is sharp on any.
SCALE, WIDTH, HEIGHT = 1.5, 1180, 1000


def main() -> None:
    """Make both pictures."""
    os.chdir(HERE.parents[1])
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        sys.exit("there is no chromium: install it, or set CHROMIUM to where it is")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for take in (_report, _failure):
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE
            )
            take(page, Path(folder))
        browser.close()


def _report(page: Page, folder: Path) -> None:
    """Show the network at the step where the two part, and the arithmetic of one weight."""
    file = folder / "report.html"
    _run("report", PROBLEM, "--candidate", FILE, "--dtype", "float64", "-o", file)
    page.goto(file.as_uri())
    player = page.locator(".player").first
    player.scroll_into_view_if_needed()
    player.screenshot(path=HERE / "player.png")


def _failure(page: Page, _folder: Path) -> None:
    """Show what ``check`` prints, as a terminal would."""
    said = _run("check", FILE, "--problem", PROBLEM)
    console = Console(record=True, width=80, file=StringIO())
    console.print(f"$ keras-parity check {FILE} --problem {PROBLEM}", style="bold", highlight=False)
    console.print(said, highlight=False, markup=False)
    text = console.export_html(inline_styles=True)
    page.set_content(text)
    page.add_style_tag(content="pre { padding: 1em; display: inline-block }")
    page.locator("pre").screenshot(path=HERE / "failure.png")


def _run(*arguments: str | Path) -> str:
    """Run a command that finds a difference, and return what it prints."""
    result = CliRunner().invoke(cli, [str(each) for each in arguments], standalone_mode=False)
    if result.exception is not None or result.return_value != 1:
        sys.exit(f"{arguments}: {result.output or result.exception}")
    return result.stdout


if __name__ == "__main__":
    main()
