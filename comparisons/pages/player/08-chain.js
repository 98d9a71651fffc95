/*
 * The chain rule: one step of one side, computed again from the parts that the side recorded.
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
    if (values) return values;
    const who = this.run.name(this.side);
    throw new NotShown(`${who}: ${what} is not in this page, so the arithmetic has no parts.`);
  }

  layer(l) {
    return this.run.layers[l];
  }

  input(l) {
    if (l > 0) return this.output(l - 1);
    return this.need(this.run.x(this.step), "the batch x");
  }

  output(l) {
    const { name } = this.layer(l);
    return this.need(this.run.output(this.step, l, this.side), `the output of ${name}`);
  }

  before(l, name) {
    const what = `the ${name} of ${this.layer(l).name} before this step`;
    return this.need(this.run.before(this.step, l, name, this.side), what);
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
        const terms = range(inputs).map((i) =>
          times(num(input.data[row * inputs + i]), num(kernel.data[i * units + j])),
        );
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
      if (next.class !== "Dense") {
        throw new NotShown(
          `The arithmetic of ${next.class} is not shown, nor what lies before it.`,
        );
      }
      const kernel = this.before(l + 1, "kernel");
      const delta = this.delta(l + 1);
      const [inputs, units] = kernel.shape;
      return range((delta.length / units) * inputs).map((at) => {
        const [row, i] = [Math.floor(at / inputs), at % inputs];
        const back = (k) => times(delta[row * units + k], num(kernel.data[i * units + k]));
        return sum(range(units).map(back));
      });
    });
  }

  _lossGradient() {
    const { loss } = this;
    return range(loss.rows * loss.columns).map(
      (i) => loss.gradient(Math.floor(i / loss.columns), i % loss.columns).value,
    );
  }

  /** Return δ = ∂L/∂z of a layer, z being what its activation takes. */
  delta(l) {
    return this._once(`delta ${l}`, () => {
      if (this.loss.head === l) return this._lossGradient();
      const gradient = this.gradient(l);
      const output = this.output(l);
      const columns = this.columns(l);
      const layer = this.layer(l);
      if (layer.activation === "softmax") return throughSoftmax(gradient, output.data, columns);
      const { slope } = activationOf(layer);
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
    if (this.loss.head === l) return this._fromLoss(row, j);
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
    if (l === this.run.last) return this._fromLoss(row, j);
    const next = this.layer(l + 1);
    if (next.class !== "Dense") {
      const name = `∂L/∂${this.outputName(l, j)}`;
      const line = {
        name,
        symbols: `what comes back through ${shortened(next.name, 40)} (${next.class})`,
        result: value,
      };
      return { before: [line], symbols: name, numbers: inTerm(value.v), value };
    }
    const kernel = this.before(l + 1, "kernel");
    const units = kernel.shape[1];
    const delta = this.delta(l + 1).slice(row * units, (row + 1) * units);
    const weight = (k) => this.parameterName(l + 1, "kernel", [j, k]);
    const symbol = (k) => `δ${next.number}[${k}] · ${weight(k)}`;
    const number = (k) => `${inTerm(delta[k].v)} · ${inTerm(kernel.data[j * units + k])}`;
    const added = (term) => {
      const text = sumOf(range(units).map(term), 3);
      return units > 1 ? `(${text})` : text;
    };
    return {
      before: range(Math.min(units, 3)).map((k) => this._deltaLine(l + 1, row, k)),
      symbols: added(symbol),
      numbers: added(number),
      value,
    };
  }

  _fromLoss(row, j) {
    return { before: this.loss.preface(row, j), ...this.loss.gradient(row, j) };
  }

  _deltaLine(l, row, k) {
    const { symbols, numbers, value } = this.deltaInWords(l, row, k);
    return { name: `δ${this.layer(l).number}[${k}]`, symbols, numbers, result: value };
  }

  /** Return ∂L/∂ of a kernel or bias, all of it. */
  parameterGradient(l, name) {
    return this._once(`gradient of ${l} ${name}`, () => {
      const delta = this.delta(l);
      const units = this.columns(l);
      const rows = range(delta.length / units);
      if (name === "bias") {
        return range(units).map((j) => sum(rows.map((row) => delta[row * units + j])));
      }
      const input = this.input(l);
      const inputs = input.data.length / rows.length;
      return range(inputs * units).map((at) => {
        const [i, j] = [Math.floor(at / units), at % units];
        const share = (row) => times(num(input.data[row * inputs + i]), delta[row * units + j]);
        return sum(rows.map(share));
      });
    });
  }

  /** Return the layer behind `l`, nearest to the loss, whose recorded gradients already part. */
  partedBehind(l) {
    const { run, step, side } = this;
    const isParted = (m, name) => {
      const recorded = run.values(step, `backward/${this.layer(m).name}/${name}`, side);
      const agreed = (g, i) => agrees(g, recorded.data[i], run.run.dtype);
      return recorded && !this.parameterGradient(m, name).every(agreed);
    };
    for (let m = run.last; m > l; m -= 1) {
      const { class: kind, name, tensors } = this.layer(m);
      if (kind === "Dense" && tensors.some((what) => isParted(m, what))) return name;
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
