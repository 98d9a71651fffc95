/*
 * The player: holds the place, what is picked, and the row; moves them when a control or a key
 * says so; and lets controls, network and panel show them.
 */

/** How long a phase stays while playing, in milliseconds. */
const BEAT = 1200;

const MEANT = {
  ArrowRight: "nextPhase",
  ArrowLeft: "previousPhase",
  PageDown: "nextStep",
  PageUp: "previousStep",
  Home: "first",
  End: "last",
  n: "nextDivergence",
  p: "previousDivergence",
  " ": "play",
  "?": "help",
};
const MEANT_WITH_SHIFT = { ...MEANT, ArrowRight: "nextStep", ArrowLeft: "previousStep" };

class Player {
  constructor(root, told) {
    this.root = root;
    this.run = new Run(told);
    this.walk = new Walk(this.run);
    this.row = 0;
    const prefix = root.id || told.id;
    this.controls = new Controls(this.run, this.walk, prefix);
    this.network = new Network(this.run, (key) => this._pickKey(key));
    this.panel = new Panel(this.run, prefix, (pick) => this._pick(pick));
    this.pick = this._differing() ?? this._example();
    this._build();
    this._listen();
    this.network.layout(this._width());
    this._show();
    if (this.walk.divergences.length > 0) this.network.reveal(this.pick);
  }

  _build() {
    const { controls, network, panel } = this;
    this.root.replaceChildren(
      element("h3", {}, "Step by step"),
      legendOf(this.run),
      controls.bar,
      controls.help,
      controls.status,
      element("div", { class: "stage" }, controls.caption, network.root),
      panel.root,
    );
    this.root.setAttribute("tabindex", "-1");
    this.root.classList.add("ready");
  }

  _show() {
    const { step, phase } = this.walk;
    this.row = Math.min(this.row, this.run.steps[step].rows.length - 1);
    this.controls.show(this.row, this.playing);
    this.network.show(step, phase, this.row, this.pick);
    this.panel.show(step, phase, this.row, this.pick);
  }

  _width() {
    // Folded away it has no width: it is laid out anew when it is unfolded.
    return this.network.root.clientWidth || 800;
  }

  // Picking.

  /** Return the example of all lessons: the first weight of the last layer. */
  _example() {
    const { last, layers } = this.run;
    return { l: last, what: layers[last].tensors[0] ?? "output", index: 0 };
  }

  /** Return the first value that differs at this place, or null. */
  _differing() {
    const { step, phase } = this.walk;
    for (const { site, at, size } of this.run.differing(step, phase)) {
      if (site === "loss/value") return { l: null, what: "loss", index: 0 };
      const found = this._quantityOf(site);
      const index = range(size).find(at);
      if (found && index !== undefined && this.panel.offers(found.l, found.what)) {
        return { ...found, index: index % found.size };
      }
    }
    return null;
  }

  /** Return the quantity that a site is of, with the size of one sample of it; or null. */
  _quantityOf(site) {
    const l = this.run.layers.findIndex(({ name }) => site.includes(`/${name}/`));
    if (l < 0) return null;
    const { name, tensors, output_shape: shape } = this.run.layers[l];
    const what = tensors.find((each) => site.includes(`/${name}/${each}`));
    return what ? { l, what, size: Infinity } : { l, what: "output", size: productOf(shape) };
  }

  _pickKey(key) {
    if (key === "loss") {
      this._pick({ l: null, what: "loss", index: 0 });
      return;
    }
    const [l, what, at] = key.split("/");
    if (this.panel.offers(Number(l), what)) {
      const index = at === "*" ? this._firstOf(Number(l), what) : Number(at);
      this._pick({ l: Number(l), what, index });
    } else {
      const { name } = this.run.layers[l];
      this._say(`${what} of ${name} is too wide to be in this page element by element.`);
    }
  }

  /** Return the first element of an array that differs here, else its first. */
  _firstOf(l, what) {
    const picked = this._differing();
    return picked && picked.l === l && picked.what === what ? picked.index : 0;
  }

  _pick(pick) {
    const { step, phase } = this.walk;
    this.pick = pick;
    this.network.choose(pick);
    this.panel.show(step, phase, this.row, pick);
    this.network.reveal(pick);
  }

  _say(words) {
    this.controls.status.textContent = words;
  }

  // Moving.

  _goToDivergence(direction) {
    const next = this.walk.divergence(direction);
    if (next === undefined) {
      this._say(this.walk.noneInWords(direction));
      return;
    }
    this.walk.go(next);
    this.pick = this._differing() ?? this.pick;
    this._show();
    this.network.reveal(this.pick);
  }

  _play(on = !this.playing) {
    clearInterval(this.playing);
    this.playing = null;
    if (on) {
      if (this.walk.at === this.walk.end) this._move((walk) => walk.go(0));
      this.playing = setInterval(() => {
        if (this.walk.at === this.walk.end) this._play(false);
        else this._move((walk) => walk.go(walk.at + 1));
      }, BEAT);
    }
    this.controls.showPlaying(Boolean(this.playing));
  }

  _move(how) {
    how(this.walk);
    this._show();
  }

  /** Do what a button or a key says. Whoever moves by hand stops what plays. */
  _act(does) {
    const moves = {
      previousStep: (walk) => walk.goToStep(walk.step - 1),
      nextStep: (walk) => walk.goToStep(walk.step + 1),
      previousPhase: (walk) => walk.go(walk.at - 1),
      nextPhase: (walk) => walk.go(walk.at + 1),
      first: (walk) => walk.go(0),
      last: (walk) => walk.go(walk.end),
    };
    if (does === "play") this._play();
    else if (does === "help") this.controls.toggleHelp();
    else if (does === "nextDivergence") this._byHand(() => this._goToDivergence(1));
    else if (does === "previousDivergence") this._byHand(() => this._goToDivergence(-1));
    else this._byHand(() => this._move(moves[does]));
  }

  _byHand(move) {
    if (this.playing) this._play(false);
    move();
  }

  // Listening.

  _listen() {
    const { buttons, phases, slider, rows } = this.controls;
    for (const [does, node] of Object.entries(buttons)) {
      node.addEventListener("click", () => this._act(does));
    }
    const move = (how) => this._byHand(() => this._move(how));
    phases.forEach((node, i) => {
      const goToPhase = (walk) => walk.go(walk.step * PHASES.length + i);
      node.addEventListener("click", () => move(goToPhase));
    });
    slider.addEventListener("input", () => move((walk) => walk.goToStep(slider.value - 1)));
    rows.addEventListener("change", () => {
      this.row = Number(rows.value);
      this._show();
    });
    this.root.addEventListener("keydown", (event) => this._key(event));
    new ResizeObserver(() => {
      if (this.network.layout(this._width())) this._show();
    }).observe(this.root);
  }

  /** Do what a key means, unless the focused control has a meaning of its own for it. */
  _key(event) {
    const { key, target } = event;
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const isTyping = target.matches("select, textarea, input:not([type=range])");
    const isSliding =
      target === this.controls.slider && /^(Arrow|Page|Home|End)/.test(key) && !event.shiftKey;
    if (isTyping || isSliding) return;
    if (this.network.key(event)) {
      event.preventDefault();
      return;
    }
    if (key === " " && target.closest("button, [role=button], summary, a")) return;
    const does = (event.shiftKey ? MEANT_WITH_SHIFT : MEANT)[key];
    if (!does) return;
    event.preventDefault();
    this._act(does);
  }
}
