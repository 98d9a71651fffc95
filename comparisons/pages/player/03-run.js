/*
 * A run, read: the numbers of both sides at every step that is in the page.
 *
 * Steps are counted from 0 here, as they stand in the page; their `number` counts from 1, and
 * between two of them others may be missing. A step behind such a gap says itself what was
 * `before` it.
 */

const SIDES = ["candidate", "reference"];
const PHASES = ["forward", "loss", "backward", "update"];

class Run {
  constructor(run) {
    this.run = run;
    this.steps = run.steps;
    this.layers = run.layers.map((layer, i) => ({
      ...layer,
      number: i + 1,
      tensors: tensorsOf(run, layer),
    }));
    this.last = this.layers.length - 1;
    this._values = new Map();
    this._differences = new Map();
  }

  /** Return the name that a side is shown under. */
  name(side) {
    return this.run[side];
  }

  /** Return a site's numbers at a step, or null where they are not in the page. */
  values(step, site, side) {
    return remembered(this._values, `${step} ${side} ${site}`, () =>
      tensor(this.steps[step].sites[site]?.[side]),
    );
  }

  /** Return what goes into the first layer. */
  x(step) {
    return tensor(this.steps[step].x);
  }

  /** Return the targets. */
  y(step) {
    return tensor(this.steps[step].y);
  }

  /** Return what goes into a layer, batch first. */
  input(step, l, side) {
    return l === 0 ? this.x(step) : this.output(step, l - 1, side);
  }

  /** Return what comes out of a layer, batch first. */
  output(step, l, side) {
    return this.values(step, `forward/${this.layers[l].name}/output`, side);
  }

  /** Return a parameter before a step. */
  before(step, l, name, side) {
    const path = `${this.layers[l].name}/${name}`;
    if (this._isFirst(step)) return tensor(this.run.start[path]);
    return this._handedOn(step, "update", path, side);
  }

  /** Return a slot before a step; all slots start at 0. */
  slotBefore(step, l, name, slot, side, like) {
    if (this._isFirst(step)) return { shape: like.shape, data: like.data.map(() => 0) };
    return this._handedOn(step, "slot", `${this.layers[l].name}/${name}/${slot}`, side);
  }

  _isFirst(step) {
    return step === 0 && !this.steps[step].before;
  }

  /** Return what a step begins with. In a locked run both sides begin with the reference's. */
  _handedOn(step, kind, path, side) {
    const { before } = this.steps[step];
    if (before) return tensor(before[side][path]);
    return this.values(step - 1, `${kind}/${path}`, this.isLocked ? "reference" : side);
  }

  get isLocked() {
    return this.run.mode === "locked";
  }

  /** Return how many steps were compared, in the page or not. */
  get total() {
    return Math.max(this.run.series?.steps?.at(-1) ?? 0, this.steps.at(-1).number);
  }

  /** Return the numbers of the first and the last step missing before a step, or null. */
  gap(step) {
    const [from, to] = [step > 0 ? this.steps[step - 1].number : 0, this.steps[step].number];
    return to - from > 1 ? [from + 1, to - 1] : null;
  }

  /** Return the sites of a phase, in causal order. */
  sites(step, phase) {
    return Object.keys(this.steps[step].sites).filter((site) => phaseOf(site) === phase);
  }

  /**
   * Return how a site's two sides differ at a step: {count, size, at}, where `at(i)` says
   * whether the flat position i lies beyond its budget.
   */
  difference(step, site) {
    return remembered(this._differences, `${step} ${site}`, () => this._difference(step, site));
  }

  _difference(step, site) {
    const told = this.steps[step].sites[site];
    if (!told || !["DIVERGED", "INCOMPARABLE"].includes(told.outcome)) return NONE;
    const [candidate, reference] = SIDES.map((side) => this.values(step, site, side));
    const shape = reference?.shape ?? told.summary?.shape ?? [];
    const size = productOf(shape);
    const isComparable = told.summary || (candidate && candidate.data.length === size);
    if (!isComparable) return { count: size, size, at: () => true };
    const beyond = new Set(told.beyond.map((place) => positionOf(place, shape)));
    // The list of places has an end; what lies behind it is measured here.
    if (told.beyond.length >= 50 && candidate && typeof told.allowed === "number") {
      candidate.data.forEach((value, i) => {
        if (Math.abs(value - reference.data[i]) > told.allowed) beyond.add(i);
      });
    }
    return { count: beyond.size, size, at: (i) => beyond.has(i) };
  }

  /** Return the sites of a phase that differ beyond their budget, with their counts. */
  differing(step, phase) {
    return this.sites(step, phase)
      .map((site) => ({ site, ...this.difference(step, site) }))
      .filter(({ count }) => count > 0);
  }
}

/** What two sides that do not differ have. */
const NONE = { count: 0, size: 0, at: () => false };

/** Return what a map has for a key, made when it is first asked for. */
function remembered(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

/** Return the names of a layer's parameters, in order. */
function tensorsOf(run, layer) {
  const prefix = `${layer.name}/`;
  const paths = Object.keys(run.start).filter((path) => path.startsWith(prefix));
  return paths.map((path) => path.slice(prefix.length));
}

/** Return the phase that a site belongs to; slots move with the update. */
function phaseOf(site) {
  const head = site.slice(0, site.indexOf("/"));
  return head === "slot" ? "update" : head;
}
