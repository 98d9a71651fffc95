/*
 * The network on the page: it is laid out for the width there is, filled with the numbers of a
 * place, and lets its parts be chosen by pointer and by keys.
 */

/** How far the picture shrinks before it scrolls, and how far it grows. */
const SCALES = { least: 0.75, most: 1.6 };

/** Below this width, in pixels, the network leads downwards. */
const NARROW = 640;

class Network {
  /** `pick(key)` is called with what was chosen. */
  constructor(run, pick) {
    this.run = run;
    this.pick = pick;
    this.columns = columnsOf(run);
    this.root = element("div", { class: "network", role: "group", "aria-label": "The network" });
    this.root.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-key]");
      if (!chosen) return;
      this._parts.get(chosen.dataset.key).group.focus({ preventScroll: true });
      this._choose(chosen.dataset.key);
    });
  }

  /**
   * Lay the network out for a width in pixels; says whether anything changed. It grows and
   * shrinks a little with the page; what is still too wide scrolls in its own box.
   */
  layout(width) {
    const natural = laidOut(this.run, this.columns, width < NARROW);
    const most = Math.min(width, natural.width * SCALES.most);
    const size = Math.max(natural.width * SCALES.least, most);
    const key = `${natural.isDownwards} ${Math.round(size)}`;
    if (key === this._laidOut) return false;
    this._laidOut = key;
    this._overflows = size > width;
    this._draw(natural, size);
    return true;
  }

  _draw(natural, size) {
    const hadFocus = this.root.contains(document.activeElement);
    const focused = hadFocus ? document.activeElement.dataset.key : null;
    this._picture = pictureOf(this.run, natural, size);
    this._order = inReadingOrder([...this._parts.keys()]);
    this.root.replaceChildren(this._picture.svg);
    if (focused) this._parts.get(focused)?.group.focus();
  }

  get _parts() {
    return this._picture.parts;
  }

  /** Fill in the numbers of a place, and mark what is picked. */
  show(step, phase, row, picked) {
    this.root.dataset.phase = phase;
    fill(this._picture, step, phase, row);
    this.choose(picked);
  }

  /** Mark what is picked. */
  choose(picked) {
    const isReachable = (key) => this._parts.get(key).group.getAttribute("tabindex") === "0";
    for (const key of this._order) {
      const { group, line } = this._parts.get(key);
      const isChosen = matches(key, picked);
      mark(group, "aria-pressed", String(isChosen));
      line?.classList.toggle("picked", isChosen);
    }
    const chosen = this._order.find((key) => matches(key, picked));
    this._rove(this._order.find(isReachable) ?? chosen ?? this._order[0]);
  }

  /** Scroll the picture, not the page, to what is picked. */
  reveal(picked) {
    const key = this._overflows && this._order.find((other) => matches(other, picked));
    if (!key) return;
    const box = this._parts.get(key).group.getBoundingClientRect();
    const frame = this.root.getBoundingClientRect();
    if (box.left >= frame.left && box.right <= frame.right) return;
    this.root.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  }

  /** Do what a key means to the focused part; says whether it was used. */
  key(event) {
    const at = this._order.indexOf(event.target.dataset?.key);
    if (at < 0) return false;
    if (event.key === "Enter" || event.key === " ") {
      this._choose(this._order[at]);
      return true;
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return false;
    const next = this._order.at((at + by) % this._order.length);
    this._rove(next);
    this._parts.get(next).group.focus();
    return true;
  }

  _choose(key) {
    this._rove(key);
    this.pick(key);
  }

  /** Make one part the one that Tab reaches. */
  _rove(key) {
    for (const other of this._order) {
      mark(this._parts.get(other).group, "tabindex", other === key ? "0" : "-1");
    }
  }
}

/** Return the keys of what can be chosen: of each layer weights, biases, units; then the loss. */
function inReadingOrder(keys) {
  const rankOf = (key) => {
    const [l, what, i] = key.split("/");
    return [Number(l), ["kernel", "bias", "output"].indexOf(what), Number(i) || 0];
  };
  const ranked = keys
    .filter((key) => !key.startsWith("x/") && key !== "loss")
    .map((key) => ({ key, rank: rankOf(key) }));
  ranked.sort(({ rank: a }, { rank: b }) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  return [...ranked.map(({ key }) => key), "loss"];
}

/** Say whether a part of the picture is, or sums up, what is picked. */
function matches(key, picked) {
  if (key === "loss" || picked.what === "loss") return key === picked.what;
  const [l, what, at] = key.split("/");
  return Number(l) === picked.l && what === picked.what && (at === "*" || +at === picked.index);
}
