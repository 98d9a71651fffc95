/*
 * The controls: buttons, the slider over the steps, the phases with their outcomes, and the words
 * that say where one is. They show a place and are pressed; what that means is not decided here.
 */

/** What each phase shows, for someone who sees it for the first time. */
const MEANINGS = {
  forward:
    "Forward: each unit adds up its weighted inputs and its bias, and applies its activation.",
  loss: "Loss: the prediction ŷ is held against the target y.",
  backward:
    "Backward: connections and biases show ∂L/∂W and ∂L/∂b, how the loss changes with each.",
  update: "Update: connections and biases show the parameters after this step.",
};

/** The buttons in order: what each does, its name, and what stands on it. */
const BUTTONS = [
  ["previousStep", "Previous step", "«"],
  ["previousPhase", "Previous phase", "‹"],
  ["play", "Play", "Play"],
  ["nextPhase", "Next phase", "›"],
  ["nextStep", "Next step", "»"],
  ["previousDivergence", "Previous divergence", "‹ ≠"],
  ["nextDivergence", "Next divergence", "≠ ›"],
  ["help", "Keys", "? Keys"],
];

const KEYS = [
  ["→ ←", "next, previous phase"],
  ["Shift + → ←, Page Down, Page Up", "next, previous step"],
  ["Home, End", "first, last phase of the run"],
  ["n p", "next, previous divergence"],
  ["Space", "play, pause (on a button: press it)"],
  ["↓ ↑", "in the network: to the next, previous unit or connection"],
  ["Enter", "in the network: show its arithmetic"],
  ["?", "show or hide these keys"],
];

class Controls {
  constructor(run, walk, prefix) {
    Object.assign(this, { run, walk });
    this.buttons = Object.fromEntries(
      BUTTONS.map(([does, ...rest]) => [does, button(does, ...rest)]),
    );
    this.phases = PHASES.map((phase) => element("button", { type: "button", "data-phase": phase }));
    this.slider = element("input", {
      type: "range",
      id: `${prefix}-step`,
      min: 1,
      max: run.steps.length,
      step: 1,
      value: 1,
    });
    this.help = keysTable(`${prefix}-keys`);
    mark(this.buttons.help, "aria-controls", this.help.id);
    this.where = element("output", { for: this.slider.id, class: "where" });
    this.status = element("p", { class: "status", "aria-live": "polite", "aria-atomic": "true" });
    this.meaning = element("p", { class: "meaning" });
    this.rows = element("select", { id: `${prefix}-row` });
    this.bar = this._bar();
    this.caption = element("div", { class: "caption" }, this.meaning, ...this._rowChooser());
  }

  _bar() {
    const label = element("label", { for: this.slider.id }, "Step");
    const track = element("div", { class: "track" }, this.slider, this._strip());
    return element(
      "div",
      { class: "controls", role: "group", "aria-label": "Walk through the steps" },
      element("div", { class: "walk" }, ...Object.values(this.buttons)),
      element("div", { class: "slide" }, label, track, this.where),
      element(
        "div",
        { class: "phases", role: "group", "aria-label": "Phases of the step" },
        ...this.phases,
      ),
    );
  }

  /** Return the marks under the slider: each step in which something differs, and each gap. */
  _strip() {
    const { run, walk } = this;
    const last = Math.max(1, run.steps.length - 1);
    const markAt = (kind, place) => {
      const sign = element("span", { class: kind });
      sign.style.setProperty("--at", place / last);
      return sign;
    };
    const parted = new Set(walk.divergences.map((at) => Math.floor(at / PHASES.length)));
    const behindGaps = range(run.steps.length).filter((step) => run.gap(step));
    return element(
      "div",
      { class: "strip", "aria-hidden": "true" },
      ...[...parted].map((step) => markAt("tick", step)),
      ...behindGaps.map((step) => markAt("gap", step - 0.5)),
    );
  }

  _rowChooser() {
    const most = Math.max(...this.run.steps.map(({ rows }) => rows.length));
    if (most < 2) return [];
    const label = element("label", { for: this.rows.id }, "Row of the batch ");
    return [element("span", { class: "row-chooser" }, label, this.rows)];
  }

