/*
 * The picture of the network, still without numbers: lines, and parts that can be chosen. A part
 * is found by its key: "l/kernel/i", "l/bias/i", "l/output/i", "x/i" or "loss"; where a whole
 * array is one block, "*" stands for i.
 */

const LINE = 17;

const WHAT_THE_PICTURE_IS =
  "Units and connections: choose one to see its arithmetic. " +
  "Arrow keys up and down move between them.";

/** Return the picture of what was laid out, so many pixels wide: {svg, parts}. */
function pictureOf(run, { columns, width, height, isDownwards }, size) {
  const svg = drawn("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width: size,
    height: (size * height) / width,
    role: "group",
    "aria-label": WHAT_THE_PICTURE_IS,
  });
  const lines = drawn("g", { class: "lines", "aria-hidden": "true" });
  const titles = drawn("g", { class: "titles", "aria-hidden": "true" });
  const nodes = drawn("g", { class: "nodes" });
  const labels = drawn("g", { class: "labels" });
  svg.append(lines, titles, nodes, labels);
  const parts = new Map();
  const picture = { run, columns, isDownwards, parts, svg, lines, titles, nodes, labels };
  columns.forEach((column, c) => {
    drawTitle(picture, column);
    if (c > 0) connect(picture, columns[c - 1], column);
    column.nodes.forEach((node, i) => drawNode(picture, column, node, i));
  });
  return picture;
}

function drawTitle({ titles, isDownwards }, column) {
  const [first] = column.nodes;
  const [x, y] = isDownwards ? [8, first.y - column.depth / 2 - 28] : [first.x, 20];
  const anchor = isDownwards ? "start" : "middle";
  const line = (kind, top, text) =>
    drawn("text", { x, y: top, class: kind, "text-anchor": anchor }, text);
  titles.append(
    line("title", y, shortened(column.title, 24)),
    line("about", y + LINE, shortened(column.about, 28)),
  );
}

/** Draw what leads from one column to the next: connections, one band, or plain lines. */
function connect(picture, from, to) {
  const { run, lines, labels, isDownwards } = picture;
  const isDense = to.kind !== "loss" && run.layers[to.l].class === "Dense";
  if (isDense && from.kind === "units" && to.kind === "units") {
    connectUnits(picture, from, to);
    return;
  }
  const [a, b] = [from, to].map(({ nodes }) => middleOf(nodes));
  if (!isDense) {
    for (const node of from.nodes) lines.append(lineBetween(node, b, { class: "flow" }));
    return;
  }
  lines.append(lineBetween(a, b, { class: "band" }));
  const middle = isDownwards
    ? { x: (a.x + b.x) / 2, y: b.y - to.depth / 2 - HEADING - BAND.height / 2 - 6 }
    : { x: b.x - to.depth / 2 - BAND.width / 2 - 18, y: (a.y + b.y) / 2 };
  addPart(picture, labels, `${to.l}/kernel/*`, "summary", middle, BAND);
}

function connectUnits(picture, from, to) {
  for (const edge of connectionsOf(picture.run, from, to, picture.columns)) {
    const { at, a, b, place, isBig } = edge;
    const key = `${to.l}/kernel/${at}`;
    const line = lineBetween(a, b, { class: "weight-line" });
    picture.lines.append(line, lineBetween(a, b, { class: "hit", "data-key": key }));
    const { x, y } = place ?? pointAt(edge, 0.5);
    const size = isBig ? BIG_PILL : PILL;
    const part = addPart(picture, picture.labels, key, "weight", { x, y }, size);
    part.line = line;
    if (place) continue;
    part.group.classList.add("floating");
    part.group.append(textAt(x, y, "sign", "≠"));
  }
}

function drawNode(picture, { l, kind, isBiased, isBig }, node, i) {
  const { nodes, labels } = picture;
  if (kind === "loss") {
    addPart(picture, nodes, "loss", "loss", node, LOSS_BOX);
  } else if (l < 0) {
    if (kind === "units") addInput(picture, `x/${i}`, "unit", node, null);
    else addInput(picture, "x/*", "block", node, BLOCK);
  } else if (kind === "block") {
    addPart(picture, nodes, `${l}/output/*`, "block", node, BLOCK);
  } else {
    addPart(picture, nodes, `${l}/output/${i}`, "unit", node, null);
    if (!isBiased) return;
    const size = isBig ? BIG_PILL : PILL;
    addPart(picture, labels, `${l}/bias/${i}`, "bias", belowUnit(node, size), size);
  }
}

/** Add something that can be chosen, by keys and pointer: a group with a shape and text. */
function addPart({ parts }, parent, key, kind, centre, size) {
  const choice = { role: "button", tabindex: "-1", "data-key": key, "aria-pressed": "false" };
  const shape = shapeAround(centre, size);
  const group = drawn("g", { class: kind, ...choice }, shape, drawn("g", { class: "text" }));
  parent.append(group);
  const part = { group, centre, kind, size, shape };
  parts.set(key, part);
  return part;
}

/** Add an input, which is looked at but has no arithmetic. */
function addInput({ parts, nodes }, key, kind, centre, size) {
  const shape = shapeAround(centre, size);
  const group = drawn("g", { class: `${kind} input-unit` }, shape, drawn("g", { class: "text" }));
  nodes.append(group);
  parts.set(key, { group, centre, kind: "x", size });
}

/** Return a box of a size around a point, or a unit's circle where no size is given. */
function shapeAround({ x, y }, size) {
  if (!size) return drawn("circle", { cx: x, cy: y, r: RADIUS });
  const { width, height } = size;
  return drawn("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 7 });
}

const lineBetween = (a, b, attributes) =>
  drawn("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, ...attributes });

/** Return text around a point. */
function textAt(x, y, kind, text) {
  const middle = { "text-anchor": "middle", "dominant-baseline": "central" };
  return drawn("text", { x, y, class: kind, ...middle }, text);
}

const middleOf = (points) => ({
  x: mean(points.map(({ x }) => x)),
  y: mean(points.map(({ y }) => y)),
});
