/*
 * Rounding. A number that is computed here is {v, s}: its value, and a bound s, in units of the
 * last place, of what rounding may have done on the way. So a result is held against a recorded
 * one without a tolerance that someone has guessed.
 */

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
const inRange = (v, dtype) =>
  dtype === "float32" && !Number.isFinite(Math.fround(v)) ? Math.fround(v) : v;

/** Say whether a recorded number is the computed one, up to a few roundings of each operation. */
function agrees(computed, recorded, dtype) {
  const v = inRange(computed.v, dtype);
  if (Object.is(v, recorded) || v === recorded) return true;
  return Math.abs(computed.v - recorded) <= 8 * (UNITS[dtype] ?? UNITS.float64) * computed.s;
}