  /** Show the place where the walk is. */
  show(row, isPlaying) {
    const { run, walk, slider } = this;
    const { number, rows } = run.steps[walk.step];
    slider.value = String(walk.step + 1);
    mark(slider, "aria-valuetext", walk.placeInWords());
    this.where.textContent = `${counted(number)} of ${counted(run.total)}`;
    this.meaning.textContent = MEANINGS[walk.phase];
    this._showPhases();
    this._showRows(rows, row);
    const isOff = {
      previousPhase: walk.at === 0,
      nextPhase: walk.at === walk.end,
      previousStep: walk.step === 0,
      nextStep: walk.step === run.steps.length - 1,
      previousDivergence: walk.divergence(-1) === undefined,
      nextDivergence: walk.divergence(1) === undefined,
    };
    for (const [does, off] of Object.entries(isOff)) {
      mark(this.buttons[does], "aria-disabled", off && "true");
    }
    mark(this.buttons.help, "aria-expanded", String(!this.help.hidden));
    this.showStatus(isPlaying);
  }

  _showPhases() {
    const { run, walk } = this;
    this.phases.forEach((phaseButton, i) => {
      const { word, name, shape } = phaseOutcome(run, walk.step, PHASES[i]);
      const outcome = element("span", { class: `outcome-${name}` }, `${shape} ${word}`);
      const phase = element("span", { class: "phase-name" }, PHASES[i]);
      phaseButton.replaceChildren(phase, " ", outcome);
      mark(phaseButton, "aria-pressed", String(PHASES[i] === walk.phase));
      phaseButton.dataset.outcome = name;
    });
  }

  _showRows(rows, row) {
    if (this._shownRows !== String(rows)) {
      this._shownRows = String(rows);
      const wordsOf = (number, i) => `${i + 1} of ${rows.length} (row ${number} of the data)`;
      const options = rows.map((number, i) => element("option", { value: i }, wordsOf(number, i)));
      this.rows.replaceChildren(...options);
    }
    this.rows.value = String(row);
  }

  /** Say where we are. While it plays, a voice would run after it: it speaks when it is paused. */
  showStatus(isPlaying) {
    mark(this.status, "aria-live", isPlaying ? "off" : "polite");
    this.status.textContent = this.walk.inWords();
  }

  showPlaying(isPlaying) {
    const words = isPlaying ? "Pause" : "Play";
    this.buttons.play.textContent = words;
    mark(this.buttons.play, "aria-label", words);
    mark(this.buttons.play, "title", words);
    this.showStatus(isPlaying);
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    mark(this.buttons.help, "aria-expanded", String(!this.help.hidden));
  }
}

function button(does, label, text) {
  const named = { "aria-label": label, title: label };
  return element("button", { type: "button", "data-do": does, ...named }, text);
}

function keysTable(id) {
  const rows = KEYS.map(([keys, what]) =>
    element("tr", {}, element("th", { scope: "row" }, keys), element("td", {}, what)),
  );
  const caption = element("caption", {}, "Keys, while the player has the focus");
  const table = element("table", {}, caption, element("tbody", {}, ...rows));
  return element("div", { class: "keys", id, hidden: true }, table);
}

/** Return what colours, shapes and dashes mean. */
function legendOf(run) {
  const sample = (kind) => {
    const line = { x1: 1, y1: 5, x2: 33, y2: 5, class: `weight-line ${kind}`, "stroke-width": 3 };
    const size = { viewBox: "0 0 34 10", width: 34, height: 10, "aria-hidden": "true" };
    return drawn("svg", size, drawn("line", line));
  };
  const sides = SIDES.map((side) =>
    element("li", { class: side }, `${SHAPES[side]} ${side}: ${run.name(side)}`),
  );
  const signs = ["positive", "negative"].map((sign) => element("li", {}, sample(sign), ` ${sign}`));
  const differs = element("li", { class: "differs" }, "≠ differs beyond its bounds");
  return element("ul", { class: "legend" }, ...sides, ...signs, differs);
}
