"""Walking through the steps: slider, phases, keys, marks, and picking what to look at."""

import re
from typing import Any

import pytest

PHASES = ("forward", "loss", "backward", "update")


def place(root: Any) -> tuple[int, str]:
    """Return where the player says that it is: the step and the phase."""
    found = re.match(r"Step (\d+) of \d+, epoch \d+, (\w+)", root.locator(".status").inner_text())
    assert found, root.locator(".status").inner_text()
    assert root.locator(".phases [aria-pressed=true] .phase-name").inner_text() == found[2]
    assert root.locator("input[type=range]").input_value() == found[1]
    return int(found[1]), found[2]


def press(root: Any, *keys: str) -> tuple[int, str]:
    """Press keys while the player itself has the focus."""
    root.focus()
    for key in keys:
        root.page.keyboard.press(key)
    return place(root)


def test_it_begins_at_the_start_where_nothing_differs(player: Any) -> None:
    assert place(player("regression")) == (1, "forward")


def test_it_begins_at_the_first_divergence_where_there_is_one(player: Any) -> None:
    assert place(player("printed")) == (1, "update")


def test_arrows_go_through_the_phases_and_over_the_steps_and_back(player: Any) -> None:
    root = player("regression")
    there = [press(root, "ArrowRight") for _ in range(5)]
    assert there == [(1, "loss"), (1, "backward"), (1, "update"), (2, "forward"), (2, "loss")]
    back = [press(root, "ArrowLeft") for _ in range(6)]
    assert back[:3] == [(2, "forward"), (1, "update"), (1, "backward")]
    assert back[-1] == (1, "forward")


def test_keys_go_by_whole_steps_and_to_both_ends(player: Any) -> None:
    root = player("regression")
    assert press(root, "ArrowRight", "Shift+ArrowRight") == (2, "loss")
    assert press(root, "PageDown", "PageDown") == (4, "loss")
    assert press(root, "Shift+ArrowLeft", "PageUp") == (2, "loss")
    assert press(root, "End") == (20, "update")
    assert press(root, "ArrowRight", "PageDown") == (20, "update")
    assert press(root, "Home", "PageUp", "ArrowLeft") == (1, "forward")


def test_buttons_do_what_the_keys_do(player: Any) -> None:
    root = player("regression")
    for label, expected in (
        ("Next phase", (1, "loss")),
        ("Next step", (2, "loss")),
        ("Previous phase", (2, "forward")),
        ("Previous step", (1, "forward")),
    ):
        root.get_by_role("button", name=label).click()
        assert place(root) == expected
    root.locator(".phases button", has_text="backward").click()
    assert place(root) == (1, "backward")


def test_the_slider_keeps_its_own_arrows(player: Any) -> None:
    root = player("regression")
    root.locator("input[type=range]").focus()
    root.page.keyboard.press("ArrowRight")
    assert place(root) == (2, "forward")
    root.page.keyboard.press("End")
    assert place(root) == (20, "forward")
    assert root.locator("input[type=range]").get_attribute("aria-valuetext").startswith("Step 20")
    root.page.keyboard.press("n")
    assert root.locator(".status").inner_text() == "There is no next divergence."


def test_keys_are_left_alone_while_something_is_chosen_from_a_list(player: Any) -> None:
    root = player("printed")
    before = place(root)
    root.locator("select[id$=quantity]").focus()
    root.page.keyboard.press("n")
    root.page.keyboard.press("ArrowRight")
    assert place(root) == before


def test_n_and_p_jump_from_divergence_to_divergence(player: Any) -> None:
    root = player("printed")
    assert press(root, "n") == (2, "forward")
    assert root.locator("h4").inner_text() == "Arithmetic: unit 0 of dense"
    assert press(root, "n", "n") == (2, "update")
    assert press(root, "p", "p", "p") == (1, "update")
    press_only(root, "p")
    assert root.locator(".status").inner_text() == "There is no previous divergence."
    root.get_by_role("button", name="Next divergence").click()
    assert place(root) == (2, "forward")


def press_only(root: Any, key: str) -> None:
    root.focus()
    root.page.keyboard.press(key)


def test_a_divergence_that_is_not_drawn_is_told(player: Any, documents: Any) -> None:
    document = documents("regression")
    document["runs"][0]["divergences"] = [340]
    root = player(document)
    press_only(root, "n")
    assert root.locator(".status").inner_text() == (
        "The next divergence is in step 340, which is not drawn."
    )


