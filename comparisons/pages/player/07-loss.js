/*
 * The loss of one side at one step: its targets, its terms, and the gradient it sends back.
 *
 * `head` is the layer whose input the gradient belongs to: a cross-entropy behind a sigmoid or
 * a softmax is computed from the logits z that go into it. Elsewhere `head` is null, and the
 * gradient belongs to the prediction ŷ.
 */

class Loss {
  constructor(arithmetic) {
    const { run, step } = arithmetic;
    this.arithmetic = arithmetic;
    this.config = run.run.loss;
    this.kind = this.config.class;
    this.hasClasses = this.kind.includes("Categorical");
    this.prediction = arithmetic.output(run.last);
    this.columns = run.layers[run.last].output_shape.at(-1);
    this.rows = this.prediction.data.length / this.columns;
    const isBehind = this.config.computed_from_logits && !this.config.from_logits;
    this.head = isBehind ? headOf(run) : null;
    const reduction = this.config.reduction ?? "sum_over_batch_size";
    if (!["sum_over_batch_size", "sum"].includes(reduction)) {
      refuse(`the reduction ${reduction}`);
    }
    this.y = this._targets(run.y(step));
    const samples = reduction === "sum" ? 1 : this.rows;
    // Cross-entropies over classes add up over the last axis; all others take its mean.
    this.n = this.hasClasses ? samples : samples * this.columns;
    this.held = run.run.dtype === "float32" ? Math.fround : (value) => value;
  }

  _targets(y) {
    if (!y) throw new NotShown("The targets of this step are too wide to be in this page.");
    const smoothing = this.config.label_smoothing ?? 0;
    const { columns, kind } = this;
    if (kind === "SparseCategoricalCrossentropy") {
      const isClass = (i) => y.data[Math.floor(i / columns)] === i % columns;
      return range(this.rows * columns).map((i) => exactly(isClass(i) ? 1 : 0));
    }
    const [targets, predictions] = [y.data.length, this.prediction.data.length];
    if (targets !== predictions) {
      throw new NotShown(
        `y has ${plural(targets, "value")} and ŷ has ${predictions}: ` +
          "the arithmetic of that broadcast is not shown.",
      );
    }
    const share = smoothing / (kind === "CategoricalCrossentropy" ? columns : 2);
    const smoothed = (value) => plus(times(num(value), num(1 - smoothing)), num(share));
    return y.data.map((value) => (smoothing ? smoothed(value) : num(value)));
  }

  get _label() {
    return this.config.label_smoothing ? "y′" : "y";
  }

  /** Return one output, as LOSSES take it. */
  _output(row, j) {
    const i = row * this.columns + j;
    const index = this.columns > 1 ? `[${j}]` : "";
    const { arithmetic, n, held, _label: targets } = this;
    const p = arithmetic.outputName(arithmetic.run.last, j);
    const names = { targets, y: `${targets}${index}`, p };
    return { y: this.y[i], p: num(this.prediction.data[i]), names, n, held };
  }

  /** Return the outputs of a row. */
  _outputs(row) {
    return range(this.columns).map((j) => this._output(row, j));
  }

  /** Return lines that must be read first: what label smoothing makes of y. */
  preface(row, j) {
    const { label_smoothing: smoothing } = this.config;
    if (!smoothing) return [];
    const { y, names } = this._output(row, j);
    const raw = this.arithmetic.run.y(this.arithmetic.step).data[row * this.columns + j];
    const parts = this.kind === "CategoricalCrossentropy" ? this.columns : 2;
    return [
      {
        name: names.y,
        symbols: `y (1 − s) + s/${parts}`,
        numbers: `${inTerm(raw)} (1 − ${smoothing}) + ${smoothing}/${parts}`,
        result: y,
      },
    ];
  }

  /** Return the logits of a row, from the input of the head or from ŷ itself. */
  _logits(row) {
    const [from, to] = [row * this.columns, (row + 1) * this.columns];
    if (this.head === null) return this.prediction.data.slice(from, to).map(num);
    return this.arithmetic.z(this.head).slice(from, to);
  }

