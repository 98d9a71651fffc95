/*
 * Numbers as people read them, and nested lists as arrays: flat numbers with a shape.
 */

const range = (n) => Array.from({ length: n }, (_, i) => i);
const counted = (n) => n.toLocaleString("en");
const plural = (n, word, more = `${word}s`) => `${counted(n)} ${n === 1 ? word : more}`;
const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Return a number as people write it: so many digits, a true minus, no trailing zeros. */
function shown(value, digits = 6) {
  if (value === null || value === undefined) return "missing";
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const rounded = Number(value.toPrecision(digits));
  const text = size !== 0 && (size < 1e-4 || size >= 1e7) ? rounded.toExponential() : `${rounded}`;
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
