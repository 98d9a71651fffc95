/*
 * Activations. `apply` gives a = f(z). `slope` gives f′ from the output a, as every one of them
 * can be: so no pre-activation has to be recorded. `slopeText` writes it with a name or a number.
 */

/** Thrown where something cannot be shown; the message is the sentence that says so. */
class NotShown extends Error {}

/** Refuse to show the arithmetic of something. */
function refuse(what) {
  throw new NotShown(`The arithmetic of ${what} is not shown.`);
}

function logistic(z) {
  const e = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : e) / (1 + e);
}

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
    slopeText: (a) => `[${a} > 0]`,
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
  if (!Object.hasOwn(ACTIVATIONS, layer.activation)) refuse(layer.activation);
  return ACTIVATIONS[layer.activation];
}
