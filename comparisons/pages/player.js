/*
 * The player: walks through the steps of a run, draws the network, and writes the arithmetic out.
 *
 * In order: small tools; a run, read; rounding; the arithmetic (activations, loss, chain rule,
 * update rules); the network, drawn; the panel of the arithmetic; the player that holds them.
 * Every name and number comes from the JSON in #story and is only ever set as text.
 */
(() => {
  "use strict";

  const SIDES = ["candidate", "reference"];
  const SHAPES = { candidate: "●", reference: "■" };
  const PHASES = ["forward", "loss", "backward", "update"];
  /** What each phase shows, for someone who sees it for the first time. */
  const MEANINGS = {
    forward: "Forward: each unit adds up its weighted inputs and its bias, and applies its activation.",
    loss: "Loss: the prediction ŷ is held against the target y.",
    backward: "Backward: connections and biases show ∂L/∂W and ∂L/∂b, how the loss changes with each.",
    update: "Update: connections and biases show the parameters after this step.",
  };

  // ---------------------------------------------------------------------------------------------
  // Small tools
  // ---------------------------------------------------------------------------------------------

  /** Return a new HTML element with attributes and children; strings become text. */
  function element(name, attributes = {}, ...children) {
    return filled(document.createElement(name), attributes, children);
  }

  /** Return a new SVG element with attributes and children. */
  function drawn(name, attributes = {}, ...children) {
    return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
  }

  function filled(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }

  /** Set an attribute, or take it away where the value is false. */
  function mark(node, name, value) {
    if (value === false || value === null) node.removeAttribute(name);
    else node.setAttribute(name, value);
  }

  const range = (n) => Array.from({ length: n }, (_, i) => i);
  const plural = (n, word, more = `${word}s`) => `${n.toLocaleString("en")} ${n === 1 ? word : more}`;
  const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  /** Return a number as people write it: so many digits, a true minus, no trailing zeros. */
  function shown(value, digits = 6) {
    if (value === null || value === undefined) return "missing";
    if (Number.isNaN(value)) return "nan";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    const size = Math.abs(value);
    const rounded = Number(value.toPrecision(digits));
    const text = size !== 0 && (size < 1e-4 || size >= 1e7) ? rounded.toExponential() : String(rounded);
    return text.replaceAll("-", "−").replace("e+", "e");
  }

  /** Return two numbers with as many digits as it takes to tell them apart. */
  function apart(a, b, digits = 6) {
    for (let n = digits; n < 17; n += 1) {
      if (shown(a, n) !== shown(b, n)) return [shown(a, n), shown(b, n)];
    }
    return [shown(a, 17), shown(b, 17)];
  }

  /** Return a number as a factor or a term: a negative one in brackets. */
  const inTerm = (value) => (value < 0 || Object.is(value, -0) ? `(${shown(value)})` : shown(value));

  /** Return a sum as text, its first terms and how many more there are. */
  function sumOf(terms, most = 4) {
    const more = terms.length - most;
    return more > 1 ? `${terms.slice(0, most).join(" + ")} + … (${more} more)` : terms.join(" + ");
  }

  /** JSON has no nan and no inf: there they are words. */
  const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity };
  const toNumber = (value) => (typeof value === "string" ? WORDS[value] : value);

  /** Return nested lists as flat numbers with their shape, or null where there are none. */
  function tensor(nested) {
    if (nested === null || nested === undefined) return null;
    const shape = [];
    for (let level = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
    const data = (Array.isArray(nested) ? nested.flat(Infinity) : [nested]).map(toNumber);
    return { shape, data };
  }

  /** Return the place of a flat position, as [i, j, …]. */
  function placeOf(position, shape) {
    const place = [];
    for (let rest = position, axis = shape.length - 1; axis >= 0; axis -= 1) {
      place.unshift(rest % shape[axis]);
      rest = Math.floor(rest / shape[axis]);
    }
    return place;
  }

  const positionOf = (place, shape) => place.reduce((sum, i, axis) => sum * shape[axis] + i, 0);
  const productOf = (shape) => shape.reduce((product, n) => product * n, 1);

  // ---------------------------------------------------------------------------------------------
  // A run, read
  // ---------------------------------------------------------------------------------------------

  /** The numbers of one run. Steps are counted from 0 here; their `number` counts from 1. */
  class Run {
    constructor(run) {
      this.run = run;
      this.steps = run.steps;
      this.layers = run.layers.map((layer, i) => ({ ...layer, number: i + 1, tensors: tensorsOf(run, layer) }));
      this.last = this.layers.length - 1;
      this.words = this._words();
      this._values = new Map();
      this._differences = new Map();
    }

    _words() {
      const words = { "loss/value": "loss" };
      for (const { name, tensors } of this.layers) {
        words[`forward/${name}/output`] = `output of ${name}`;
        for (const tensor of tensors) {
          words[`backward/${name}/${tensor}`] = `${tensor} gradient of ${name}`;
          words[`update/${name}/${tensor}`] = `new ${tensor} of ${name}`;
        }
      }
      return words;
    }

    /** Return a site in words. */
    word(site) {
      const slot = site.startsWith("slot/") && site.slice(5).split("/");
      return this.words[site] ?? (slot ? `${slot.at(-1)} of the ${slot.at(-2)} of ${slot.slice(0, -2).join("/")}` : site);
    }

    /** Return the name that a side is shown under. */
    name(side) {
      return this.run[side];
    }

    /** Return a site's numbers at a step, or null where they are not in the page. */
    values(step, site, side) {
      const key = `${step} ${side} ${site}`;
      if (!this._values.has(key)) this._values.set(key, tensor(this.steps[step].sites[site]?.[side]));
      return this._values.get(key);
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

    /** Return a parameter before a step. In a locked run both sides start from the reference's. */
    before(step, l, name, side) {
      const path = `${this.layers[l].name}/${name}`;
      if (step === 0) return tensor(this.run.start[path]);
      return this.values(step - 1, `update/${path}`, this.run.mode === "locked" ? "reference" : side);
    }

    /** Return a slot before a step; all slots start at 0. */
    slotBefore(step, l, name, slot, side, like) {
      if (step === 0) return { shape: like.shape, data: like.data.map(() => 0) };
      const site = `slot/${this.layers[l].name}/${name}/${slot}`;
      return this.values(step - 1, site, this.run.mode === "locked" ? "reference" : side);
    }

    /** Return the sites of a phase, in causal order. */
    sites(step, phase) {
      return Object.keys(this.steps[step].sites).filter((site) => phaseOf(site) === phase);
    }

    /**
     * Return how a site's two sides differ at a step: {outcome, count, at, size}, where `at(i)`
     * says whether the flat position i lies beyond its budget.
     */
    difference(step, site) {
      const key = `${step} ${site}`;
      if (!this._differences.has(key)) this._differences.set(key, this._difference(step, site));
      return this._differences.get(key);
    }

    _difference(step, site) {
      const told = this.steps[step].sites[site];
      const none = { outcome: told?.outcome ?? null, count: 0, size: 0, at: () => false };
      if (!told || !["DIVERGED", "INCOMPARABLE"].includes(told.outcome)) return none;
      const [candidate, reference] = SIDES.map((side) => this.values(step, site, side));
      const shape = reference?.shape ?? told.summary?.shape ?? [];
      const size = productOf(shape);
      const comparable = told.summary ? true : candidate && candidate.data.length === size;
      if (!comparable) return { ...none, count: size, size, at: () => true };
      const beyond = new Set(told.beyond.map((place) => positionOf(place, shape)));
      // The list of places has an end; what lies behind it is measured here.
      if (told.beyond.length >= 50 && candidate && typeof told.allowed === "number") {
        candidate.data.forEach((value, i) => {
          if (Math.abs(value - reference.data[i]) > told.allowed) beyond.add(i);
        });
      }
      return { ...none, count: beyond.size, size, at: (i) => beyond.has(i) };
    }

    /** Return the sites of a phase that differ beyond their budget, with their counts. */
    differing(step, phase) {
      return this.sites(step, phase)
        .map((site) => ({ site, ...this.difference(step, site) }))
        .filter(({ count }) => count > 0);
    }

    /** Return the best word for a phase as a whole. */
    outcome(step, phase) {
      const outcomes = this.sites(step, phase).map((site) => this.steps[step].sites[site].outcome);
      const differ = this.differing(step, phase).reduce((sum, { count }) => sum + count, 0);
      if (differ > 0) return { word: `${differ.toLocaleString("en")} ${differ === 1 ? "differs" : "differ"}`, name: "diverged", shape: "≠" };
      if (outcomes.includes("INCOMPARABLE")) return { word: "not finite", name: "incomparable", shape: "?" };
      if (outcomes.every((outcome) => outcome === null)) return { word: "not compared", name: "unseen", shape: "–" };
      if (outcomes.includes("CLOSE")) return { word: "within rounding", name: "close", shape: "≈" };
      return { word: "exact", name: "exact", shape: "=" };
    }
  }

  /** Return the names of a layer's parameters, in order. */
  function tensorsOf(run, layer) {
    const prefix = `${layer.name}/`;
    return Object.keys(run.start).filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  }

  /** Return the phase that a site belongs to; slots move with the update. */
  function phaseOf(site) {
    const head = site.slice(0, site.indexOf("/"));
    return head === "slot" ? "update" : head;
  }

  // ---------------------------------------------------------------------------------------------
  // Rounding
  //
  // A number that is computed here is {v, s}: its value, and a bound s, in units of the last
  // place, of what rounding may have done on the way. So a result is held against a recorded
  // one without a tolerance that someone has guessed.
  // ---------------------------------------------------------------------------------------------

  const num = (v) => ({ v, s: Math.abs(v) });
  const exactly = (v) => ({ v, s: 0 });
  const rounded = (v, s) => ({ v, s: s + Math.abs(v) });
  const plus = (a, b) => rounded(a.v + b.v, a.s + b.s);
  const minus = (a, b) => rounded(a.v - b.v, a.s + b.s);
  const times = (a, b) => rounded(a.v * b.v, Math.abs(a.v) * b.s + Math.abs(b.v) * a.s);
  const over = (a, b) => rounded(a.v / b.v, (a.s + Math.abs(a.v / b.v) * b.s) / Math.abs(b.v));
  const root = (a) => rounded(Math.sqrt(a.v), a.v > 0 ? a.s / (2 * Math.sqrt(a.v)) : 0);
  const sum = (terms) => terms.reduce(plus, exactly(0));
  const negative = (a) => ({ v: -a.v, s: a.s });
  /** Return f(a) whose slope at a is known; library functions may miss a few last places. */
  const mapped = (a, v, slope) => rounded(v, Math.abs(slope) * a.s + 3 * Math.abs(v));

  const UNITS = { float32: 2 ** -24, float64: 2 ** -53 };

  /** Return a number as a dtype has it where it leaves that dtype's range: there it is infinite. */
  const inRange = (v, dtype) => (dtype === "float32" && !Number.isFinite(Math.fround(v)) ? Math.fround(v) : v);

  /** Say whether a recorded number is the computed one, up to a few roundings of each operation. */
  function agrees(computed, recorded, dtype) {
    const v = inRange(computed.v, dtype);
    if (Object.is(v, recorded) || v === recorded) return true;
    return Math.abs(computed.v - recorded) <= 8 * (UNITS[dtype] ?? UNITS.float64) * computed.s;
  }

  // ---------------------------------------------------------------------------------------------
  // The arithmetic: activations
  //
  // `apply` gives a = f(z). `slope` gives f′ from the output a, as every one of them can be:
  // so no pre-activation has to be recorded. `slopeText` writes it with a name or a number.
  // ---------------------------------------------------------------------------------------------

  /** Thrown where something cannot be shown; the message is the sentence that says so. */
  class NotShown extends Error {}

  function logistic(z) {
    const e = Math.exp(-Math.abs(z));
    return (z >= 0 ? 1 : e) / (1 + e);
  }

  const stepText = (a) => `[${a} > 0]`;
  const ACTIVATIONS = {
    linear: {
      apply: (z) => z,
      slope: () => exactly(1),
    },
    sigmoid: {
      text: (z) => `1 / (1 + e^(−${z}))`,
      apply: (z) => mapped(z, logistic(z.v), logistic(z.v) * logistic(-z.v)),
      slope: (a) => times(a, minus(exactly(1), a)),
      slopeText: (a) => `${a} (1 − ${a})`,
    },
    tanh: {
      text: (z) => `tanh(${z})`,
      apply: (z) => mapped(z, Math.tanh(z.v), 1 - Math.tanh(z.v) ** 2),
      slope: (a) => minus(exactly(1), times(a, a)),
      slopeText: (a) => `(1 − ${a}²)`,
    },
    relu: {
      text: (z) => `max(${z}, 0)`,
      apply: (z) => ({ v: Math.max(z.v, 0), s: z.s }),
      slope: (a) => exactly(a.v > 0 ? 1 : 0),
      slopeText: stepText,
    },
    leaky_relu: {
      text: (z) => `max(${z}, 0.2 · ${z})`,
      apply: (z) => (z.v > 0 ? z : times(z, num(Math.fround(0.2)))),
      slope: (a) => (a.v > 0 ? exactly(1) : num(Math.fround(0.2))),
      slopeText: (a) => `(1 where ${a} > 0, else 0.2)`,
    },
    elu: {
      text: (z) => `(${z} where it is > 0, else e^${z} − 1)`,
      apply: (z) => (z.v > 0 ? z : mapped(z, Math.expm1(z.v), Math.exp(z.v))),
      slope: (a) => (a.v > 0 ? exactly(1) : plus(a, exactly(1))),
      slopeText: (a) => `(1 where ${a} > 0, else ${a} + 1)`,
    },
    softplus: {
      text: (z) => `log(1 + e^${z})`,
      apply: (z) => mapped(z, Math.max(z.v, 0) + Math.log1p(Math.exp(-Math.abs(z.v))), logistic(z.v)),
      slope: (a) => mapped(a, -Math.expm1(-a.v), Math.exp(-a.v)),
      slopeText: (a) => `(1 − e^(−${a}))`,
    },
  };

  /** Return e^z / Σ e^z of a row. */
  function softmax(row) {
    const top = Math.max(...row.map(({ v }) => v));
    const powers = row.map((z) => mapped(z, Math.exp(z.v - top), Math.exp(z.v - top)));
    const total = sum(powers);
    return powers.map((power) => over(power, total));
  }

  function activationOf(layer) {
    const activation = Object.hasOwn(ACTIVATIONS, layer.activation) && ACTIVATIONS[layer.activation];
    if (!activation) throw new NotShown(`The arithmetic of ${layer.activation} is not shown.`);
    return activation;
  }

  // ---------------------------------------------------------------------------------------------
  // The arithmetic: what a loss is, and its gradient
  // ---------------------------------------------------------------------------------------------

  const ENTROPIES = ["BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"];

  /**
   * Everything about the loss of one side at one step.
   *
   * `head` is the layer whose input the gradient belongs to: a cross-entropy behind a sigmoid or
   * a softmax is computed from the logits z that go into it. Elsewhere `head` is null, and the
   * gradient belongs to the prediction ŷ.
   */
  class Loss {
    constructor(arithmetic) {
      const { run, step, side } = arithmetic;
      this.arithmetic = arithmetic;
      this.config = run.run.loss;
      this.kind = this.config.class;
      this.prediction = arithmetic.output(run.last);
      this.columns = run.layers[run.last].output_shape.at(-1);
      this.rows = this.prediction.data.length / this.columns;
      this.head = this.config.computed_from_logits && !this.config.from_logits ? this._head(run) : null;
      if (!["sum_over_batch_size", "sum"].includes(this.config.reduction ?? "sum_over_batch_size")) {
        throw new NotShown(`The arithmetic of the reduction ${this.config.reduction} is not shown.`);
      }
      this.y = this._targets(run.y(step));
      const samples = this.config.reduction === "sum" ? 1 : this.rows;
      // Cross-entropies over classes add up over the last axis; all others take its mean.
      this.n = this.kind.includes("Categorical") ? samples : samples * this.columns;
      this.side = side;
    }

    /** Return the last layer that is a sigmoid or softmax, behind linear Activations at most. */
    _head(run) {
      let l = run.last;
      while (l > 0 && run.layers[l].class === "Activation" && run.layers[l].activation === "linear") l -= 1;
      return l;
    }

    _targets(y) {
      if (!y) throw new NotShown("The targets of this step are too wide to be in this page.");
      const smoothing = this.config.label_smoothing ?? 0;
      if (this.kind === "SparseCategoricalCrossentropy") {
        return range(this.rows * this.columns).map((i) => exactly(y.data[Math.floor(i / this.columns)] === i % this.columns ? 1 : 0));
      }
      if (y.data.length !== this.prediction.data.length) {
        throw new NotShown(
          `y has ${plural(y.data.length, "value")} and ŷ has ${this.prediction.data.length}: the arithmetic of that broadcast is not shown.`,
        );
      }
      const share = this.kind === "CategoricalCrossentropy" ? smoothing / this.columns : smoothing / 2;
      return y.data.map((value) => (smoothing ? plus(times(num(value), num(1 - smoothing)), num(share)) : num(value)));
    }

    get _label() {
      return this.config.label_smoothing ? "y′" : "y";
    }

    /** Return how to write the target and the prediction of one output. */
    _names(row, j) {
      const index = this.columns > 1 ? `[${j}]` : "";
      return { y: `${this._label}${index}`, p: this.arithmetic.outputName(this.arithmetic.run.last, j) };
    }

    /** Return lines that must be read first: what label smoothing makes of y. */
    preface(row, j) {
      if (!this.config.label_smoothing) return [];
      const { config, columns } = this;
      const raw = this.arithmetic.run.y(this.arithmetic.step).data[row * columns + j];
      const parts = this.kind === "CategoricalCrossentropy" ? columns : 2;
      return [{
        name: this._names(row, j).y,
        symbols: `y (1 − s) + s/${parts}`,
        numbers: `${inTerm(raw)} (1 − ${config.label_smoothing}) + ${config.label_smoothing}/${parts}`,
        result: this.y[row * columns + j],
      }];
    }

    /** Return the logits of a row, from the input of the head or from ŷ itself. */
    _logits(row) {
      const from = row * this.columns;
      if (this.head === null) return this.prediction.data.slice(from, from + this.columns).map(num);
      return this.arithmetic.z(this.head).slice(from, from + this.columns);
    }

    /** Return the probability that a cross-entropy from logits holds against y: {symbols, value}. */
    _probability(row, j) {
      const layer = this.head === null ? null : this.arithmetic.run.layers[this.head];
      const wanted = this.kind === "BinaryCrossentropy" ? "sigmoid" : "softmax";
      const { p } = this._names(row, j);
      if (layer?.activation === wanted) return { symbols: p, value: num(this.prediction.data[row * this.columns + j]) };
      const logits = this._logits(row);
      const z = this.head === null ? p : `z[${j}]`;
      if (wanted === "softmax") return { symbols: `softmax(${z})`, value: softmax(logits)[j] };
      return { symbols: `sigmoid(${z})`, value: ACTIVATIONS.sigmoid.apply(logits[j]) };
    }

    /** Return the gradient for one output as {symbols, numbers, value}: at z if there is a head, else at ŷ. */
    gradient(row, j) {
      const i = row * this.columns + j;
      const [y, p, n] = [this.y[i], num(this.prediction.data[i]), this.n];
      const names = this._names(row, j);
      if (this.kind === "MeanSquaredError") {
        const factor = n === 1 ? "−2" : `−2/${n}`;
        return {
          symbols: `${factor} (${names.y} − ${names.p})`,
          numbers: `${factor} (${shown(y.v)} − ${inTerm(p.v)})`,
          value: over(times(exactly(-2), minus(y, p)), exactly(n)),
        };
      }
      const divided = n === 1 ? "" : `/${n}`;
      if (this.kind === "MeanAbsoluteError") {
        const sign = exactly(Math.sign(p.v - y.v));
        return {
          symbols: `sign(${names.p} − ${names.y})${divided}`,
          numbers: `sign(${shown(p.v)} − ${inTerm(y.v)})${divided}`,
          value: over(sign, exactly(n)),
        };
      }
      if (!ENTROPIES.includes(this.kind)) throw new NotShown(`The arithmetic of ${this.kind} is not shown.`);
      if (this.config.computed_from_logits) {
        const probability = this._probability(row, j);
        return {
          symbols: `(${probability.symbols} − ${names.y})${divided}`,
          numbers: `(${shown(probability.value.v)} − ${inTerm(y.v)})${divided}`,
          value: over(minus(probability.value, y), exactly(n)),
        };
      }
      if (this.kind !== "BinaryCrossentropy") {
        throw new NotShown(`The arithmetic of ${this.kind} on probabilities is not shown.`);
      }
      if (!this._inside(p.v)) {
        const value = exactly(0);
        return { symbols: "0 (outside the clip at 1e−7)", numbers: "0", value };
      }
      const one = exactly(1);
      return {
        symbols: `((1 − ${names.y})/(1 − ${names.p}) − ${names.y}/${names.p})${divided}`,
        numbers: `((1 − ${shown(y.v)})/(1 − ${shown(p.v)}) − ${shown(y.v)}/${shown(p.v)})${divided}`,
        value: over(minus(over(minus(one, y), minus(one, p)), over(y, p)), exactly(n)),
      };
    }

    /** Say whether a probability lies inside the clip, where its bounds are in the run's dtype. */
    _inside(p) {
      const held = this.arithmetic.run.run.dtype === "float32" ? Math.fround : (value) => value;
      return held(1e-7) <= p && p <= held(1 - 1e-7);
    }

    /** Return what one output adds to the loss, before the division by n: {symbols, numbers, value}. */
    _term(row, j) {
      const i = row * this.columns + j;
      const [y, p] = [this.y[i], num(this.prediction.data[i])];
      const names = this._names(row, j);
      if (this.kind === "MeanSquaredError") {
        const error = minus(y, p);
        return { symbols: `(${names.y} − ${names.p})²`, numbers: `(${shown(y.v)} − ${inTerm(p.v)})²`, value: times(error, error) };
      }
      if (this.kind === "MeanAbsoluteError") {
        const error = minus(y, p);
        return { symbols: `|${names.y} − ${names.p}|`, numbers: `|${shown(y.v)} − ${inTerm(p.v)}|`, value: { v: Math.abs(error.v), s: error.s } };
      }
      if (this.kind !== "BinaryCrossentropy") throw new NotShown(`The arithmetic of ${this.kind} is not shown.`);
      if (this.config.computed_from_logits) {
        const z = this._logits(row)[j];
        const zName = this.head === null ? names.p : `z${this.columns > 1 ? `[${j}]` : ""}`;
        return {
          symbols: `(log(1 + e^${zName}) − ${names.y} ${zName})`,
          numbers: `(log(1 + e^${inTerm(z.v)}) − ${shown(y.v)} · ${inTerm(z.v)})`,
          value: minus(ACTIVATIONS.softplus.apply(z), times(y, z)),
        };
      }
      const held = this.arithmetic.run.run.dtype === "float32" ? Math.fround : (value) => value;
      const clipped = num(Math.min(Math.max(p.v, held(1e-7)), held(1 - 1e-7)));
      const rest = minus(exactly(1), clipped);
      const log = (a) => mapped(a, Math.log(a.v), 1 / a.v);
      return {
        symbols: `(−${names.y} log ${names.p} − (1 − ${names.y}) log(1 − ${names.p}))`,
        numbers: `(−${shown(y.v)} log ${shown(clipped.v)} − (1 − ${shown(y.v)}) log(1 − ${shown(clipped.v)}))`,
        value: negative(plus(times(y, log(clipped)), times(minus(exactly(1), y), log(rest)))),
      };
    }

    /** Return −Σ y log p of a row of logits, as log Σ e^z − Σ y z: {symbols, numbers, value}. */
    _classTerm(row) {
      if (!this.config.computed_from_logits) throw new NotShown(`The arithmetic of ${this.kind} on probabilities is not shown.`);
      const logits = this._logits(row);
      const y = this.y.slice(row * this.columns, (row + 1) * this.columns);
      const top = Math.max(...logits.map(({ v }) => v));
      const total = sum(logits.map((z) => mapped(z, Math.exp(z.v - top), Math.exp(z.v - top))));
      const log = plus(num(top), mapped(total, Math.log(total.v), 1 / total.v));
      const dot = sum(y.map((value, j) => times(value, logits[j])));
      return {
        symbols: `(log Σ e^z − Σ ${this._label} z)`,
        numbers: `(${shown(log.v)} − ${inTerm(dot.v)})`,
        value: minus(log, dot),
      };
    }

    /** Return the line of the loss itself. */
    line() {
      const classes = this.kind.includes("Categorical");
      const terms = range(this.rows).flatMap((row) =>
        classes ? [this._classTerm(row)] : range(this.columns).map((j) => this._term(row, j)),
      );
      const { n } = this;
      const factor = n === 1 ? "" : `1/${n} · `;
      const bracket = (text) => (terms.length > 1 && n !== 1 ? `[${text}]` : text);
      const value = over(sum(terms.map((term) => term.value)), exactly(n));
      const symbols = terms.length > 1 ? `Σ ${terms[0].symbols.replaceAll(/\[\d+\]/g, "")}` : terms[0].symbols;
      return {
        name: "L",
        symbols: `${factor}${symbols}`,
        numbers: `${factor}${bracket(sumOf(terms.map((term) => term.numbers), 3))}`,
        result: value,
      };
    }
  }

  // ---------------------------------------------------------------------------------------------
  // The arithmetic: the chain rule
  // ---------------------------------------------------------------------------------------------

  /**
   * One step of one side, computed again from the parts that the side recorded.
   *
   * Arrays are flat, batch first. What a layer gets and gives is read as rows and columns, where
   * axes between the batch and the last one are more rows: that is what a Dense layer does.
   */
  class Arithmetic {
    constructor(run, step, side) {
      Object.assign(this, { run, step, side });
      this._memo = new Map();
    }

    /** Return what `make` returns, made once; a reason for not showing is kept as well. */
    _once(key, make) {
      if (!this._memo.has(key)) {
        try {
          this._memo.set(key, { value: make() });
        } catch (error) {
          if (!(error instanceof NotShown)) throw error;
          this._memo.set(key, { error });
        }
      }
      const { value, error } = this._memo.get(key);
      if (error) throw error;
      return value;
    }

    /** Return the values, or say that this side has none of that. */
    need(values, what) {
      if (!values) throw new NotShown(`${this.run.name(this.side)}: ${what} is not in this page, so the arithmetic has no parts.`);
      return values;
    }

    layer(l) {
      return this.run.layers[l];
    }

    input(l) {
      return this.need(this.run.input(this.step, l, this.side), l === 0 ? "the batch x" : `the output of ${this.layer(l - 1).name}`);
    }

    output(l) {
      return this.need(this.run.output(this.step, l, this.side), `the output of ${this.layer(l).name}`);
    }

    before(l, name) {
      return this.need(this.run.before(this.step, l, name, this.side), `the ${name} of ${this.layer(l).name} before this step`);
    }

    /** Return the recorded number of a site at a flat position; undefined where there is none. */
    recorded(site, position) {
      return this.run.values(this.step, site, this.side)?.data[position];
    }

    /** Return how many columns a layer's output has. */
    columns(l) {
      return this.layer(l).output_shape.at(-1) ?? 1;
    }

    /** Return how many rows go through a layer at once. */
    rows(l) {
      return this.output(l).data.length / this.columns(l);
    }

    // Names, as the formulas write them: x, W1, b1, z1, a1 … ŷ.

    parameterName(l, name, place) {
      const letter = { kernel: "W", bias: "b" }[name] ?? `${name} `;
      return `${letter}${this.layer(l).number}[${place.join(",")}]`;
    }

    outputName(l, j) {
      if (l < 0) return `x[${j}]`;
      if (l === this.run.last) return this.columns(l) > 1 ? `ŷ[${j}]` : "ŷ";
      return `a${this.layer(l).number}[${j}]`;
    }

    get loss() {
      return this._once("loss", () => new Loss(this));
    }

    /** Return the derived pre-activations of a layer. */
    z(l) {
      return this._once(`z ${l}`, () => {
        const layer = this.layer(l);
        const input = this.input(l);
        if (layer.class !== "Dense") return input.data.map(num);
        const kernel = this.before(l, "kernel");
        const bias = layer.use_bias ? this.before(l, "bias") : null;
        const [inputs, units] = kernel.shape;
        return range((input.data.length / inputs) * units).map((at) => {
          const [row, j] = [Math.floor(at / units), at % units];
          const terms = range(inputs).map((i) => times(num(input.data[row * inputs + i]), num(kernel.data[i * units + j])));
          return sum(bias ? [...terms, num(bias.data[j])] : terms);
        });
      });
    }

    /** Return ∂L/∂(output) of a layer. */
    gradient(l) {
      return this._once(`gradient ${l}`, () => {
        if (l === this.run.last) return this._lossGradient();
        const next = this.layer(l + 1);
        if (next.class === "Flatten") return this.gradient(l + 1);
        if (next.class === "Activation") return this.delta(l + 1);
        if (next.class !== "Dense") throw new NotShown(`The arithmetic of ${next.class} is not shown, nor what lies before it.`);
        const kernel = this.before(l + 1, "kernel");
        const delta = this.delta(l + 1);
        const [inputs, units] = kernel.shape;
        return range((delta.length / units) * inputs).map((at) => {
          const [row, i] = [Math.floor(at / inputs), at % inputs];
          return sum(range(units).map((k) => times(delta[row * units + k], num(kernel.data[i * units + k]))));
        });
      });
    }

    _lossGradient() {
      const { loss } = this;
      return range(loss.rows * loss.columns).map((i) => loss.gradient(Math.floor(i / loss.columns), i % loss.columns).value);
    }

    /** Return δ = ∂L/∂z of a layer, z being what its activation takes. */
    delta(l) {
      return this._once(`delta ${l}`, () => {
        if (this.loss.head !== null && this.loss.head === l) return this._lossGradient();
        const gradient = this.gradient(l);
        const output = this.output(l);
        const columns = this.columns(l);
        if (this.layer(l).activation === "softmax") return throughSoftmax(gradient, output.data, columns);
        const { slope } = activationOf(this.layer(l));
        return gradient.map((g, i) => times(g, slope(num(output.data[i]))));
      });
    }

    /**
     * Return how δ of one unit in one row comes about: {before, symbols, numbers, value}, where
     * `before` are lines to read first and `symbols` can stand as a factor in a product.
     */
    deltaInWords(l, row, j) {
      const layer = this.layer(l);
      const columns = this.columns(l);
      const value = this.delta(l)[row * columns + j];
      if (this.loss.head === l) return { before: this.loss.preface(row, j), ...this.loss.gradient(row, j), value };
      const arriving = this._arriving(l, row, j);
      if (layer.activation === "linear") return { ...arriving, value };
      if (layer.activation === "softmax") {
        return {
          before: arriving.before,
          symbols: `${this.outputName(l, j)} (∂L/∂a[${j}] − Σ ∂L/∂a[k] · a[k])`,
          numbers: shown(value.v),
          value,
        };
      }
      const a = this.output(l).data[row * columns + j];
      const { slopeText } = activationOf(layer);
      return {
        before: arriving.before,
        symbols: `${arriving.symbols} · ${slopeText(this.outputName(l, j))}`,
        numbers: `${arriving.numbers} · ${slopeText(inTerm(a))}`,
        value,
      };
    }

    /** Return how ∂L/∂a of one unit in one row comes about. */
    _arriving(l, row, j) {
      const columns = this.columns(l);
      const value = this.gradient(l)[row * columns + j];
      if (l === this.run.last) return { before: this.loss.preface(row, j), ...this.loss.gradient(row, j) };
      const next = this.layer(l + 1);
      if (next.class !== "Dense") {
        const name = `∂L/∂${this.outputName(l, j)}`;
        const line = { name, symbols: `what comes back through ${shortened(next.name, 40)} (${next.class})`, result: value };
        return { before: [line], symbols: name, numbers: inTerm(value.v), value };
      }
      const kernel = this.before(l + 1, "kernel");
      const units = kernel.shape[1];
      const delta = this.delta(l + 1).slice(row * units, (row + 1) * units);
      const names = range(units).map((k) => `δ${next.number}[${k}]`);
      const weights = range(units).map((k) => this.parameterName(l + 1, "kernel", [j, k]));
      const bracket = (text) => (units > 1 ? `(${text})` : text);
      return {
        before: range(Math.min(units, 3)).map((k) => this._deltaLine(l + 1, row, k)),
        symbols: bracket(sumOf(range(units).map((k) => `${names[k]} · ${weights[k]}`), 3)),
        numbers: bracket(sumOf(range(units).map((k) => `${inTerm(delta[k].v)} · ${inTerm(kernel.data[j * units + k])}`), 3)),
        value,
      };
    }

    _deltaLine(l, row, k) {
      const { symbols, numbers, value } = this.deltaInWords(l, row, k);
      return { name: `δ${this.layer(l).number}[${k}]`, symbols, numbers, result: value };
    }

    /** Return ∂L/∂ of a kernel or bias, all of it, or null where it cannot be computed. */
    parameterGradient(l, name) {
      return this._once(`gradient of ${l} ${name}`, () => {
        const delta = this.delta(l);
        const units = this.columns(l);
        const rows = range(delta.length / units);
        if (name === "bias") return range(units).map((j) => sum(rows.map((row) => delta[row * units + j])));
        const input = this.input(l);
        const inputs = input.data.length / rows.length;
        return range(inputs * units).map((at) => {
          const [i, j] = [Math.floor(at / units), at % units];
          return sum(rows.map((row) => times(num(input.data[row * inputs + i]), delta[row * units + j])));
        });
      });
    }

    /** Return the layer behind `l`, nearest to the loss, whose recorded gradients already part. */
    partedBehind(l) {
      for (let m = this.run.last; m > l; m -= 1) {
        for (const name of this.layer(m).class === "Dense" ? this.layer(m).tensors : []) {
          const recorded = this.run.values(this.step, `backward/${this.layer(m).name}/${name}`, this.side);
          const parted = recorded && this.parameterGradient(m, name).some((g, i) => !agrees(g, recorded.data[i], this.run.run.dtype));
          if (parted) return this.layer(m).name;
        }
      }
      return null;
    }
  }

  /** Return a (g − Σ g a) for each row: what a softmax hands back. */
  function throughSoftmax(gradient, output, columns) {
    return gradient.map((g, at) => {
      const from = at - (at % columns);
      const dot = sum(range(columns).map((k) => times(gradient[from + k], num(output[from + k]))));
      return times(num(output[at]), minus(g, dot));
    });
  }

  // ---------------------------------------------------------------------------------------------
  // The arithmetic: update rules, word for word as Keras computes them
  //
  // Each takes the parameter w, its gradient g (both {v, s}), the names to write, and what the
  // side's slots held before and after; it returns the lines, the last of them the new w.
  // ---------------------------------------------------------------------------------------------

  const RULES = {
    SGD({ config, w, g, names, slot }) {
      const rate = num(config.learning_rate);
      if (!config.momentum) {
        return [{
          name: names.after,
          symbols: `${names.w} − η · ${names.g}`,
          numbers: `${shown(w.v)} − ${shown(rate.v)} · ${inTerm(g.v)}`,
          result: minus(w, times(g, rate)),
        }];
      }
      const mu = num(config.momentum);
      const m = slot("momentum", (old) => ({
        name: "m",
        symbols: `μ · m − η · ${names.g}`,
        numbers: `${shown(mu.v)} · ${inTerm(old.v)} − ${shown(rate.v)} · ${inTerm(g.v)}`,
        result: minus(times(old, mu), times(g, rate)),
      }));
      const ahead = config.nesterov
        ? { symbols: `μ · m − η · ${names.g}`, numbers: `${shown(mu.v)} · ${inTerm(m.value.v)} − ${shown(rate.v)} · ${inTerm(g.v)}`, value: minus(times(m.value, mu), times(g, rate)) }
        : { symbols: "m", numbers: inTerm(m.value.v), value: m.value };
      return [m.line, {
        name: names.after,
        symbols: `${names.w} + ${ahead.symbols}`,
        numbers: `${shown(w.v)} + ${ahead.numbers}`,
        result: plus(w, ahead.value),
      }];
    },

    RMSprop({ config, w, g, names, slot }) {
      const [rate, rho, epsilon] = [num(config.learning_rate), num(config.rho), num(config.epsilon)];
      const rest = num(1 - config.rho);
      const v = slot("velocity", (old) => ({
        name: "v",
        symbols: `ρ · v + (1 − ρ) · (${names.g})²`,
        numbers: `${shown(rho.v)} · ${shown(old.v)} + ${shown(rest.v)} · ${inTerm(g.v)}²`,
        result: plus(times(rho, old), times(rest, times(g, g))),
      }));
      const lines = [v.line];
      let [under, underText, underNumbers] = [v.value, "v", shown(v.value.v)];
      if (config.centered) {
        const a = slot("average_gradient", (old) => ({
          name: "a",
          symbols: `ρ · a + (1 − ρ) · ${names.g}`,
          numbers: `${shown(rho.v)} · ${inTerm(old.v)} + ${shown(rest.v)} · ${inTerm(g.v)}`,
          result: plus(times(rho, old), times(rest, g)),
        }));
        lines.push(a.line);
        [under, underText] = [minus(v.value, times(a.value, a.value)), "v − a²"];
        underNumbers = `${shown(v.value.v)} − ${inTerm(a.value.v)}²`;
      }
      const d = over(times(rate, g), root(plus(under, epsilon)));
      lines.push({
        name: "d",
        symbols: `η · ${names.g} / √(${underText} + ε)`,
        numbers: `${shown(rate.v)} · ${inTerm(g.v)} / √(${underNumbers} + ${shown(epsilon.v)})`,
        result: d,
      });
      let stride = { symbols: "d", value: d };
      if (config.momentum) {
        const mu = num(config.momentum);
        const m = slot("momentum", (old) => ({
          name: "m",
          symbols: "μ · m + d",
          numbers: `${shown(mu.v)} · ${inTerm(old.v)} + ${inTerm(d.v)}`,
          result: plus(times(mu, old), d),
        }));
        lines.push(m.line);
        stride = { symbols: "m", value: m.value };
      }
      lines.push({
        name: names.after,
        symbols: `${names.w} − ${stride.symbols}`,
        numbers: `${shown(w.v)} − ${inTerm(stride.value.v)}`,
        result: minus(w, stride.value),
      });
      return lines;
    },

    Adam({ config, w, g, names, slot, t }) {
      const [rate, epsilon] = [num(config.learning_rate), num(config.epsilon)];
      const [rest1, rest2] = [num(1 - config.beta_1), num(1 - config.beta_2)];
      const m = slot("momentum", (old) => ({
        name: "m",
        symbols: `m + (${names.g} − m) · (1 − β₁)`,
        numbers: `${shown(old.v)} + (${shown(g.v)} − ${inTerm(old.v)}) · ${shown(rest1.v)}`,
        result: plus(old, times(minus(g, old), rest1)),
      }));
      const v = slot("velocity", (old) => ({
        name: "v",
        symbols: `v + ((${names.g})² − v) · (1 − β₂)`,
        numbers: `${shown(old.v)} + (${inTerm(g.v)}² − ${shown(old.v)}) · ${shown(rest2.v)}`,
        result: plus(old, times(minus(times(g, g), old), rest2)),
      }));
      const lines = [m.line, v.line];
      let largest = v.value;
      if (config.amsgrad) {
        const top = slot("velocity_hat", (old) => ({
          name: "v̂",
          symbols: "max(v̂, v)",
          numbers: `max(${shown(old.v)}, ${shown(v.value.v)})`,
          result: old.v > v.value.v ? old : v.value,
        }));
        lines.push(top.line);
        largest = top.value;
      }
      // Keras raises the betas to the power t as float32 has them.
      const [base1, base2] = [config.beta_1_in_powers, config.beta_2_in_powers].map(
        (held, i) => held ?? Math.fround([config.beta_1, config.beta_2][i]),
      );
      const correction = (base) => ({ v: 1 - base ** t, s: (t + 1) * base ** t + 1 });
      const alpha = over(times(rate, root(correction(base2))), correction(base1));
      lines.push({
        name: "α",
        symbols: "η · √(1 − β₂ᵗ) / (1 − β₁ᵗ)",
        numbers: `${shown(rate.v)} · √(1 − ${shown(base2)}^${t}) / (1 − ${shown(base1)}^${t})`,
        result: alpha,
      }, {
        name: names.after,
        symbols: `${names.w} − m · α / (√${config.amsgrad ? "v̂" : "v"} + ε)`,
        numbers: `${shown(w.v)} − ${inTerm(m.value.v)} · ${shown(alpha.v)} / (√${shown(largest.v)} + ${shown(epsilon.v)})`,
        result: minus(w, over(times(m.value, alpha), plus(root(largest), epsilon))),
      });
      return lines;
    },
  };
  RULES.AdamW = RULES.Adam;

  /** Settings of an optimizer that change its arithmetic and are not written out here. */
  const UNWRITTEN = ["clipnorm", "clipvalue", "global_clipnorm", "use_ema", "loss_scale_factor", "gradient_accumulation_steps"];

  /** Return the lines of one parameter's update. */
  function updateLines(arithmetic, l, name, position, gradient) {
    const { run, step, side } = arithmetic;
    const config = run.run.optimizer;
    const unwritten = UNWRITTEN.find((setting) => config[setting]);
    if (!Object.hasOwn(RULES, config.class)) throw new NotShown(`The arithmetic of ${config.class} is not shown.`);
    if (unwritten || typeof config.learning_rate !== "number") {
      throw new NotShown(`The arithmetic of ${config.class} with ${unwritten ?? "a schedule"} is not shown.`);
    }
    const parameter = arithmetic.before(l, name);
    const path = `${run.layers[l].name}/${name}`;
    const parameterName = arithmetic.parameterName(l, name, placeOf(position, parameter.shape));
    const names = { w: parameterName, g: `∂L/∂${parameterName}`, after: `new ${parameterName}` };
    const lines = [];
    let w = num(parameter.data[position]);
    if (config.weight_decay) {
      const [decay, rate] = [num(config.weight_decay), num(config.learning_rate)];
      const decayed = minus(w, times(times(w, decay), rate));
      lines.push({
        name: "w",
        symbols: `${names.w} − ${names.w} · λ · η`,
        numbers: `${shown(w.v)} − ${inTerm(w.v)} · ${shown(decay.v)} · ${shown(rate.v)}`,
        result: decayed,
      });
      w = decayed;
      names.w = "w";
    }
    /** Return a slot's line, and its new value as recorded, or as computed where it is not. */
    const slot = (slotName, make) => {
      const old = arithmetic.need(run.slotBefore(step, l, name, slotName, side, parameter), `the ${slotName} of the ${name} before this step`);
      const line = make(num(old.data[position]));
      line.recorded = arithmetic.recorded(`slot/${path}/${slotName}`, position);
      return { line, value: line.recorded === undefined ? line.result : num(line.recorded) };
    };
    lines.push(...RULES[config.class]({ config, w, g: gradient, names, slot, t: run.steps[step].number }));
    lines.at(-1).recorded = arithmetic.recorded(`update/${path}`, position);
    lines.at(-1).final = true;
    return lines;
  }

  // ---------------------------------------------------------------------------------------------
  // The arithmetic of what is picked: blocks of lines, for one side
  //
  // A line is {name, symbols, numbers, result, recorded, final}; a block is
  // {phase, title, notes, lines} or, where it cannot be shown, {phase, title, sentence}.
  // ---------------------------------------------------------------------------------------------

  /** How many rows of a batch are written out; the others are added up. */
  const ROWS = 3;

  function blocksOf(arithmetic, pick, row) {
    const blocks = [];
    const add = (phase, title, make) => {
      try {
        blocks.push({ phase, title, notes: [], ...make() });
      } catch (error) {
        if (!(error instanceof NotShown)) throw error;
        blocks.push({ phase, title, sentence: error.message });
      }
    };
    if (pick.what === "loss") {
      add("loss", "The loss", () => lossBlock(arithmetic));
      add("backward", "Where the way back begins", () => firstGradients(arithmetic, row));
    } else if (pick.what === "output") {
      add("forward", "Forward: what this unit gives", () => forwardBlock(arithmetic, pick, row));
      add("backward", "Backward: how the loss changes with this unit", () => deltaBlock(arithmetic, pick, row));
    } else {
      add("backward", `Backward: how the loss changes with this ${partName(pick.what)}`, () => gradientBlock(arithmetic, pick));
      add("update", "Update: what the step makes of it", () => updateBlock(arithmetic, pick));
    }
    return blocks;
  }

  const partName = (tensorName) => ({ kernel: "weight", bias: "bias" })[tensorName] ?? tensorName;

  function lossBlock(arithmetic) {
    const { loss } = arithmetic;
    const line = { ...loss.line(), recorded: arithmetic.recorded("loss/value", 0), final: true };
    const notes = [];
    if (loss.config.computed_from_logits) {
      notes.push(
        loss.kind === "BinaryCrossentropy"
          ? "The same as −y log ŷ − (1 − y) log(1 − ŷ), written with the logit z, as Keras on TensorFlow computes it."
          : "The same as −Σ y log ŷ, written with the logits z, as Keras on TensorFlow computes it.",
      );
    }
    return { notes, lines: [...loss.preface(0, 0), line] };
  }

  function firstGradients(arithmetic, row) {
    const { loss, run } = arithmetic;
    const at = loss.head === null ? null : run.layers[loss.head].number;
    const lines = range(Math.min(loss.columns, 4)).map((j) => {
      const { symbols, numbers, value } = loss.gradient(Math.min(row, loss.rows - 1), j);
      const name = at === null ? `∂L/∂${arithmetic.outputName(run.last, j)}` : `δ${at}[${j}] = ∂L/∂z${at}[${j}]`;
      return { name, symbols, numbers, result: value };
    });
    const notes = loss.rows > 1 ? [`Row ${row + 1} of ${loss.rows}.`] : [];
    if (at !== null) notes.push("Sigmoid or softmax and cross-entropy together: their derivatives cancel to ŷ − y.");
    return { notes, lines };
  }

  function forwardBlock(arithmetic, { l, index }, row) {
    const layer = arithmetic.layer(l);
    const columns = arithmetic.columns(l);
    const at = row * columns + index;
    const recorded = arithmetic.recorded(`forward/${layer.name}/output`, at);
    const name = arithmetic.outputName(l, index);
    if (layer.class === "Flatten") {
      return { lines: [{ name, symbols: "the input, in another shape", result: num(arithmetic.input(l).data[at]), recorded, final: true }] };
    }
    if (!["Dense", "Activation"].includes(layer.class)) throw new NotShown(`The arithmetic of ${layer.class} is not shown.`);
    const zs = arithmetic.z(l);
    const z = zs[at];
    const zName = `z${layer.number}[${index}]`;
    const lines = [layer.class === "Dense" ? denseLine(arithmetic, l, row, index, zName, z) : { name: zName, symbols: "the input", result: z }];
    if (layer.activation === "softmax") {
      const from = at - index;
      lines.push({ name, symbols: `e^${zName} / Σ e^z`, result: softmax(zs.slice(from, from + columns))[index] });
    } else if (layer.activation === "linear") {
      lines.push({ name, symbols: zName, result: z });
    } else {
      const { text, apply } = activationOf(layer);
      lines.push({ name, symbols: text(zName), numbers: text(inTerm(z.v)), result: apply(z) });
    }
    Object.assign(lines.at(-1), { recorded, final: true });
    const notes = ["z is derived from the weights before the step: no side records it."];
    return { notes: [...rowNote(arithmetic, l, row), ...notes], lines };
  }

  function denseLine(arithmetic, l, row, j, name, result) {
    const kernel = arithmetic.before(l, "kernel");
    const [inputs, units] = kernel.shape;
    const input = arithmetic.input(l).data.slice(row * inputs, (row + 1) * inputs);
    const symbols = input.map((_, i) => `${arithmetic.outputName(l - 1, i)} · ${arithmetic.parameterName(l, "kernel", [i, j])}`);
    const numbers = input.map((value, i) => `${inTerm(value)} · ${inTerm(kernel.data[i * units + j])}`);
    const bias = arithmetic.layer(l).use_bias;
    return {
      name,
      symbols: sumOf(symbols) + (bias ? ` + ${arithmetic.parameterName(l, "bias", [j])}` : ""),
      numbers: sumOf(numbers) + (bias ? ` + ${inTerm(arithmetic.before(l, "bias").data[j])}` : ""),
      result,
    };
  }

  const rowNote = (arithmetic, l, row) => (arithmetic.rows(l) > 1 ? [`Row ${row + 1} of ${arithmetic.rows(l)}.`] : []);

  function deltaBlock(arithmetic, { l, index }, row) {
    const layer = arithmetic.layer(l);
    if (!["Dense", "Activation"].includes(layer.class)) throw new NotShown(`${layer.class} hands the gradient on as it is.`);
    const { head } = arithmetic.loss;
    if (head !== null && l > head) throw new NotShown("This layer hands on what it is given; the way back begins before it.");
    const { before, symbols, numbers, value } = arithmetic.deltaInWords(l, row, index);
    const n = layer.number;
    const line = { name: `δ${n}[${index}] = ∂L/∂z${n}[${index}]`, symbols, numbers, result: value };
    const notes = rowNote(arithmetic, l, row);
    if (layer.use_bias && arithmetic.rows(l) === 1) {
      line.recorded = arithmetic.recorded(`backward/${layer.name}/bias`, index);
      line.final = true;
      notes.push(`With one row, δ is also ∂L/∂b${n}[${index}].`);
    } else {
      notes.push("δ itself is recorded by no side.");
    }
    return { notes, lines: [...before, line] };
  }

  function gradientBlock(arithmetic, { l, what, index }) {
    const layer = arithmetic.layer(l);
    if (layer.class !== "Dense") throw new NotShown(`The arithmetic of ${layer.class} is not shown.`);
    const units = arithmetic.columns(l);
    const [i, j] = what === "kernel" ? placeOf(index, [Infinity, units]) : [null, index];
    const parameter = arithmetic.before(l, what);
    const name = `∂L/∂${arithmetic.parameterName(l, what, placeOf(index, parameter.shape))}`;
    const result = arithmetic.parameterGradient(l, what)[index];
    const rows = arithmetic.rows(l);
    const lines = rows === 1 ? oneRow(arithmetic, l, i, j, name) : manyRows(arithmetic, l, i, j, name, rows);
    Object.assign(lines.at(-1), { result, recorded: arithmetic.recorded(`backward/${layer.name}/${what}`, index), final: true });
    return { lines, partedBehind: arithmetic.partedBehind(l) };
  }

  /** Return the lines of a gradient when the batch is one row: δ, times the input for a weight. */
  function oneRow(arithmetic, l, i, j, name) {
    const { before, symbols, numbers } = arithmetic.deltaInWords(l, 0, j);
    if (i === null) return [...before, { name, symbols, numbers }];
    const value = arithmetic.input(l).data[i];
    return [...before, { name, symbols: `${symbols} · ${arithmetic.outputName(l - 1, i)}`, numbers: `${numbers} · ${inTerm(value)}` }];
  }

  /** Return the lines of a gradient as a sum over the rows of the batch. */
  function manyRows(arithmetic, l, i, j, name, rows) {
    const units = arithmetic.columns(l);
    const input = arithmetic.input(l);
    const inputs = input.data.length / rows;
    const delta = arithmetic.delta(l);
    const [deltaName, inputName] = [`δ${arithmetic.layer(l).number}[${j}]`, i === null ? null : arithmetic.outputName(l - 1, i)];
    const lines = [];
    const products = range(rows).map((row) => {
      const d = delta[row * units + j];
      return i === null ? d : times(d, num(input.data[row * inputs + i]));
    });
    for (const row of range(Math.min(rows, ROWS))) {
      const { symbols, numbers } = arithmetic.deltaInWords(l, row, j);
      const a = i === null ? null : input.data[row * inputs + i];
      lines.push({
        name: `row ${row + 1}`,
        symbols: inputName === null ? symbols : `${symbols} · ${inputName}`,
        numbers: a === null ? numbers : `${numbers} · ${inTerm(a)}`,
        result: products[row],
      });
    }
    if (rows > ROWS) {
      lines.push({ name: `… ${plural(rows - ROWS, "more row")}, added up`, result: sum(products.slice(ROWS)) });
    }
    lines.push({
      name,
      symbols: `Σ over the rows of ${inputName === null ? deltaName : `${deltaName} · ${inputName}`}`,
      numbers: sumOf(products.map(({ v }) => inTerm(v)), ROWS + 1),
    });
    return lines;
  }

  /** Say what the letters of an update rule stand for. */
  function symbolsInWords(config) {
    const letters = { learning_rate: "η", momentum: "μ", rho: "ρ", beta_1: "β₁", beta_2: "β₂", epsilon: "ε", weight_decay: "λ" };
    const said = Object.keys(letters).filter((name) => config[name]).map((name) => `${letters[name]} is ${name}`);
    return `${config.class}, word for word as Keras has it: ${said.join(", ")}.`;
  }

  function updateBlock(arithmetic, { l, what, index }) {
    const recorded = arithmetic.recorded(`backward/${arithmetic.layer(l).name}/${what}`, index);
    const meaning = symbolsInWords(arithmetic.run.run.optimizer);
    if (recorded !== undefined) return { notes: [meaning], lines: updateLines(arithmetic, l, what, index, num(recorded)) };
    if (arithmetic.layer(l).class !== "Dense") throw new NotShown("Its gradient is not in this page.");
    const notes = [`${arithmetic.run.name(arithmetic.side)} shows no gradient here: the one computed above is put in.`];
    return { notes: [...notes, meaning], lines: updateLines(arithmetic, l, what, index, arithmetic.parameterGradient(l, what)[index]) };
  }

  // ---------------------------------------------------------------------------------------------
  // What is shown where: the numbers of the network in each phase
  // ---------------------------------------------------------------------------------------------

  /** Return where a parameter's numbers come from in a phase: {site, step} or null before step 1. */
  function parameterSite(run, step, phase, l, name) {
    const path = `${run.layers[l].name}/${name}`;
    if (phase === "backward") return { site: `backward/${path}`, step };
    if (phase === "update") return { site: `update/${path}`, step };
    return step > 0 && run.run.mode !== "locked" ? { site: `update/${path}`, step: step - 1 } : null;
  }

  /** Return both sides of a parameter in a phase, and which of its values differ. */
  function parameterShown(run, step, phase, l, name) {
    const from = parameterSite(run, step, phase, l, name);
    const [candidate, reference] = SIDES.map((side) =>
      phase === "backward" || phase === "update" ? run.values(from.step, from.site, side) : run.before(step, l, name, side),
    );
    const difference = from ? run.difference(from.step, from.site) : { at: () => false, count: 0, size: 0 };
    return { candidate, reference, difference, summary: from ? run.steps[from.step].sites[from.site]?.summary : null };
  }

  /** Return the lines of text for one number of both sides. */
  function valueLines(candidate, reference, differs, digits = 4) {
    if (differs) {
      const [c, r] = apart(candidate ?? null, reference ?? null, digits);
      return [
        { text: "≠ differs", kind: "differs" },
        { text: `${SHAPES.candidate} ${c}`, kind: "candidate" },
        { text: `${SHAPES.reference} ${r}`, kind: "reference" },
      ];
    }
    const only = candidate === undefined && reference !== undefined;
    return only
      ? [{ text: `${SHAPES.reference} ${shown(reference, digits)}`, kind: "reference" }]
      : [{ text: shown(reference ?? candidate, digits), kind: "both" }];
  }

  /** Say in words what one number of both sides is. */
  function valueInWords(run, candidate, reference, differs) {
    if (!differs) return shown(reference ?? candidate, 6);
    const [c, r] = apart(candidate ?? null, reference ?? null, 6);
    return `differs: candidate ${run.name("candidate")} ${c}, reference ${run.name("reference")} ${r}`;
  }

  /** Return the lines that sum an array up: its shape, its range, and how many values differ. */
  function summaryLines({ candidate, reference, difference, summary }, shape) {
    const lines = [{ text: `${shape.join(" × ")} values`, kind: "muted" }];
    const add = (values, told, kind) => {
      const prefix = kind === "both" ? "" : `${SHAPES[kind]} `;
      if (values) {
        const mean = values.data.reduce((total, value) => total + value, 0) / values.data.length;
        lines.push(
          { text: `${prefix}min ${shown(Math.min(...values.data), 4)}`, kind },
          { text: `${prefix}mean ${shown(mean, 4)}`, kind },
          { text: `${prefix}max ${shown(Math.max(...values.data), 4)}`, kind },
        );
      } else if (told) {
        lines.push({ text: `${prefix}${shown(toNumber(told.min), 3)} … ${shown(toNumber(told.max), 3)}`, kind });
      }
    };
    if (difference.count > 0) {
      add(candidate, summary?.candidate, "candidate");
      add(reference, summary?.reference, "reference");
      lines.push({ text: `≠ ${difference.count} of ${difference.size} differ`, kind: "differs" });
    } else {
      add(reference, summary?.reference, "both");
      lines.push({ text: "none differs", kind: "muted" });
    }
    return lines;
  }

  // ---------------------------------------------------------------------------------------------
  // The network, drawn
  // ---------------------------------------------------------------------------------------------

  /** A layer of more units is summed up in a block. */
  const MOST_UNITS = 10;
  const RADIUS = 40;
  const LINE = 17;
  const PILL = { width: 78, height: 26 };
  const BIG_PILL = { width: 112, height: 60 };
  const BLOCK = { width: 164, height: 158 };
  const LOSS = { width: 150, height: 104 };
  const BAND = { width: 134, height: 150 };

  /** Where along a connection its label may stand. */
  const PLACES = [0.22, 0.26, 0.3, 0.36, 0.43, 0.5, 0.57, 0.64, 0.7, 0.74, 0.78];

  /** How far the picture shrinks before it scrolls, and how far it grows. */
  const SCALES = { least: 0.75, most: 1.6 };

  class Network {
    /** `pick(key)` is called with what was chosen. */
    constructor(run, pick) {
      this.run = run;
      this.pick = pick;
      this.columns = this._columns();
      this.root = element("div", { class: "network", role: "group", "aria-label": "The network" });
      this.parts = new Map();
      this.root.addEventListener("click", (event) => {
        const chosen = event.target.closest("[data-key]");
        if (chosen) this._choose(chosen.dataset.key, true);
      });
    }

    /** Return the columns of the picture: the input, every layer, the loss. */
    _columns() {
      const { run } = this;
      const shape = run.layers[0].input_shape;
      const few = (size) => size.length === 1 && size[0] <= MOST_UNITS;
      const columns = [{ l: -1, kind: few(shape) ? "units" : "block", shape, title: "input", about: "x" }];
      run.layers.forEach((layer, l) => {
        const kind = layer.class === "Dense" && few(layer.output_shape) ? "units" : "block";
        const about = layer.activation && layer.activation !== "linear" ? `${layer.class} · ${layer.activation}` : layer.class;
        columns.push({ l, kind, shape: layer.output_shape, title: layer.name, about });
      });
      columns.push({ l: run.last + 1, kind: "loss", shape: [1], title: "loss", about: run.run.loss.class });
      return columns;
    }

    /** Say whether a parameter's value differs at any step and phase: its label then needs room. */
    _everDiffers(l, name, position) {
      const path = `${this.run.layers[l].name}/${name}`;
      return this.run.steps.some((_, step) =>
        ["backward", "update"].some((phase) => this.run.difference(step, `${phase}/${path}`).at(position)),
      );
    }

    /**
     * Lay the network out for a width in pixels: from left to right, or downwards on a phone.
     * It grows and shrinks a little with the page; what is still too wide scrolls in its own box.
     */
    layout(width) {
      const downwards = width < 640;
      const natural = this._natural(downwards);
      const size = Math.max(natural.width * SCALES.least, Math.min(width, natural.width * SCALES.most));
      const key = `${downwards} ${Math.round(size)}`;
      if (key === this.laidOut) return false;
      this.laidOut = key;
      this.overflows = size > width;
      this._draw(natural, size, downwards);
      return true;
    }

    /** Return the places of all columns, nodes and gaps, in a system of its own. */
    _natural(downwards) {
      const columns = this.columns.map((column) => this._sized(column, downwards));
      spread(columns, Math.max(...columns.map(({ pitch }) => pitch)));
      const widest = Math.max(...columns.map(({ across }) => across));
      let along = downwards ? 8 : 16;
      columns.forEach((column, c) => {
        along += c === 0 ? 0 : this._gap(c, downwards);
        if (downwards) along += 46;
        column.along = along + column.depth / 2;
        along += column.depth + column.tail;
      });
      const margin = downwards ? 10 : 62;
      const total = along + 16;
      for (const column of columns) {
        column.nodes = range(column.count).map((i) => {
          const v = margin + widest / 2 + (i - (column.count - 1) / 2) * column.pitch - (downwards ? 0 : column.lift);
          return downwards ? { x: v, y: column.along } : { x: column.along, y: v };
        });
      }
      return downwards
        ? { columns, width: Math.max(widest + 2 * margin, 300), height: total }
        : { columns, width: total, height: widest + margin + 12 };
    }

    /** Return a column with how much room it takes along the flow and across it. */
    _sized(column, downwards) {
      if (column.kind === "block") {
        const [depth, across] = downwards ? [BLOCK.height, BLOCK.width] : [BLOCK.width, BLOCK.height];
        return { ...column, count: 1, depth, across, pitch: 0, tail: 0, lift: 0 };
      }
      if (column.kind === "loss") {
        const [depth, across] = downwards ? [LOSS.height, LOSS.width] : [LOSS.width, LOSS.height];
        return { ...column, count: 1, depth, across, pitch: 0, tail: 0, lift: 0 };
      }
      const count = column.shape[0];
      const biased = column.l >= 0 && this.run.layers[column.l].use_bias;
      const big = biased && range(count).some((j) => this._everDiffers(column.l, "bias", j));
      const pill = biased ? (big ? BIG_PILL.height : PILL.height) + 8 : 0;
      const pitch = downwards ? Math.max(2 * RADIUS, big ? BIG_PILL.width : PILL.width) + 28 : 2 * RADIUS + pill + 32;
      const thick = downwards ? Math.max(2 * RADIUS, big ? BIG_PILL.width : 0) : 2 * RADIUS + pill;
      return { ...column, count, depth: 2 * RADIUS, thick, across: thick, pitch, tail: downwards ? pill : 0, lift: downwards ? 0 : pill / 2, big, biased };
    }

    /** Return the room between a column and the one before it. */
    _gap(c, downwards) {
      const [from, to] = [this.columns[c - 1], this.columns[c]];
      if (to.kind === "loss") return downwards ? 10 : 70;
      const dense = this.run.layers[to.l].class === "Dense";
      if (!dense) return downwards ? 20 : 60;
      if (from.kind === "units" && to.kind === "units") {
        const edges = range(from.shape[0] * to.shape[0]);
        const tight = edges.some((at) => this._everDiffers(to.l, "kernel", at)) ? 2 : 1;
        return downwards ? Math.min(100 + 22 * tight * edges.length, 360) : Math.min(220 + (tight === 2 ? 40 : 12) * edges.length, 400);
      }
      return downwards ? BAND.height + 20 : BAND.width + 36;
    }

    _draw({ columns, width, height }, size, downwards) {
      const focused = this.root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      this.parts.clear();
      const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width: size, height: (size * height) / width, role: "group", "aria-label": "Units and connections: choose one to see its arithmetic. Arrow keys up and down move between them." });
      const lines = drawn("g", { class: "lines", "aria-hidden": "true" });
      const nodes = drawn("g", { class: "nodes" });
      const labels = drawn("g", { class: "labels" });
      const titles = drawn("g", { class: "titles", "aria-hidden": "true" });
      svg.append(lines, titles, nodes, labels);
      columns.forEach((column, c) => {
        this._title(titles, column, downwards);
        if (c > 0) this._connect(lines, labels, columns[c - 1], column, columns, downwards);
        column.nodes.forEach((node, i) => this._node(nodes, labels, column, node, i));
      });
      // Hidden until a value of theirs is there: children are filled by show().
      this.root.replaceChildren(svg);
      this.order = this._order();
      if (focused && this.parts.has(focused)) this.parts.get(focused).group.focus();
    }

    _title(titles, column, downwards) {
      const top = column.nodes[0];
      const [x, y] = downwards ? [8, top.y - column.depth / 2 - 28] : [top.x, 20];
      const anchor = downwards ? "start" : "middle";
      titles.append(
        drawn("text", { x, y, class: "title", "text-anchor": anchor }, shortened(column.title, 24)),
        drawn("text", { x, y: y + 17, class: "about", "text-anchor": anchor }, shortened(column.about, 28)),
      );
    }

    /** Draw what leads from one column to the next: connections, one band, or a plain line. */
    _connect(lines, labels, from, to, columns, downwards) {
      const dense = to.kind !== "loss" && this.run.layers[to.l].class === "Dense";
      if (dense && from.kind === "units" && to.kind === "units") {
        this._edges(lines, labels, from, to, columns);
        return;
      }
      const [a, b] = [from.nodes, to.nodes].map((nodes) => ({ x: mean(nodes.map(({ x }) => x)), y: mean(nodes.map(({ y }) => y)) }));
      if (!dense) {
        for (const node of from.nodes) lines.append(drawn("line", { x1: node.x, y1: node.y, x2: b.x, y2: b.y, class: "flow" }));
        return;
      }
      lines.append(drawn("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: "band" }));
      const middle = downwards
        ? { x: (a.x + b.x) / 2, y: b.y - to.depth / 2 - 46 - BAND.height / 2 - 6 }
        : { x: b.x - to.depth / 2 - BAND.width / 2 - 18, y: (a.y + b.y) / 2 };
      this._part(labels, `${to.l}/kernel/*`, "summary", middle, BAND);
    }

    _edges(lines, labels, from, to, columns) {
      const { l } = to;
      const [inputs, units] = [from.count, to.count];
      const edges = range(inputs * units).map((at) => ({
        at,
        a: from.nodes[Math.floor(at / units)],
        b: to.nodes[at % units],
        // Of two connections that cross, one has its label early and the other late.
        best: Math.min(inputs, units) === 1 ? 0.5 : 0.5 + 0.14 * Math.sign(Math.floor(at / units) - (at % units)),
        big: this._everDiffers(l, "kernel", at),
      }));
      placeLabels(edges, obstaclesOf(columns));
      for (const { at, a, b, slot, big } of edges) {
        const key = `${l}/kernel/${at}`;
        const line = drawn("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: "weight-line" });
        const hit = drawn("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: "hit", "data-key": key });
        lines.append(line, hit);
        const centre = slot ?? { x: a.x + (b.x - a.x) * 0.5, y: a.y + (b.y - a.y) * 0.5 };
        const part = this._part(labels, key, "weight", centre, big ? BIG_PILL : PILL);
        part.line = line;
        if (slot) continue;
        part.group.classList.add("floating");
        part.group.append(drawn("text", { x: centre.x, y: centre.y, class: "sign", "text-anchor": "middle", "dominant-baseline": "central" }, "≠"));
      }
    }

    _node(nodes, labels, column, node, i) {
      const { l, kind } = column;
      if (kind === "units" && l < 0) {
        const group = drawn("g", { class: "unit input-unit" }, drawn("circle", { cx: node.x, cy: node.y, r: RADIUS }), drawn("g", { class: "text" }));
        nodes.append(group);
        this.parts.set(`x/${i}`, { group, centre: node, kind: "x", size: null });
      } else if (kind === "units") {
        this._part(nodes, `${l}/output/${i}`, "unit", node, null);
        if (column.biased) {
          const size = column.big ? BIG_PILL : PILL;
          this._part(labels, `${l}/bias/${i}`, "bias", { x: node.x, y: node.y + RADIUS + 6 + size.height / 2 }, size);
        }
      } else if (kind === "loss") {
        this._part(nodes, "loss", "loss", node, LOSS);
      } else if (l < 0) {
        const group = drawn("g", { class: "block input-unit" }, boxAround(node, BLOCK), drawn("g", { class: "text" }));
        nodes.append(group);
        this.parts.set("x/*", { group, centre: node, kind: "x", size: BLOCK });
      } else {
        this._part(nodes, `${l}/output/*`, "block", node, BLOCK);
      }
    }

    /** Add something that can be chosen: a group with a shape and text, for keys and pointer. */
    _part(parent, key, kind, centre, size) {
      const shape = size ? boxAround(centre, size) : drawn("circle", { cx: centre.x, cy: centre.y, r: RADIUS });
      const group = drawn("g", { class: kind, role: "button", tabindex: "-1", "data-key": key, "aria-pressed": "false" }, shape, drawn("g", { class: "text" }));
      parent.append(group);
      const part = { group, centre, kind, size, shape };
      this.parts.set(key, part);
      return part;
    }

    /** Return the keys in reading order: of each layer weights, biases, units; then the loss. */
    _order() {
      const rank = (key) => {
        const [l, what, i] = key.split("/");
        return [Number(l), ["kernel", "bias", "output"].indexOf(what), Number(i) || 0];
      };
      const keys = [...this.parts.keys()].filter((key) => !key.startsWith("x/") && key !== "loss");
      keys.sort((a, b) => {
        const [first, second] = [rank(a), rank(b)];
        return first[0] - second[0] || first[1] - second[1] || first[2] - second[2];
      });
      return [...keys, "loss"];
    }

    _choose(key, byPointer = false) {
      this._rove(key);
      if (byPointer) this.parts.get(key).group.focus({ preventScroll: true });
      this.pick(key);
    }

    /** Make one part the one that Tab reaches. */
    _rove(key) {
      for (const other of this.order) this.parts.get(other).group.setAttribute("tabindex", other === key ? "0" : "-1");
    }

    /** Move the focus on among the parts, or choose the focused one; says whether the key was used. */
    key(event) {
      const at = this.order.indexOf(event.target.dataset?.key);
      if (at < 0) return false;
      if (event.key === "Enter" || event.key === " ") {
        this._choose(this.order[at]);
        return true;
      }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return false;
      const next = this.order[(at + step + this.order.length) % this.order.length];
      this._rove(next);
      this.parts.get(next).group.focus();
      return true;
    }

    /** Fill in the numbers of a place, and mark what is picked. */
    show(step, phase, row, picked) {
      this.root.dataset.phase = phase;
      this._showInput(step, row);
      for (const column of this.columns) {
        if (column.l < 0 || column.kind === "loss") continue;
        this._showOutputs(step, row, column);
        for (const name of this.run.layers[column.l].tensors) this._showParameter(step, phase, column.l, name);
      }
      this._showLoss(step, phase, row);
      this.choose(picked);
    }

    /** Mark what is picked. */
    choose(picked) {
      let reachable = this.order.find((key) => this.parts.get(key).group.getAttribute("tabindex") === "0");
      for (const key of this.order) {
        const chosen = matches(key, picked);
        this.parts.get(key).group.setAttribute("aria-pressed", String(chosen));
        this.parts.get(key).line?.classList.toggle("picked", chosen);
        if (chosen && !reachable) reachable = key;
      }
      this._rove(reachable ?? this.order[0]);
    }

    /** Scroll the picture, not the page, to what is picked. */
    reveal(picked) {
      if (!this.overflows) return;
      const key = this.order.find((other) => matches(other, picked));
      const box = key && this.parts.get(key).group.getBoundingClientRect();
      const frame = this.root.getBoundingClientRect();
      if (!box || (box.left >= frame.left && box.right <= frame.right)) return;
      this.root.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
    }

    _showInput(step, row) {
      const x = this.run.x(step);
      const size = productOf(this.columns[0].shape);
      if (this.parts.has("x/*")) {
        const lines = summaryLines({ reference: x, difference: { count: 0 } }, x?.shape ?? this.columns[0].shape);
        write(this.parts.get("x/*"), x ? lines.slice(0, 4) : lines.slice(0, 1));
        return;
      }
      for (const i of range(size)) write(this.parts.get(`x/${i}`), [{ text: `x[${i}]`, kind: "muted" }, { text: shown(x?.data[row * size + i], 4), kind: "both" }]);
    }

    _showOutputs(step, row, column) {
      const { run } = this;
      const layer = run.layers[column.l];
      const site = `forward/${layer.name}/output`;
      const [candidate, reference] = SIDES.map((side) => run.values(step, site, side));
      const difference = run.difference(step, site);
      const size = productOf(column.shape);
      if (column.kind === "units") {
        for (const j of range(size)) {
          const at = row * size + j;
          const differs = difference.at(at);
          const part = this.parts.get(`${column.l}/output/${j}`);
          const lines = valueLines(candidate?.data[at], reference?.data[at], differs);
          if (!differs) lines.unshift({ text: unitName(run, column.l, j), kind: "muted" });
          write(part, lines, differs);
          part.group.setAttribute("aria-label", `unit ${j} of ${layer.name}: ${valueInWords(run, candidate?.data[at], reference?.data[at], differs)}`);
        }
        return;
      }
      const part = this.parts.get(`${column.l}/output/*`);
      const shape = reference?.shape ?? [run.steps[step].rows.length, ...column.shape];
      const lines = summaryLines({ candidate, reference, difference, summary: run.steps[step].sites[site]?.summary }, shape);
      write(part, lines, difference.count > 0);
      part.group.setAttribute("aria-label", `output of ${layer.name}, ${layer.class}: ${lines.map(({ text }) => text).join(", ")}`);
    }

    _showParameter(step, phase, l, name) {
      const all = parameterShown(this.run, step, phase, l, name);
      const layer = this.run.layers[l];
      const summary = this.parts.get(`${l}/${name}/*`);
      const gradient = phase === "backward" ? "∂L/∂" : "";
      if (summary) {
        const shape = all.reference?.shape ?? all.summary?.shape ?? ["?"];
        const lines = [{ text: `${gradient}${name === "kernel" ? "W" : "b"}${layer.number}`, kind: "title" }, ...summaryLines(all, shape)];
        write(summary, lines, all.difference.count > 0);
        summary.group.setAttribute("aria-label", `${name} of ${layer.name}: ${lines.slice(1).map(({ text }) => text).join(", ")}`);
        return;
      }
      const largest = Math.max(...(all.reference?.data ?? []).map(Math.abs).filter(Number.isFinite), 1e-300);
      const units = layer.output_shape.at(-1);
      for (const at of range((all.reference ?? all.candidate)?.data.length ?? 0)) {
        const part = this.parts.get(`${l}/${name}/${at}`);
        if (!part) continue;
        const [candidate, reference] = [all.candidate?.data[at], all.reference?.data[at]];
        const differs = all.difference.at(at);
        const lines = valueLines(candidate, reference, differs);
        if (name === "bias" && !differs) lines[0].text = `b ${lines[0].text}`;
        write(part, lines, differs);
        const where = name === "kernel" ? `weight of ${layer.name} from ${Math.floor(at / units)} to unit ${at % units}` : `${name} of unit ${at} of ${layer.name}`;
        const what = { backward: "gradient of the ", update: "new " }[phase] ?? "";
        part.group.setAttribute("aria-label", `${what}${where}: ${valueInWords(this.run, candidate, reference, differs)}`);
        if (part.line) {
          const value = reference ?? candidate ?? 0;
          part.line.setAttribute("stroke-width", (1.5 + 5 * Math.min(1, Math.abs(value) / largest || 0)).toFixed(2));
          part.line.classList.toggle("negative", value < 0);
          part.line.classList.toggle("differs", differs);
        }
      }
    }

    _showLoss(step, phase, row) {
      const { run } = this;
      const [candidate, reference] = SIDES.map((side) => run.values(step, "loss/value", side)?.data[0]);
      const differs = run.difference(step, "loss/value").at(0);
      const y = run.y(step);
      const lines = valueLines(candidate, reference, differs);
      if (!differs) lines[0].text = `L = ${lines[0].text}`;
      const width = y ? y.data.length / run.steps[step].rows.length : 0;
      if (y) lines.push({ text: `y = ${shortened(y.data.slice(row * width, (row + 1) * width).map((v) => shown(v, 3)).join(", "), 18)}`, kind: "muted" });
      const part = this.parts.get("loss");
      write(part, lines, differs);
      part.group.classList.toggle("ahead", phase === "forward");
      part.group.setAttribute("aria-label", `loss: ${valueInWords(run, candidate, reference, differs)}`);
    }
  }

  /** Give units of all columns the same distance, and each column the room that it then takes. */
  function spread(columns, pitch) {
    for (const column of columns.filter(({ kind }) => kind === "units")) {
      column.pitch = pitch;
      column.across = (column.count - 1) * pitch + column.thick;
    }
  }

  const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;

  const unitName = (run, l, j) => new Arithmetic(run, 0, "reference").outputName(l, j);

  const boxAround = ({ x, y }, { width, height }) => drawn("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 7 });

  /** Say whether a part of the picture is, or sums up, what is picked. */
  function matches(key, picked) {
    if (key === "loss" || picked.what === "loss") return key === picked.what;
    const [l, what, at] = key.split("/");
    return Number(l) === picked.l && what === picked.what && (at === "*" || Number(at) === picked.index);
  }

  /** Write lines of text around the centre of a part; a pill shrinks to what it says. */
  function write(part, lines, differs = false) {
    const { group, size, shape, kind } = part;
    const pill = kind === "weight" || kind === "bias";
    const height = lines.length > 1 ? BIG_PILL.height : PILL.height;
    // A bias hangs from its unit, however high it is.
    const centre = kind === "bias" ? { x: part.centre.x, y: part.centre.y + (height - size.height) / 2 } : part.centre;
    // In a circle there is room for two lines: the word stands above it.
    const above = kind === "unit" && differs ? 1 : 0;
    const top = centre.y - ((lines.length - above - 1) * LINE) / 2;
    const texts = lines.map(({ text, kind: line }, i) => {
      const y = i < above ? centre.y - RADIUS - 11 : top + (i - above) * LINE;
      return drawn("text", { x: centre.x, y, class: line, "text-anchor": "middle", "dominant-baseline": "central" }, text);
    });
    group.querySelector(".text").replaceChildren(...texts);
    group.classList.toggle("differs", differs);
    if (pill) {
      const width = Math.min(size.width, 14 + 8.4 * Math.max(...lines.map(({ text }) => text.length)));
      for (const [name, value] of Object.entries({ x: centre.x - width / 2, y: centre.y - height / 2, width, height })) shape.setAttribute(name, value);
    }
  }

  /** Return the rectangles that labels of connections must not cover: nodes, biases, blocks. */
  function obstaclesOf(columns) {
    return columns.flatMap((column) =>
      column.nodes.flatMap(({ x, y }) => {
        if (column.kind !== "units") return [];
        const size = column.big ? BIG_PILL : PILL;
        const bias = column.biased ? [{ x, y: y + RADIUS + 6 + size.height / 2, ...size }] : [];
        return [{ x, y, width: 2 * RADIUS, height: 2 * RADIUS }, ...bias];
      }),
    );
  }

  /** Give the connections' labels places: with those first that cross, or those that do not, whichever leaves room for more. */
  function placeLabels(edges, obstacles) {
    const tries = [-1, 1].map((sign) => {
      const urgency = ({ big, best }) => Number(big) + sign * Math.abs(best - 0.5);
      return placesOf([...edges].sort((a, b) => urgency(b) - urgency(a)), obstacles);
    });
    const slots = tries.reduce((most, other) => (other.size > most.size ? other : most));
    for (const edge of edges) edge.slot = slots.get(edge) ?? null;
  }

  /** Return the places of those labels, taken in order, that find one where they cover no other. */
  function placesOf(edges, obstacles) {
    const taken = [...obstacles];
    const slots = new Map();
    for (const edge of edges) {
      const { a, b, best, big } = edge;
      const places = [...PLACES].sort((s, t) => Math.abs(s - best) - Math.abs(t - best));
      const boxes = places.map((t) => ({ x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t, ...(big ? BIG_PILL : PILL) }));
      const box = boxes.find((free) => taken.every((other) => clear(free, other)));
      if (!box) continue;
      taken.push(box);
      slots.set(edge, box);
    }
    return slots;
  }

  /** Say whether two boxes, given by centre and size, keep a little distance. */
  const clear = (a, b) => Math.abs(a.x - b.x) >= (a.width + b.width) / 2 + 4 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2 + 4;

  // ---------------------------------------------------------------------------------------------
  // The panel of the arithmetic
  // ---------------------------------------------------------------------------------------------

  class Panel {
    constructor(run, prefix, pick) {
      this.run = run;
      this.pick = pick;
      this.quantities = quantitiesOf(run);
      this.quantity = element("select", { id: `${prefix}-quantity` });
      this.quantity.append(...this.quantities.map(({ label }, i) => element("option", { value: i }, label)));
      this.place = element("select", { id: `${prefix}-place` });
      this.title = element("h4", { id: `${prefix}-arithmetic` });
      this.body = element("div", { class: "sides" });
      this.root = element(
        "section",
        { class: "arithmetic", "aria-labelledby": `${prefix}-arithmetic` },
        this.title,
        element(
          "div",
          { class: "choosers" },
          element("label", { for: this.quantity.id }, "Show the arithmetic of"),
          this.quantity,
          element("label", { for: this.place.id }, "at"),
          this.place,
        ),
        this.body,
      );
      this.quantity.addEventListener("change", () => pick({ ...this.quantities[this.quantity.value], index: 0 }));
      this.place.addEventListener("change", () => pick({ ...this.quantities[this.quantity.value], index: Number(this.place.value) }));
    }

    show(step, phase, row, pick) {
      this._choose(pick);
      this.title.textContent = `Arithmetic: ${titleOf(this.run, pick)}`;
      this.body.replaceChildren(...SIDES.map((side) => this._side(step, phase, row, pick, side)));
    }

    /** Let the two choosers say what is picked. */
    _choose({ l, what, index }) {
      const at = this.quantities.findIndex((quantity) => quantity.l === l && quantity.what === what);
      if (this.chosen !== at) {
        this.chosen = at;
        const { places } = this.quantities[at];
        this.place.replaceChildren(...places().map((label, i) => element("option", { value: i }, label)));
      }
      this.quantity.value = String(at);
      this.place.value = String(index);
    }

    _side(step, phase, row, pick, side) {
      const { run } = this;
      const arithmetic = new Arithmetic(run, step, side);
      const [inRow, picked] = withinRow(run, step, pick, row);
      const heading = element("h5", { class: side }, `${SHAPES[side]} ${side}: ${run.name(side)}`);
      const blocks = blocksOf(arithmetic, picked, inRow).map((block) => this._block(block, phase));
      return element("section", { class: `side of-${side}`, "aria-label": `${side}: ${run.name(side)}` }, heading, ...blocks);
    }

    _block({ phase, title, notes, lines, sentence, partedBehind }, current) {
      const block = element("div", { class: phase === current ? "block now" : "block" }, element("h6", {}, title));
      if (sentence) block.append(element("p", { class: "not-shown" }, sentence));
      else block.append(...lines.map((line) => this._line(line, partedBehind)), ...notes.map((note) => element("p", { class: "note" }, note)));
      return block;
    }

    _line({ name, symbols, numbers, result, recorded, final }, partedBehind) {
      const part = (kind, ...children) => element("span", { class: kind }, ...children);
      const equals = () => element("span", { class: "equals" }, "= ");
      const value = inRange(result.v, this.run.run.dtype);
      const computed = element("data", { value: String(value) }, shown(value));
      const row = element("p", { class: final ? "line final" : "line" }, part("name", name), " ");
      if (symbols) row.append(part("symbols", equals(), symbols), " ");
      if (numbers && numbers !== shown(value)) row.append(part("numbers", equals(), numbers), " ");
      row.append(part("result", equals(), computed));
      const told = recorded !== undefined && recorded !== null;
      if (told) row.append(" ", this._verdict(result, recorded, computed, partedBehind));
      else if (final) row.append(" ", part("unrecorded", "not recorded by this side"));
      return row;
    }

    /** Hold a result against the recorded number. */
    _verdict(result, recorded, computed, partedBehind) {
      const number = (text) => element("data", { value: String(recorded) }, text);
      if (agrees(result, recorded, this.run.run.dtype)) {
        return element("span", { class: "agrees" }, "✓ recorded: ", number(shown(recorded)));
      }
      const [expected, real] = apart(result.v, recorded);
      computed.textContent = expected;
      const why = partedBehind ? `: it parts, as the gradients of ${partedBehind} do already` : ": this is where it parts";
      return element("strong", { class: "parts" }, "≠ the recorded value is ", number(real), why);
    }
  }

  /** Return everything that can be picked: {l, what, label, places}. */
  function quantitiesOf(run) {
    const quantities = run.layers.flatMap((layer, l) => {
      const name = (what, place) => new Arithmetic(run, 0, "reference").parameterName(l, what, place);
      const shapes = Object.fromEntries(layer.tensors.map((what) => [what, tensor(run.run.start[`${layer.name}/${what}`])?.shape]));
      const parameters = layer.tensors
        .filter((what) => shapes[what])
        .map((what) => ({
          l,
          what,
          label: `${{ kernel: "weights", bias: "biases" }[what] ?? what} of ${layer.name}`,
          places: () => range(productOf(shapes[what])).map((i) => name(what, placeOf(i, shapes[what]))),
        }));
      const outputs = {
        l,
        what: "output",
        label: `${layer.class === "Dense" ? "units" : "values"} of ${layer.name}`,
        places: () => range(productOf(layer.output_shape)).map((i) => `${layer.class === "Dense" ? "unit" : "value"} [${placeOf(i, layer.output_shape).join(",")}]`),
      };
      return [...parameters, outputs];
    });
    return [...quantities, { l: null, what: "loss", label: "the loss", places: () => ["L"] }];
  }

  function titleOf(run, { l, what, index }) {
    if (what === "loss") return "the loss";
    const layer = run.layers[l];
    if (what === "output") return `unit ${placeOf(index, layer.output_shape).join(",")} of ${layer.name}`;
    const { shape } = tensor(run.run.start[`${layer.name}/${what}`]);
    const name = new Arithmetic(run, 0, "reference").parameterName(l, what, placeOf(index, shape));
    if (what !== "kernel") return `${name}, ${partName(what)} of ${layer.name}`;
    const [i, j] = placeOf(index, shape);
    const from = l === 0 ? `input ${i}` : `${run.layers[l - 1].name} ${i}`;
    return `${name}, weight of ${layer.name} from ${from} to unit ${j}`;
  }

  /** Return the row and the column of a picked output, which is counted within one sample. */
  function withinRow(run, step, pick, row) {
    if (pick.what !== "output") return [row, pick];
    const { output_shape: shape } = run.layers[pick.l];
    const columns = shape.at(-1) ?? 1;
    const at = row * productOf(shape) + pick.index;
    return [Math.floor(at / columns), { ...pick, index: at % columns }];
  }

  // ---------------------------------------------------------------------------------------------
  // The player
  // ---------------------------------------------------------------------------------------------

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
  /** How long a phase stays while playing, in milliseconds. */
  const BEAT = 1200;

  class Player {
    constructor(root, document_) {
      this.root = root;
      this.run = new Run(document_);
      this.row = 0;
      this.at = 0;
      this.divergences = this._divergences();
      this.prefix = root.id || document_.id;
      this._build();
      this.at = this.divergences[0] ?? 0;
      this.pick = this._firstPick();
      this._listen();
      this.network.layout(this._width());
      this._show();
      if (this.divergences.length > 0) this.network.reveal(this.pick);
    }

    get step() {
      return Math.floor(this.at / PHASES.length);
    }

    get phase() {
      return PHASES[this.at % PHASES.length];
    }

    get end() {
      return this.run.steps.length * PHASES.length - 1;
    }

    /** Return all places, as phases counted from the start, where something differs. */
    _divergences() {
      return range(this.run.steps.length * PHASES.length).filter(
        (at) => this.run.differing(Math.floor(at / PHASES.length), PHASES[at % PHASES.length]).length > 0,
      );
    }

    // What the player is made of.

    _build() {
      const { run, prefix } = this;
      this.buttons = {};
      const button = (name, label, text) => (this.buttons[name] = element("button", { type: "button", "aria-label": label, title: label, "data-do": name }, text));
      const steps = run.steps.length;
      this.slider = element("input", { type: "range", id: `${prefix}-step`, min: 1, max: Math.max(steps, 1), step: 1, value: 1 });
      this.where = element("output", { for: this.slider.id, class: "where" });
      this.status = element("p", { class: "status", "aria-live": "polite", "aria-atomic": "true" });
      this.meaning = element("p", { class: "meaning" });
      this.phases = PHASES.map((phase) => element("button", { type: "button", "data-phase": phase }));
      this.network = new Network(run, (key) => this._picked(key));
      this.panel = new Panel(run, prefix, (pick) => this._pickNew(pick));
      this.help = this._helpBox();
      const walk = [
        button("previousStep", "Previous step", "«"),
        button("previousPhase", "Previous phase", "‹"),
        button("play", "Play", "Play"),
        button("nextPhase", "Next phase", "›"),
        button("nextStep", "Next step", "»"),
      ];
      const jumps = [
        button("previousDivergence", "Previous divergence", "‹ ≠"),
        button("nextDivergence", "Next divergence", "≠ ›"),
      ];
      const keys = button("help", "Keys", "? Keys");
      keys.setAttribute("aria-controls", this.help.id);
      this.root.replaceChildren(
        element("h3", {}, "Step by step"),
        this._legend(),
        element(
          "div",
          { class: "controls", role: "group", "aria-label": "Walk through the steps" },
          element("div", { class: "walk" }, ...walk, ...jumps, keys),
          element("div", { class: "slide" }, element("label", { for: this.slider.id }, "Step"), element("div", { class: "track" }, this.slider, this._strip()), this.where),
          element("div", { class: "phases", role: "group", "aria-label": "Phases of the step" }, ...this.phases),
        ),
        this.help,
        this.status,
        element("div", { class: "stage" }, element("div", { class: "caption" }, this.meaning, ...this._rowChooser()), this.network.root),
        this.panel.root,
      );
      this.root.setAttribute("tabindex", "-1");
      this.root.classList.add("ready");
    }

    _legend() {
      const item = (kind, ...children) => element("li", { class: kind }, ...children);
      const sample = (kind) => drawn("svg", { viewBox: "0 0 34 10", width: 34, height: 10, "aria-hidden": "true" }, drawn("line", { x1: 1, y1: 5, x2: 33, y2: 5, class: `weight-line ${kind}`, "stroke-width": 3 }));
      return element(
        "ul",
        { class: "legend" },
        item("candidate", `${SHAPES.candidate} candidate: ${this.run.name("candidate")}`),
        item("reference", `${SHAPES.reference} reference: ${this.run.name("reference")}`),
        item("", sample("positive"), " positive"),
        item("", sample("negative"), " negative"),
        item("differs", "≠ differs beyond its bounds"),
      );
    }

    _helpBox() {
      const rows = KEYS.map(([keys, what]) => element("tr", {}, element("th", { scope: "row" }, keys), element("td", {}, what)));
      return element("div", { class: "keys", id: `${this.prefix}-keys`, hidden: true }, element("table", {}, element("caption", {}, "Keys, while the player has the focus"), element("tbody", {}, ...rows)));
    }

    /** Return the marks under the slider, one for each step in which something differs. */
    _strip() {
      const steps = [...new Set(this.divergences.map((at) => Math.floor(at / PHASES.length)))];
      const marks = steps.map((step) => {
        const tick = element("span", { class: "tick" });
        tick.style.setProperty("--at", this.run.steps.length > 1 ? step / (this.run.steps.length - 1) : 0);
        return tick;
      });
      return element("div", { class: "strip", "aria-hidden": "true" }, ...marks);
    }

    _rowChooser() {
      this.rows = Math.max(...this.run.steps.map(({ rows }) => rows.length));
      if (this.rows < 2) return [];
      this.rowSelect = element("select", { id: `${this.prefix}-row` });
      this.rowSelect.addEventListener("change", () => {
        this.row = Number(this.rowSelect.value);
        this._show();
      });
      return [element("span", { class: "row-chooser" }, element("label", { for: this.rowSelect.id }, "Row of the batch "), this.rowSelect)];
    }

    /** Return what to show first: the first value that differs, else the example of all lessons. */
    _firstPick() {
      return this._differingPick() ?? { l: this.run.last, what: this.run.layers[this.run.last].tensors[0] ?? "output", index: 0 };
    }

    /** Return the first value that differs at this place, or null. */
    _differingPick() {
      for (const { site, at, size } of this.run.differing(this.step, this.phase)) {
        const index = range(size).find(at);
        if (site === "loss/value") return { l: null, what: "loss", index: 0 };
        const l = this.run.layers.findIndex(({ name }) => site.includes(`/${name}/`));
        const what = this.run.layers[l]?.tensors.find((name) => site.includes(`/${this.run.layers[l].name}/${name}`)) ?? "output";
        if (l >= 0 && index !== undefined && this._isPickable(l, what)) {
          return { l, what, index: what === "output" ? index % productOf(this.run.layers[l].output_shape) : index };
        }
      }
      return null;
    }

    _isPickable(l, what) {
      return this.panel.quantities.some((quantity) => quantity.l === l && quantity.what === what);
    }

    // Moving.

    _go(at) {
      this.at = Math.min(Math.max(at, 0), this.end);
      this._show();
    }

    _goStep(by) {
      this._go((this.step + by) * PHASES.length + (this.at % PHASES.length) > this.end ? this.at : Math.max(0, this.step + by) * PHASES.length + (this.at % PHASES.length));
    }

    _goDivergence(direction) {
      const next = direction > 0 ? this.divergences.find((at) => at > this.at) : this.divergences.findLast((at) => at < this.at);
      if (next === undefined) {
        const shownSteps = this.run.steps.at(-1).number;
        const behind = direction > 0 && this.run.run.divergences.find((number) => number > shownSteps);
        const which = direction > 0 ? "next" : "previous";
        this.status.textContent = behind ? `The next divergence is in step ${behind}, which is not drawn.` : `There is no ${which} divergence.`;
        return;
      }
      this.at = next;
      this.pick = this._differingPick() ?? this.pick;
      this._show();
      this.network.reveal(this.pick);
    }

    _play(on = !this.playing) {
      clearInterval(this.playing);
      this.playing = null;
      if (on) {
        if (this.at === this.end) this._go(0);
        this.playing = setInterval(() => {
          if (this.at === this.end) this._play(false);
          else this._go(this.at + 1);
        }, BEAT);
      }
      this.buttons.play.textContent = on ? "Pause" : "Play";
      this.buttons.play.setAttribute("aria-label", on ? "Pause" : "Play");
      this.buttons.play.setAttribute("title", on ? "Pause" : "Play");
      this._showStatus();
    }

    /** Say where we are. While it plays, a voice would run after it: it speaks again when it is paused. */
    _showStatus() {
      this.status.setAttribute("aria-live", this.playing ? "off" : "polite");
      this.status.textContent = this._inWords();
    }

    _toggleHelp() {
      this.help.hidden = !this.help.hidden;
      this._showHelpState();
    }

    _showHelpState() {
      this.buttons.help.setAttribute("aria-expanded", String(!this.help.hidden));
    }

    // Picking.

    _picked(key) {
      if (key === "loss") {
        this._pickNew({ l: null, what: "loss", index: 0 });
        return;
      }
      const [l, what, at] = key.split("/");
      if (!this._isPickable(Number(l), what)) {
        this.status.textContent = `${what} of ${this.run.layers[l].name} is too wide to be in this page element by element.`;
        return;
      }
      this._pickNew({ l: Number(l), what, index: at === "*" ? this._firstOf(Number(l), what) : Number(at) });
    }

    /** Return the first element of an array that differs here, else its first. */
    _firstOf(l, what) {
      const picked = this._differingPick();
      return picked && picked.l === l && picked.what === what ? picked.index : 0;
    }

    _pickNew({ l, what, index }) {
      this.pick = { l, what, index };
      this.network.choose(this.pick);
      this.panel.show(this.step, this.phase, this.row, this.pick);
      this.network.reveal(this.pick);
    }

    // Listening.

    _listen() {
      const moves = {
        previousStep: () => this._goStep(-1),
        nextStep: () => this._goStep(1),
        previousPhase: () => this._go(this.at - 1),
        nextPhase: () => this._go(this.at + 1),
        previousDivergence: () => this._goDivergence(-1),
        nextDivergence: () => this._goDivergence(1),
        first: () => this._go(0),
        last: () => this._go(this.end),
      };
      const act = (name) => {
        if (name === "play") this._play();
        else if (name === "help") this._toggleHelp();
        else {
          if (this.playing) this._play(false);
          moves[name]();
        }
      };
      for (const [name, button] of Object.entries(this.buttons)) button.addEventListener("click", () => act(name));
      this.phases.forEach((button, i) => button.addEventListener("click", () => {
        if (this.playing) this._play(false);
        this._go(this.step * PHASES.length + i);
      }));
      this.slider.addEventListener("input", () => {
        if (this.playing) this._play(false);
        this._go((Number(this.slider.value) - 1) * PHASES.length + (this.at % PHASES.length));
      });
      this.root.addEventListener("keydown", (event) => this._key(event, act));
      new ResizeObserver(() => {
        if (this.network.layout(this._width())) this._show();
      }).observe(this.root);
    }

    _width() {
      // Folded away it has no width: it is laid out anew when it is unfolded.
      return this.network.root.clientWidth || 800;
    }

    /** Do what a key means, unless the focused control has a meaning of its own for it. */
    _key(event, act) {
      const { key, target } = event;
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
      const typing = target.matches("select, textarea, input:not([type=range])");
      const sliding = target === this.slider && /^(Arrow|Page|Home|End)/.test(key) && !event.shiftKey;
      if (typing || sliding) return;
      if (this.network.key(event)) {
        event.preventDefault();
        return;
      }
      if (key === " " && target.closest("button, [role=button], summary, a")) return;
      const name = event.shiftKey && key.startsWith("Arrow") ? { ArrowRight: "nextStep", ArrowLeft: "previousStep" }[key] : MEANT[key];
      if (!name) return;
      event.preventDefault();
      act(name);
    }

    // Showing.

    _show() {
      const { run, step, phase } = this;
      const { number, rows } = run.steps[step];
      this.row = Math.min(this.row, rows.length - 1);
      this.slider.value = String(step + 1);
      this.slider.setAttribute("aria-valuetext", this._place());
      this.where.textContent = `${number.toLocaleString("en")} of ${this._total()}`;
      this._showPhases();
      this._showRows(rows);
      this.meaning.textContent = MEANINGS[phase];
      this.network.show(step, phase, this.row, this.pick);
      this.panel.show(step, phase, this.row, this.pick);
      mark(this.buttons.previousPhase, "aria-disabled", this.at === 0 ? "true" : null);
      mark(this.buttons.nextPhase, "aria-disabled", this.at === this.end ? "true" : null);
      mark(this.buttons.previousStep, "aria-disabled", step === 0 ? "true" : null);
      mark(this.buttons.nextStep, "aria-disabled", step === run.steps.length - 1 ? "true" : null);
      mark(this.buttons.previousDivergence, "aria-disabled", this.divergences.some((at) => at < this.at) ? null : "true");
      mark(this.buttons.nextDivergence, "aria-disabled", this.divergences.some((at) => at > this.at) ? null : "true");
      this._showHelpState();
      this._showStatus();
    }

    _showPhases() {
      this.phases.forEach((button, i) => {
        const { word, name, shape } = this.run.outcome(this.step, PHASES[i]);
        const current = PHASES[i] === this.phase;
        button.replaceChildren(element("span", { class: "phase-name" }, PHASES[i]), " ", element("span", { class: `outcome-${name}` }, `${shape} ${word}`));
        button.setAttribute("aria-pressed", String(current));
        button.dataset.outcome = name;
      });
    }

    _showRows(rows) {
      if (!this.rowSelect) return;
      if (this.rowSelect.options.length !== rows.length || this.shownRows !== String(rows)) {
        this.shownRows = String(rows);
        this.rowSelect.replaceChildren(...rows.map((row, i) => element("option", { value: i }, `${i + 1} of ${rows.length} (row ${row} of the data)`)));
      }
      this.rowSelect.value = String(this.row);
    }

    _total() {
      const last = this.run.run.series?.steps?.at(-1) ?? this.run.steps.at(-1).number;
      return Math.max(last, this.run.steps.at(-1).number).toLocaleString("en");
    }

    _place() {
      const { number, epoch } = this.run.steps[this.step];
      return `Step ${number.toLocaleString("en")} of ${this._total()}, epoch ${epoch}`;
    }

    /** Say where we are and what differs. */
    _inWords() {
      const differing = this.run.differing(this.step, this.phase);
      const head = `${this._place()}, ${this.phase}`;
      if (differing.length === 0) {
        const { word } = this.run.outcome(this.step, this.phase);
        const words = { exact: "every value is exact, bit for bit", "within rounding": "every value agrees within rounding", "not finite": "values leave the finite numbers on both sides" };
        return `${head}: ${words[word] ?? "nothing is compared here"}.`;
      }
      const total = differing.reduce((all, { count }) => all + count, 0);
      const listed = differing.slice(0, 3).map(({ site, count, size }) => `${this.run.word(site)} (${count} of ${size})`);
      const more = differing.length > 3 ? `, and ${differing.length - 3} more` : "";
      return `${head}: ${plural(total, "value differs", "values differ")}: ${listed.join(", ")}${more}.`;
    }
  }

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

  // ---------------------------------------------------------------------------------------------
  // Start
  // ---------------------------------------------------------------------------------------------

  const source = document.getElementById("story");
  const runs = source ? JSON.parse(source.textContent).runs : [];

  const waiting = new Set(document.querySelectorAll(".player[data-run]"));

  /** Build one player. Without steps or layers there is nothing to walk through: the page's own words stay. */
  function build(root) {
    if (!waiting.delete(root)) return;
    watcher.unobserve(root);
    const run = runs.find(({ id }) => id === root.dataset.run);
    if (run && run.steps.length > 0 && run.layers.length > 0) new Player(root, run);
  }

  /** Build the players that nobody has come near, one at a time. */
  function buildNext() {
    if (waiting.size === 0) return;
    build(waiting.values().next().value);
    whenIdle(buildNext);
  }

  // A page may have many runs. A player is built when it comes near the window, when there is
  // nothing else to do, or when the page is printed.
  const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 200));
  const watcher = new IntersectionObserver(
    (entries) => entries.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => build(target)),
    { rootMargin: "100% 0px" },
  );
  waiting.forEach((root) => watcher.observe(root));
  addEventListener("beforeprint", () => [...waiting].forEach(build));
  whenIdle(buildNext);
})();