def test_a_late_divergence_is_opened_and_walked_to_over_the_steps_left_out(
    player: Any, documents: Any
) -> None:
    numbers = [step["number"] for step in documents("late")["runs"][0]["steps"]]
    last = numbers.index(499)
    root = player("late")
    where, status = root.locator(".where"), root.locator(".status")
    slider = root.locator("input[type=range]")
    assert status.inner_text().startswith("Step 500 of 600, epoch 125, backward: ")
    assert where.inner_text() == "500 of 600"
    assert slider.input_value() == str(last + 2)
    assert slider.get_attribute("max") == str(len(numbers))

    press_only(root, "Home")
    assert status.inner_text().startswith("Step 1 of 600")
    press_only(root, "n")
    assert status.inner_text().startswith("Step 500 of 600, epoch 125, backward: ")
    assert root.locator("h4").inner_text().startswith("Arithmetic: W2[0,0]")

    press_only(root, "PageUp")
    gap = f"teps {last + 1} to 498 are not drawn"
    said = status.inner_text()
    assert said.startswith("Step 499 of 600, epoch 125, backward: every value ")
    assert said.endswith(f". S{gap}.")
    assert slider.get_attribute("aria-valuetext") == f"Step 499 of 600, epoch 125; s{gap}"
    press_only(root, "PageUp")
    assert status.inner_text().startswith(f"Step {last} of 600")
    assert "not drawn" not in status.inner_text()
    assert root.locator(".strip .gap").count() == 1


def test_behind_a_gap_the_network_has_the_numbers_before_it(player: Any, documents: Any) -> None:
    root, run = player("late"), documents("late")["runs"][0]
    press_only(root, "PageUp")
    root.locator(".phases button", has_text="forward").click()
    (step,) = (step for step in run["steps"] if "before" in step)
    value = step["before"]["reference"]["dense_1/kernel"][1][0]
    shown = root.locator("[data-key='1/kernel/1'] .text text").text_content()
    assert shown == f"{value:.4g}".replace("-", "−")


def test_space_plays_and_pauses_and_it_stops_at_the_end(player: Any) -> None:
    root = player("regression", own_clock=True)
    page = root.page
    root.focus()
    page.keyboard.press("Space")
    assert root.get_by_role("button", name="Pause").inner_text() == "Pause"
    assert root.locator(".status").get_attribute("aria-live") == "off"
    page.clock.run_for(2500)
    assert place(root) == (1, "backward")
    page.keyboard.press("Space")
    page.clock.run_for(5000)
    assert place(root) == (1, "backward")
    root.locator(".phases button", has_text="forward").click()
    press(root, "End", "ArrowLeft", "Space")
    page.clock.run_for(5000)
    assert place(root) == (20, "update")
    assert root.get_by_role("button", name="Play").inner_text() == "Play"


def test_a_question_mark_shows_the_keys(player: Any) -> None:
    root = player("regression")
    keys = root.get_by_role("button", name="Keys")
    assert not root.locator(".keys").is_visible()
    press_only(root, "?")
    assert root.locator(".keys").is_visible()
    assert keys.get_attribute("aria-expanded") == "true"
    keys.click()
    assert not root.locator(".keys").is_visible()


def test_the_status_says_what_differs_and_how_much(player: Any) -> None:
    root = player("printed")
    assert root.locator(".status").inner_text() == (
        "Step 1 of 20, epoch 1, update: 7 values differ: new kernel of dense (4 of 4), "
        "new bias of dense (2 of 2), new bias of dense_1 (1 of 1)."
    )
    assert press(root, "ArrowLeft") == (1, "backward")
    assert "nothing is compared here" in root.locator(".status").inner_text()
    assert "exact, bit for bit" in root.locator(".status").inner_text() or press(root, "ArrowLeft")
    assert root.locator(".status").get_attribute("aria-live") == "polite"


