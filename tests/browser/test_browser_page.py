"""The page as a whole: safe, accessible, readable without JavaScript, on paper, at any width."""

from typing import Any

import pytest

SERIOUS = {"serious", "critical"}
REPORTS = ("regression report", "printed report")
PLAYER = "#run-1-player"
WIDTHS = (360, 390, 768, 1280, 1920)


def problems_found(page: Any, within: str | None = None) -> list[str]:
    """Return what axe-core holds to be serious or critical, with the first place of each."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="accessibility is not tested: pip install axe-playwright-python",
    )
    violations = axe.Axe().run(page, context=within).response["violations"]
    return [
        f"{found['id']}: {found['help']}: {found['nodes'][0]['html'][:300]}"
        for found in violations
        if found["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_nothing_serious(player: Any, name: str, scheme: str) -> None:
    root = player(name, color_scheme=scheme)
    root.get_by_role("button", name="Keys").click()
    assert problems_found(root.page) == []


@pytest.mark.parametrize("name", ["wide", "flatten", "no slope", "late"])
def test_axe_finds_nothing_serious_in_the_player_of_other_networks(player: Any, name: str) -> None:
    assert problems_found(player(name).page, PLAYER) == []


def test_axe_finds_nothing_serious_on_a_phone_in_any_phase(player: Any) -> None:
    root = player("printed", width=360)
    for _ in range(4):
        root.get_by_role("button", name="Next phase").click()
        assert problems_found(root.page, PLAYER) == []


def test_axe_would_find_something(player: Any) -> None:
    page = player("regression").page
    page.evaluate(
        "document.querySelector('.player [data-do=play]').replaceChildren();"
        "document.querySelector('.player [data-do=play]').removeAttribute('aria-label');"
        "document.querySelector('.player [data-do=play]').removeAttribute('title');"
    )
    assert any(found.startswith("button-name") for found in problems_found(page, PLAYER))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_names_and_messages_are_text_and_nothing_else(player: Any, scheme: str) -> None:
    root = player("hostile", color_scheme=scheme)
    page = root.page
    for label in ("Next phase", "Next step", "Next divergence", "Keys"):
        root.get_by_role("button", name=label).click()
    quantity = root.locator("select[id$=quantity]")
    for i in range(quantity.locator("option").count()):
        quantity.select_option(index=i)
    assert page.evaluate("window.attacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("b[style]").count() == 0
    assert "<img src=x onerror=" in root.locator(".legend").inner_text()
    assert any("<img src=x" in option.inner_text() for option in quantity.locator("option").all())
    assert problems_found(page) == []


def test_the_watch_would_see_a_request_and_the_policy_refuses_it(
    chromium: Any, written: Any
) -> None:
    page = chromium.new_context(offline=True).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(written("regression").as_uri())
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://127.0.0.1/'}))"
    )
    page.wait_for_timeout(100)
    assert any("Content Security Policy" in line for line in said)
    page.context.close()


@pytest.mark.parametrize("name", [*REPORTS, "hostile", "wide", "late"])
def test_the_page_never_scrolls_sideways(player: Any, name: str) -> None:
    root = player(name)
    root.get_by_role("button", name="Keys").click()
    for width in WIDTHS:
        root.page.set_viewport_size({"width": width, "height": 900})
        room = root.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert room == [width, width]


def test_on_a_projector_what_is_drawn_takes_the_room_and_text_stays_readable(player: Any) -> None:
    root = player("printed", width=1920)
    assert root.bounding_box()["width"] > 1600
    assert root.locator(".network svg").bounding_box()["width"] > 1500
    for text in root.page.locator(".said, .aside, .meaning, .status").all():
        box = text.bounding_box()
        assert box is None or box["width"] < 1100


def test_controls_are_large_enough_for_a_finger(player: Any) -> None:
    root = player("printed", width=360)
    for control in root.locator("button, select, input").all():
        box = control.bounding_box()
        assert box is None or min(box["width"], box["height"]) >= 24


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(
    view: Any, scheme: str
) -> None:
    page = view("printed", color_scheme=scheme)
    page.locator(f"{PLAYER}.ready").wait_for()
    reached = []
    while len(reached) < 60 and not any(stop["name"].endswith("-place") for stop in reached):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(WHERE))
    names = [stop["name"] for stop in reached]
    assert names[-1] == "run-1-player-place"
    for wanted in ("play", "nextDivergence", "help", "step", "forward", "update", "quantity"):
        assert any(wanted in name for name in names), (wanted, names)
    assert sum(name.startswith("network") for name in names) == 1
    assert all(stop["visible"] for stop in reached), [s for s in reached if not s["visible"]]


#: The focused element's name, and whether one sees that it has the focus.
WHERE = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  const {do: does, phase, key} = at.dataset;
  const name = does ?? phase ?? (key ? `network ${key}` : at.id || at.tagName);
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.setProperty("color", "var(--focus)");
  const focus = getComputedStyle(probe).color;
  probe.remove();
  const shape = at.querySelector?.(":scope > :is(rect, circle)");
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return {name, visible: shape ? getComputedStyle(shape).stroke === focus : outlined};
}"""


def test_without_javascript_verdict_tables_and_network_are_there(view: Any) -> None:
    page = view("printed report", java_script_enabled=False)
    assert page.locator("#verdict h1").is_visible()
    assert "update/dense/kernel" in page.locator("#verdict").inner_text()
    assert page.locator("#verdict table.worst td").first.is_visible()
    still = page.locator("#run-1-player .without-script")
    assert still.is_visible()
    assert page.locator("#run-1-player svg").first.is_visible()
    assert page.locator("#run-1-player button").count() == 0


def test_on_paper_the_state_stays_and_the_controls_go(player: Any) -> None:
    root = player("printed report", color_scheme="dark")
    root.page.emulate_media(media="print")
    for gone in (".walk", ".slide", ".choosers"):
        assert not root.locator(gone).is_visible()
    for kept in (".status", ".phases", ".network svg", ".arithmetic .side >> nth=0"):
        assert root.locator(kept).is_visible()
    # The second run may be far from the window: it is built to be printed.
    root.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert root.page.locator(".player.ready").count() == 2


def test_where_the_system_picks_the_colours_lines_and_words_stay(player: Any) -> None:
    root = player("printed", forced_colors="active")
    canvas, text = root.page.evaluate(
        """() => {
          const probe = document.body.appendChild(document.createElement("i"));
          return ["Canvas", "CanvasText"].map((name) => {
            probe.style.setProperty("color", name);
            return getComputedStyle(probe).color;
          });
        }"""
    )
    assert canvas != text
    for shown in (".network text.title", ".network text.candidate"):
        colour = root.locator(shown).first.evaluate("node => getComputedStyle(node).fill")
        assert colour == text
    line = root.locator(".lines .weight-line:not(.picked)").first
    assert line.evaluate("node => getComputedStyle(node).stroke") == text
