/*
 * Where the parts of the network stand. A column is the input, a layer, or the loss; columns
 * follow each other from left to right, or downwards on a phone. Along the flow a column has its
 * `depth`, and across it, it takes the room `across`.
 */

/** A layer of more units is summed up in a block. */
const MOST_UNITS = 10;
const RADIUS = 40;
const PILL = { width: 92, height: 26 };
const BIG_PILL = { width: 126, height: 60 };
const BLOCK = { width: 164, height: 158 };
const LOSS_BOX = { width: 150, height: 104 };
const BAND = { width: 134, height: 150 };

/** How much room there is for a column's title where columns stand below each other. */
const HEADING = 46;

/** Return the columns of a run's network: {l, kind, shape, title, about}; the input has l = −1. */
function columnsOf(run) {
  const hasFew = (shape) => shape.length === 1 && shape[0] <= MOST_UNITS;
  const kindOf = (isDense, shape) => (isDense && hasFew(shape) ? "units" : "block");
  const shape = run.layers[0].input_shape;
  const layers = run.layers.map((layer, l) => ({
    l,
    kind: kindOf(layer.class === "Dense", layer.output_shape),
    shape: layer.output_shape,
    title: layer.name,
    about: [layer.class, activationShown(layer)].filter(Boolean).join(" · "),
  }));
  return [
    { l: -1, kind: kindOf(true, shape), shape, title: "input", about: "x" },
    ...layers,
    { l: run.last + 1, kind: "loss", shape: [1], title: "loss", about: run.run.loss.class },
  ];
}

const activationShown = ({ activation }) => (activation === "linear" ? "" : activation);

/** Say whether a parameter's value differs at any step and phase: its label then needs room. */
function everDiffers(run, l, name, position) {
  const path = `${run.layers[l].name}/${name}`;
  return run.steps.some((_, step) =>
    ["backward", "update"].some((phase) => run.difference(step, `${phase}/${path}`).at(position)),
  );
}

/** Return the columns with the places of their nodes, and how large the picture then is. */
function laidOut(run, columns, isDownwards) {
  const sized = columns.map((column) => sizedColumn(run, column, isDownwards));
  spread(sized);
  const widest = Math.max(...sized.map(({ across }) => across));
  const margin = isDownwards ? 10 : 62;
  let along = isDownwards ? 8 : 16;
  sized.forEach((column, c) => {
    along += c === 0 ? 0 : gapBetween(run, sized[c - 1], column, isDownwards);
    along += isDownwards ? HEADING : 0;
    const middle = along + column.depth / 2;
    along += column.depth + column.tail;
    column.nodes = range(column.count).map((i) => {
      const shift = (i - (column.count - 1) / 2) * column.pitch - column.lift;
      const across = margin + widest / 2 + shift;
      return isDownwards ? { x: across, y: middle } : { x: middle, y: across };
    });
  });
  const total = along + 16;
  return isDownwards
    ? { columns: sized, width: Math.max(widest + 2 * margin, 300), height: total, isDownwards }
    : { columns: sized, width: total, height: widest + margin + 12, isDownwards };
}

/** Return a column with how much room it takes along the flow and across it. */
function sizedColumn(run, column, isDownwards) {
  if (column.kind !== "units") {
    const { width, height } = column.kind === "loss" ? LOSS_BOX : BLOCK;
    const [depth, across] = isDownwards ? [height, width] : [width, height];
    return { ...column, count: 1, depth, across, pitch: 0, tail: 0, lift: 0 };
  }
  const count = column.shape[0];
  const isBiased = column.l >= 0 && run.layers[column.l].use_bias;
  const isBig = isBiased && range(count).some((j) => everDiffers(run, column.l, "bias", j));
  const size = isBig ? BIG_PILL : PILL;
  // A bias hangs below its unit.
  const hanging = isBiased ? size.height + 8 : 0;
  const wide = Math.max(2 * RADIUS, isBig ? size.width : 0);
  const shape = isDownwards
    ? { across: wide, pitch: Math.max(2 * RADIUS, size.width) + 28, tail: hanging, lift: 0 }
    : {
        across: 2 * RADIUS + hanging,
        pitch: 2 * RADIUS + hanging + 32,
        tail: 0,
        lift: hanging / 2,
      };
  return { ...column, count, depth: 2 * RADIUS, isBiased, isBig, ...shape };
}

/** Give units of all columns the same distance, and each column the room that it then takes. */
function spread(columns) {
  const pitch = Math.max(...columns.map((column) => column.pitch));
  for (const column of columns.filter(({ kind }) => kind === "units")) {
    column.pitch = pitch;
    column.across += (column.count - 1) * pitch;
  }
}

/** Return the room between a column and the one before it. */
function gapBetween(run, from, to, isDownwards) {
  if (to.kind === "loss") return isDownwards ? 10 : 70;
  if (run.layers[to.l].class !== "Dense") return isDownwards ? 20 : 60;
  if (from.kind !== "units" || to.kind !== "units") {
    return isDownwards ? BAND.height + 20 : BAND.width + 36;
  }
  const edges = range(from.count * to.count);
  const isTight = edges.some((at) => everDiffers(run, to.l, "kernel", at));
  return isDownwards
    ? Math.min(100 + (isTight ? 44 : 22) * edges.length, 360)
    : Math.min(220 + (isTight ? 40 : 12) * edges.length, 400);
}