def test_differences_are_marked_in_words_at_their_place_and_agreement_is_one_number(
    player: Any,
) -> None:
    root = player("printed")
    marked = root.locator(".network .differs[data-key]").evaluate_all(
        "parts => parts.map((part) => part.dataset.key)"
    )
    assert sorted(marked) == [
        *("0/bias/0", "0/bias/1", "0/kernel/0", "0/kernel/1", "0/kernel/2", "0/kernel/3"),
        "1/bias/0",
    ]
    lines = root.locator("[data-key='1/bias/0'] text").all_text_contents()
    assert lines == ["≠ differs", "● 0.1191", "■ 0.00736"]
    assert root.locator("[data-key='1/kernel/0'] text").all_text_contents()[:1] == ["0.1118"]
    label = root.locator("[data-key='1/bias/0']").get_attribute("aria-label")
    assert label == (
        "new bias of unit 0 of dense_1: differs: candidate notes.py 0.119136, "
        "reference Keras 3.15.1 0.00736"
    )
    words = root.locator(".phases button").all_inner_texts()
    assert [word.split("\n")[-1].strip() for word in words] == [
        *("= exact", "= exact", "– not compared", "≠ 7 differ"),
    ]
    assert root.locator(".strip .tick").count() == 20


def test_every_connection_that_differs_shows_it(player: Any) -> None:
    root = player("no slope")
    for key in root.locator(".network .differs[data-key]").all():
        text = key.locator(".text text, .sign").all()
        assert any(part.is_visible() and "≠" in part.text_content() for part in text)


def test_a_weights_width_is_its_size_and_its_dashes_are_its_sign(player: Any) -> None:
    root = player("no slope")
    press(root, "Home")
    drawn = root.locator(".lines .weight-line").evaluate_all(
        """lines => lines.map((line) => ({
          width: Number(line.getAttribute("stroke-width")),
          dashed: getComputedStyle(line).strokeDasharray !== "none",
          key: line.nextSibling.dataset.key,
        }))"""
    )
    labels = [root.locator(f"[role=button][data-key='{line['key']}'] text") for line in drawn]
    values = [float(label.first.text_content().replace("−", "-")) for label in labels]
    assert [line["dashed"] for line in drawn] == [value < 0 for value in values]
    for layer in (slice(0, 6), slice(6, 9)):
        by_size = sorted(zip(values[layer], drawn[layer], strict=True), key=lambda one: abs(one[0]))
        widths = [line["width"] for _, line in by_size]
        assert widths == sorted(widths)
        assert widths[-1] > widths[0]


def test_each_phase_shows_its_own_numbers_at_the_connections(player: Any, documents: Any) -> None:
    root, step = player("regression"), documents("regression")["runs"][0]["steps"][0]["sites"]
    shown = root.locator("[data-key='1/kernel/0'] .text text")
    seen = [
        (press(root, key), shown.inner_html())[1]
        for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight")
    ]
    gradient = step["backward/dense_1/kernel"]["reference"][0][0]
    new = step["update/dense_1/kernel"]["reference"][0][0]
    assert seen == ["0.1", "0.1", f"{gradient:.4g}".replace("-", "−"), f"{new:.4g}"]


def test_a_connection_a_bias_a_unit_and_the_loss_can_be_clicked(player: Any) -> None:
    root = player("regression")
    for key, title in (
        ("0/kernel/1", "W1[0,1], weight of dense from input 0 to unit 1"),
        ("0/bias/1", "b1[1], bias of dense"),
        ("1/output/0", "unit 0 of dense_1"),
        ("loss", "the loss"),
    ):
        root.locator(f"[role=button][data-key='{key}']").click()
        assert root.locator("h4").inner_text() == f"Arithmetic: {title}"
        pressed = root.locator(".network [aria-pressed=true]")
        assert [part.get_attribute("data-key") for part in pressed.all()] == [key]


def test_the_network_is_walked_and_picked_from_with_keys_alone(player: Any) -> None:
    root = player("regression")
    reachable = root.locator(".network [tabindex='0']")
    assert reachable.count() == 1
    reachable.focus()
    assert reachable.get_attribute("data-key") == "1/kernel/0"
    root.page.keyboard.press("ArrowDown")
    root.page.keyboard.press("ArrowDown")
    root.page.keyboard.press("Enter")
    assert root.locator("h4").inner_text() == "Arithmetic: b2[0], bias of dense_1"
    root.page.keyboard.press("ArrowUp")
    root.page.keyboard.press("Space")
    assert root.locator("h4").inner_text().startswith("Arithmetic: W2[1,0]")
    # Phases go on meanwhile, and the focus stays where it is.
    root.page.keyboard.press("ArrowRight")
    assert place(root) == (1, "loss")
    assert root.page.evaluate("document.activeElement.dataset.key") == "1/kernel/1"


