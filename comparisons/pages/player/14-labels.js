/*
 * Places for the labels of connections: none covers another, nor a unit or its bias. Where there
 * is no room, a label has no place; it appears when its connection is chosen.
 */

/** Where along a connection its label may stand. */
const PLACES = [0.22, 0.26, 0.3, 0.36, 0.43, 0.5, 0.57, 0.64, 0.7, 0.74, 0.78];

/**
 * Return the connections between two columns of units, with the places of their labels:
 * {at, a, b, isBig, place}, where `at` is the flat position in the kernel.
 */
function connectionsOf(run, from, to, columns) {
  const [inputs, units] = [from.count, to.count];
  const edges = range(inputs * units).map((at) => {
    const [i, j] = placeOf(at, [inputs, units]);
    // Of two connections that cross, one has its label early and the other late.
    const best = Math.min(inputs, units) === 1 ? 0.5 : 0.5 + 0.14 * Math.sign(i - j);
    const isBig = everDiffers(run, to.l, "kernel", at);
    return { at, a: from.nodes[i], b: to.nodes[j], best, isBig };
  });
  // First those that cross or first those that do not, whichever leaves room for more.
  const obstacles = columns.flatMap(obstaclesOf);
  const tries = [-1, 1].map((sign) => {
    const urgency = ({ isBig, best }) => Number(isBig) + sign * Math.abs(best - 0.5);
    return placesOf(
      [...edges].sort((a, b) => urgency(b) - urgency(a)),
      obstacles,
    );
  });
  const places = tries.reduce((most, other) => (other.size > most.size ? other : most));
  return edges.map((edge) => ({ ...edge, place: places.get(edge.at) ?? null }));
}

/** Return what the labels must not cover: units and their biases. */
function obstaclesOf({ kind, nodes, isBig, isBiased }) {
  if (kind !== "units") return [];
  const size = isBig ? BIG_PILL : PILL;
  const units = nodes.map((node) => ({ ...node, width: 2 * RADIUS, height: 2 * RADIUS }));
  const biases = nodes.map((node) => ({ ...belowUnit(node, size), ...size }));
  return isBiased ? [...units, ...biases] : units;
}

/** Return the centre of what hangs below a unit. */
const belowUnit = ({ x, y }, { height }) => ({ x, y: y + RADIUS + 6 + height / 2 });

/** Return a point of a connection. */
const pointAt = ({ a, b }, t) => ({ x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t });

/** Return the places of those labels, taken in order, that find one where they cover nothing. */
function placesOf(edges, obstacles) {
  const taken = [...obstacles];
  const places = new Map();
  for (const edge of edges) {
    const size = edge.isBig ? BIG_PILL : PILL;
    const nearest = [...PLACES].sort((s, t) => Math.abs(s - edge.best) - Math.abs(t - edge.best));
    const boxes = nearest.map((t) => ({ ...pointAt(edge, t), ...size }));
    const box = boxes.find((free) => taken.every((other) => isClear(free, other)));
    if (!box) continue;
    taken.push(box);
    places.set(edge.at, box);
  }
  return places;
}

/** Say whether two boxes, given by centre and size, keep a little distance. */
function isClear(a, b) {
  const isBeside = Math.abs(a.x - b.x) >= (a.width + b.width) / 2 + 4;
  return isBeside || Math.abs(a.y - b.y) >= (a.height + b.height) / 2 + 4;
}