  /** Return the probability that is held against y where logits are given: {symbols, value}. */
  _probability(row, j) {
    const layer = this.head === null ? null : this.arithmetic.run.layers[this.head];
    const wanted = this.kind === "BinaryCrossentropy" ? "sigmoid" : "softmax";
    const { p, names } = this._output(row, j);
    if (layer?.activation === wanted) return { symbols: names.p, value: p };
    const logits = this._logits(row);
    const symbols = `${wanted}(${this.head === null ? names.p : `z[${j}]`})`;
    if (wanted === "softmax") return { symbols, value: softmax(logits)[j] };
    return { symbols, value: ACTIVATIONS.sigmoid.apply(logits[j]) };
  }

  /** Return the gradient for one output, at z if there is a head, else at ŷ. */
  gradient(row, j) {
    const output = this._output(row, j);
    if (!ENTROPIES.includes(this.kind)) return this._rule().gradient(output);
    if (!this.config.computed_from_logits) {
      if (this.hasClasses) return OVER_CLASSES[this.kind].gradient(this._outputs(row), j);
      return this._rule().gradient(output);
    }
    const { symbols, value } = this._probability(row, j);
    const { y, names, n } = output;
    return {
      symbols: `(${symbols} − ${names.y})${dividedBy(n)}`,
      numbers: `(${shown(value.v)} − ${inTerm(y.v)})${dividedBy(n)}`,
      value: over(minus(value, y), exactly(n)),
    };
  }

  _rule() {
    if (!Object.hasOwn(LOSSES, this.kind)) refuse(this.kind);
    return LOSSES[this.kind];
  }

  /** Return what one output adds to the loss, before the division by n. */
  _term(row, j) {
    const output = this._output(row, j);
    const isFromLogits = this.kind === "BinaryCrossentropy" && this.config.computed_from_logits;
    if (!isFromLogits) return this._rule().term(output);
    const z = this._logits(row)[j];
    const { y, names } = output;
    const index = this.columns > 1 ? `[${j}]` : "";
    const name = this.head === null ? names.p : `z${index}`;
    return {
      symbols: `(log(1 + e^${name}) − ${names.y} ${name})`,
      numbers: `(log(1 + e^${inTerm(z.v)}) − ${shown(y.v)} · ${inTerm(z.v)})`,
      value: minus(ACTIVATIONS.softplus.apply(z), times(y, z)),
    };
  }

  /** Return −Σ y log p of a row; from logits as log Σ e^z − Σ y z. */
  _classTerm(row) {
    if (!this.config.computed_from_logits) return OVER_CLASSES[this.kind].term(this._outputs(row));
    const logits = this._logits(row);
    const y = this.y.slice(row * this.columns, (row + 1) * this.columns);
    const top = Math.max(...logits.map(({ v }) => v));
    const total = sum(logits.map((z) => mapped(z, Math.exp(z.v - top), Math.exp(z.v - top))));
    const log = plus(num(top), logarithm(total));
    const dot = sum(y.map((value, j) => times(value, logits[j])));
    return {
      symbols: `(log Σ e^z − Σ ${this._label} z)`,
      numbers: `(${shown(log.v)} − ${inTerm(dot.v)})`,
      value: minus(log, dot),
    };
  }

  /** Return the line of the loss itself. */
  line() {
    const { n } = this;
    const terms = range(this.rows).flatMap((row) =>
      this.hasClasses ? [this._classTerm(row)] : range(this.columns).map((j) => this._term(row, j)),
    );
    const factor = n === 1 ? "" : `1/${n} · `;
    const added = sumOf(
      terms.map(({ numbers }) => numbers),
      3,
    );
    const one = terms[0].symbols;
    return {
      name: "L",
      symbols: factor + (terms.length > 1 ? `Σ ${one.replaceAll(/\[\d+\]/g, "")}` : one),
      numbers: factor + (terms.length > 1 && n !== 1 ? `[${added}]` : added),
      result: over(sum(terms.map(({ value }) => value)), exactly(n)),
    };
  }
}

/** Return the last layer that is a sigmoid or softmax, behind linear Activations at most. */
function headOf({ layers, last }) {
  const isLinear = (layer) => layer.class === "Activation" && layer.activation === "linear";
  let l = last;
  while (l > 0 && isLinear(layers[l])) l -= 1;
  return l;
}