def test_everything_can_be_chosen_from_the_lists(player: Any) -> None:
    root = player("regression")
    quantity, where = root.locator("select[id$=quantity]"), root.locator("select[id$=place]")
    offered = [option.inner_text() for option in quantity.locator("option").all()]
    assert offered == [
        *("weights of dense", "biases of dense", "units of dense"),
        *("weights of dense_1", "biases of dense_1", "units of dense_1", "the loss"),
    ]
    quantity.select_option(label="weights of dense")
    where.select_option(label="W1[1,0]")
    assert root.locator("h4").inner_text().startswith("Arithmetic: W1[1,0]")
    assert (
        root.locator("[data-key='0/kernel/2'][role=button]").get_attribute("aria-pressed") == "true"
    )


def test_a_wide_layer_is_summed_up(player: Any) -> None:
    root = player("wide")
    assert root.locator(".network .weight-line").count() == 0
    block = root.locator(".network [data-key='0/output/*']").text_content()
    assert re.search(r"3 × 16 values.*min.*mean.*max.*none differs", block)
    root.locator("[data-key='0/kernel/*']").click()
    assert root.locator("h4").inner_text().startswith("Arithmetic: W1[0,0]")


def test_how_many_values_of_a_wide_layer_differ_is_told(player: Any, documents: Any) -> None:
    document = documents("wide")
    site = document["runs"][0]["steps"][0]["sites"]["backward/dense/kernel"]
    site |= {"outcome": "DIVERGED", "beyond": [[0, 3], [11, 15]]}
    site["candidate"][0][3] += 1
    site["candidate"][11][15] += 1
    root = player(document)
    assert "backward: 2 values differ: kernel gradient of dense (2 of 192)" in (
        root.locator(".status").inner_text()
    )
    assert "≠ 2 of 192 differ" in root.locator("[data-key='0/kernel/*']").text_content()
    assert root.locator("h4").inner_text().startswith("Arithmetic: W1[0,3]")


def test_layers_without_units_are_blocks_with_their_names(player: Any) -> None:
    root = player("flatten")
    titles = root.locator(".network .title").all_text_contents()
    assert [t for t in titles if t in {"activation", "flatten"}] == ["activation", "flatten"]
    root.locator("[data-key='1/output/*']").click()
    assert root.locator("h4").inner_text() == "Arithmetic: unit 0,0 of activation"


def test_the_row_of_a_batch_can_be_chosen(player: Any, documents: Any) -> None:
    root = player("no slope")
    press(root, "Home")
    rows = documents("no slope")["runs"][0]["steps"][0]["sites"]["forward/dense/output"][
        "reference"
    ]
    for i, row in enumerate(rows):
        root.get_by_label("Row of the batch").select_option(index=i)
        text = root.locator("[data-key='0/output/0'] text").all_text_contents()
        assert text[-1] == f"{row[0]:.4g}".replace("-", "−")
    press(root, "PageDown", "PageDown")
    assert root.get_by_label("Row of the batch").locator("option").count() == 1


@pytest.mark.parametrize(("motion", "duration"), [("no-preference", "0.25s"), ("reduce", "0s")])
def test_nothing_moves_where_motion_is_not_wanted(player: Any, motion: str, duration: str) -> None:
    line = player("regression", reduced_motion=motion).locator(".lines .weight-line").first
    assert line.evaluate("line => getComputedStyle(line).transitionDuration") == duration


def test_a_run_without_steps_has_no_player(view: Any, documents: Any) -> None:
    document = documents("regression report")
    document["runs"][0]["steps"] = []
    page = view(document)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#run-1-player .status").count() == 0
    assert page.locator("#run-2-player .status").count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_no_label_covers_another(player: Any, width: int) -> None:
    root = player("printed", width=width)
    labels = root.locator(".network .weight:not(.floating) > rect, .network .bias > rect")
    boxes = [label.bounding_box() for label in labels.all()]
    assert len(boxes) == 9
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            beside = abs(a["x"] - b["x"]) >= min(a["width"], b["width"])
            assert beside or abs(a["y"] - b["y"]) >= min(a["height"], b["height"])
