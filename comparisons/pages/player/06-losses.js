/*
 * Losses, for one output: what it adds to the loss before the division by n, and how the loss
 * changes with it.
 *
 * Each takes an output {y, p, names, n, held}: the target and the prediction as {v, s}, how both
 * are written, the number n, and the function that holds a number in the run's dtype. It returns
 * {symbols, numbers, value}.
 */

const ENTROPIES = [
  "BinaryCrossentropy",
  "CategoricalCrossentropy",
  "SparseCategoricalCrossentropy",
];

const ONE = exactly(1);

/** Where a cross-entropy cuts probabilities off, so that no logarithm is infinite. */
const CLIP = 1e-7;

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
      const cut = num(Math.min(Math.max(p.v, held(CLIP)), held(1 - CLIP)));
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
      if (!(held(CLIP) <= p.v && p.v <= held(1 - CLIP))) {
        return { symbols: "0 (outside the clip at 1e−7)", numbers: "0", value: exactly(0) };
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
