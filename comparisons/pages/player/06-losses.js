/*
 * Losses: what an output adds to the loss before the division by n, and how the loss changes
 * with it.
 *
 * Each of LOSSES takes one output {y, p, names, n, held}: the target and the prediction as
 * {v, s}, how both are written, the number n, and the function that holds a number in the run's
 * dtype. Those of OVER_CLASSES take the outputs of a row, as a loss over classes reads them
 * together. All return {symbols, numbers, value}.
 */

const ENTROPIES = [
  "BinaryCrossentropy",
  "CategoricalCrossentropy",
  "SparseCategoricalCrossentropy",
];

const ONE = exactly(1);

/** Where a cross-entropy cuts probabilities off, so that no logarithm is infinite. */
const CLIP = 1e-7;
const cutOff = ({ p, held }) => num(Math.min(Math.max(p.v, held(CLIP)), held(1 - CLIP)));
const isInside = ({ p, held }) => held(CLIP) <= p.v && p.v <= held(1 - CLIP);
/** The slope at what is cut off. */
const NO_SLOPE = { symbols: "0 (outside the clip at 1e−7)", numbers: "0", value: exactly(0) };

/** Return how a division by n is written behind what is divided. */
const dividedBy = (n) => (n === 1 ? "" : `/${n}`);

const logarithm = (a) => mapped(a, Math.log(a.v), 1 / a.v);

const LOSSES = {
  MeanSquaredError: {
    term({ y, p, names }) {
      const error = minus(y, p);
      return {
        symbols: `(${names.y} − ${names.p})²`,
        numbers: `(${shown(y.v)} − ${inTerm(p.v)})²`,
        value: times(error, error),
      };
    },
    gradient({ y, p, names, n }) {
      const factor = `−2${dividedBy(n)}`;
      return {
        symbols: `${factor} (${names.y} − ${names.p})`,
        numbers: `${factor} (${shown(y.v)} − ${inTerm(p.v)})`,
        value: over(times(exactly(-2), minus(y, p)), exactly(n)),
      };
    },
  },

  MeanAbsoluteError: {
    term({ y, p, names }) {
      const error = minus(y, p);
      return {
        symbols: `|${names.y} − ${names.p}|`,
        numbers: `|${shown(y.v)} − ${inTerm(p.v)}|`,
        value: { v: Math.abs(error.v), s: error.s },
      };
    },
    gradient({ y, p, names, n }) {
      return {
        symbols: `sign(${names.p} − ${names.y})${dividedBy(n)}`,
        numbers: `sign(${shown(p.v)} − ${inTerm(y.v)})${dividedBy(n)}`,
        value: over(exactly(Math.sign(p.v - y.v)), exactly(n)),
      };
    },
  },

  /** Of probabilities, as they come out of the last activation. */
  BinaryCrossentropy: {
    term({ y, p, names, held }) {
      const cut = cutOff({ p, held });
      const yes = times(y, logarithm(cut));
      const no = times(minus(ONE, y), logarithm(minus(ONE, cut)));
      const [target, prediction] = [shown(y.v), shown(cut.v)];
      return {
        symbols: `(−${names.y} log ${names.p} − (1 − ${names.y}) log(1 − ${names.p}))`,
        numbers: `(−${target} log ${prediction} − (1 − ${target}) log(1 − ${prediction}))`,
        value: negative(plus(yes, no)),
      };
    },
    gradient({ y, p, names, n, held }) {
      if (!isInside({ p, held })) {
        return NO_SLOPE;
      }
      const written = (target, prediction) =>
        `((1 − ${target})/(1 − ${prediction}) − ${target}/${prediction})${dividedBy(n)}`;
      return {
        symbols: written(names.y, names.p),
        numbers: written(shown(y.v), shown(p.v)),
        value: over(minus(over(minus(ONE, y), minus(ONE, p)), over(y, p)), exactly(n)),
      };
    },
  },
};

/** Return Σ y log p over the classes whose y is not 0, as text that can follow a minus. */
function logarithms(outputs) {
  const factor = ({ y }) => (y.v === 1 ? "" : `${inTerm(y.v)} `);
  const terms = outputs
    .filter(({ y }) => y.v !== 0)
    .map((output) => `${factor(output)}log ${shown(cutOff(output).v)}`);
  return terms.length === 1 ? terms[0] : `(${sumOf(terms, 3)})`;
}

/** Return the slope at a probability of a row, Σ y/Σ ŷ − y/ŷ, of which parts may be cut off. */
function slopeOverClasses({ y, p, names, n }, { many, all, isCut }) {
  const at = { symbols: `${names.y}/${names.p}`, numbers: `${shown(y.v)}/${shown(p.v)}` };
  if (isCut) Object.assign(at, NO_SLOPE);
  const value = minus(over(many.value, all), isCut ? NO_SLOPE.value : over(y, p));
  return {
    symbols: `(${many.symbols}/Σ ŷ − ${at.symbols})${dividedBy(n)}`,
    numbers: `(${shown(many.value.v)}/${shown(all.v)} − ${at.numbers})${dividedBy(n)}`,
    value: over(value, exactly(n)),
  };
}

/** Cross-entropies of probabilities over classes. */
const OVER_CLASSES = {
  /** Probabilities are divided by their sum, and then cut off. */
  CategoricalCrossentropy: {
    shares(outputs) {
      const all = sum(outputs.map(({ p }) => p));
      return outputs.map((output) => ({ ...output, p: over(output.p, all) }));
    },
    term(outputs) {
      const shares = this.shares(outputs);
      const terms = shares.map((share) => times(share.y, logarithm(cutOff(share))));
      return {
        symbols: `(−Σ ${outputs[0].names.targets} log(ŷ/Σ ŷ))`,
        numbers: `(−${logarithms(shares)})`,
        value: negative(sum(terms)),
      };
    },
    gradient(outputs, j) {
      const shares = this.shares(outputs);
      const inside = shares.filter(isInside);
      const which = inside.length < shares.length ? " (of those inside the clip)" : "";
      return slopeOverClasses(outputs[j], {
        many: {
          symbols: `Σ ${outputs[j].names.targets}${which}`,
          value: sum(inside.map(({ y }) => y)),
        },
        all: sum(outputs.map(({ p }) => p)),
        isCut: !isInside(shares[j]),
      });
    },
  },

  /** Probabilities are cut off, and their logarithms are taken for logits. */
  SparseCategoricalCrossentropy: {
    term(outputs) {
      const all = sum(outputs.map(cutOff));
      const dot = sum(outputs.map((output) => times(output.y, logarithm(cutOff(output)))));
      return {
        symbols: `(log Σ ŷ − Σ ${outputs[0].names.targets} log ŷ)`,
        numbers: `(log ${shown(all.v)} − ${logarithms(outputs)})`,
        value: minus(logarithm(all), dot),
      };
    },
    gradient(outputs, j) {
      if (!isInside(outputs[j])) return NO_SLOPE;
      const many = { symbols: "1", value: exactly(1) };
      return slopeOverClasses(outputs[j], { many, all: sum(outputs.map(cutOff)), isCut: false });
    },
  },
};
