/*
 * The arithmetic of what is picked: blocks of lines, for one side.
 *
 * A line is {name, symbols, numbers, result, recorded, final}; a block is
 * {phase, title, notes, lines} or, where it cannot be shown, {phase, title, sentence}.
 */

/** How many rows of a batch are written out; the others are added up. */
const ROWS = 3;

/** Return the blocks of what is picked, in a row of the batch. */
function blocksOf(arithmetic, pick, row) {
  const blocks = [];
  const add = (phase, title, make) => {
    try {
      blocks.push({ phase, title, notes: [], ...make() });
    } catch (error) {
      if (!(error instanceof NotShown)) throw error;
      blocks.push({ phase, title, sentence: error.message });
    }
  };
  if (pick.what === "loss") {
    add("loss", "The loss", () => lossBlock(arithmetic));
    add("backward", "Where the way back begins", () => firstGradients(arithmetic, row));
  } else if (pick.what === "output") {
    add("forward", "Forward: what this unit gives", () => forwardBlock(arithmetic, pick, row));
    const title = "Backward: how the loss changes with this unit";
    add("backward", title, () => deltaBlock(arithmetic, pick, row));
  } else {
    const title = `Backward: how the loss changes with this ${partName(pick.what)}`;
    add("backward", title, () => gradientBlock(arithmetic, pick));
    add("update", "Update: what the step makes of it", () => updateBlock(arithmetic, pick));
  }
  return blocks;
}

const partName = (tensorName) => ({ kernel: "weight", bias: "bias" })[tensorName] ?? tensorName;

function lossBlock(arithmetic) {
  const { loss } = arithmetic;
  const line = { ...loss.line(), recorded: arithmetic.recorded("loss/value", 0), final: true };
  const [same, logits] =
    loss.kind === "BinaryCrossentropy"
      ? ["−y log ŷ − (1 − y) log(1 − ŷ)", "the logit z"]
      : ["−Σ y log ŷ", "the logits z"];
  const note = `The same as ${same}, written with ${logits}, as Keras on TensorFlow computes it.`;
  const notes = loss.config.computed_from_logits ? [note] : [];
  return { notes, lines: [...loss.preface(0, 0), line] };
}

function firstGradients(arithmetic, row) {
  const { loss, run } = arithmetic;
  const at = loss.head === null ? null : run.layers[loss.head].number;
  const lines = range(Math.min(loss.columns, 4)).map((j) => {
    const { symbols, numbers, value } = loss.gradient(Math.min(row, loss.rows - 1), j);
    const output = arithmetic.outputName(run.last, j);
    const name = at === null ? `∂L/∂${output}` : `δ${at}[${j}] = ∂L/∂z${at}[${j}]`;
    return { name, symbols, numbers, result: value };
  });
  const notes = loss.rows > 1 ? [`Row ${row + 1} of ${loss.rows}.`] : [];
  if (at !== null) {
    notes.push("Sigmoid or softmax and cross-entropy together: their derivatives cancel to ŷ − y.");
  }
  return { notes, lines };
}

function forwardBlock(arithmetic, { l, index }, row) {
  const layer = arithmetic.layer(l);
  const columns = arithmetic.columns(l);
  const at = row * columns + index;
  const recorded = arithmetic.recorded(`forward/${layer.name}/output`, at);
  const name = arithmetic.outputName(l, index);
  if (layer.class === "Flatten") {
    const result = num(arithmetic.input(l).data[at]);
    const symbols = "the input, in another shape";
    return { lines: [{ name, symbols, result, recorded, final: true }] };
  }
  if (!["Dense", "Activation"].includes(layer.class)) refuse(layer.class);
  const zs = arithmetic.z(l);
  const z = zs[at];
  const zName = `z${layer.number}[${index}]`;
  const lines = [
    layer.class === "Dense"
      ? denseLine(arithmetic, l, row, index, zName, z)
      : { name: zName, symbols: "the input", result: z },
  ];
  if (layer.activation === "softmax") {
    const whole = softmax(zs.slice(at - index, at - index + columns));
    lines.push({ name, symbols: `e^${zName} / Σ e^z`, result: whole[index] });
  } else if (layer.activation === "linear") {
    lines.push({ name, symbols: zName, result: z });
  } else {
    const { text, apply } = activationOf(layer);
    lines.push({ name, symbols: text(zName), numbers: text(inTerm(z.v)), result: apply(z) });
  }
  Object.assign(lines.at(-1), { recorded, final: true });
  const note = "z is derived from the weights before the step: no side records it.";
  return { notes: [...rowNote(arithmetic, l, row), note], lines };
}

function denseLine(arithmetic, l, row, j, name, result) {
  const kernel = arithmetic.before(l, "kernel");
  const [inputs, units] = kernel.shape;
  const input = arithmetic.input(l).data.slice(row * inputs, (row + 1) * inputs);
  const weight = (i) => arithmetic.parameterName(l, "kernel", [i, j]);
  const symbol = (_, i) => `${arithmetic.outputName(l - 1, i)} · ${weight(i)}`;
  const number = (value, i) => `${inTerm(value)} · ${inTerm(kernel.data[i * units + j])}`;
  const [symbols, numbers] = [sumOf(input.map(symbol)), sumOf(input.map(number))];
  if (!arithmetic.layer(l).use_bias) return { name, symbols, numbers, result };
  const bias = arithmetic.before(l, "bias").data[j];
  return {
    name,
    symbols: `${symbols} + ${arithmetic.parameterName(l, "bias", [j])}`,
    numbers: `${numbers} + ${inTerm(bias)}`,
    result,
  };
}

const rowNote = (arithmetic, l, row) =>
  arithmetic.rows(l) > 1 ? [`Row ${row + 1} of ${arithmetic.rows(l)}.`] : [];

function deltaBlock(arithmetic, { l, index }, row) {
  const layer = arithmetic.layer(l);
  if (!["Dense", "Activation"].includes(layer.class)) {
    throw new NotShown(`${layer.class} hands the gradient on as it is.`);
  }
  const { head } = arithmetic.loss;
  if (head !== null && l > head) {
    throw new NotShown("This layer hands on what it is given; the way back begins before it.");
  }
  const { before, symbols, numbers, value } = arithmetic.deltaInWords(l, row, index);
  const n = layer.number;
  const line = { name: `δ${n}[${index}] = ∂L/∂z${n}[${index}]`, symbols, numbers, result: value };
  const notes = rowNote(arithmetic, l, row);
  if (layer.use_bias && arithmetic.rows(l) === 1) {
    line.recorded = arithmetic.recorded(`backward/${layer.name}/bias`, index);
    line.final = true;
    notes.push(`With one row, δ is also ∂L/∂b${n}[${index}].`);
  } else {
    notes.push("δ itself is recorded by no side.");
  }
  return { notes, lines: [...before, line] };
}

function gradientBlock(arithmetic, { l, what, index }) {
  const layer = arithmetic.layer(l);
  if (layer.class !== "Dense") refuse(layer.class);
  const units = arithmetic.columns(l);
  const [i, j] = what === "kernel" ? placeOf(index, [Infinity, units]) : [null, index];
  const parameter = arithmetic.before(l, what);
  const name = `∂L/∂${arithmetic.parameterName(l, what, placeOf(index, parameter.shape))}`;
  const result = arithmetic.parameterGradient(l, what)[index];
  const rows = arithmetic.rows(l);
  const lines =
    rows === 1 ? oneRow(arithmetic, l, i, j, name) : manyRows(arithmetic, l, i, j, name, rows);
  Object.assign(lines.at(-1), {
    result,
    recorded: arithmetic.recorded(`backward/${layer.name}/${what}`, index),
    final: true,
  });
  return { lines, partedBehind: arithmetic.partedBehind(l) };
}

/** Return the lines of a gradient when the batch is one row: δ, times the input for a weight. */
function oneRow(arithmetic, l, i, j, name) {
  const { before, symbols, numbers } = arithmetic.deltaInWords(l, 0, j);
  if (i === null) return [...before, { name, symbols, numbers }];
  const value = arithmetic.input(l).data[i];
  const line = {
    name,
    symbols: `${symbols} · ${arithmetic.outputName(l - 1, i)}`,
    numbers: `${numbers} · ${inTerm(value)}`,
  };
  return [...before, line];
}

/** Return the lines of a gradient as a sum over the rows of the batch. */
function manyRows(arithmetic, l, i, j, name, rows) {
  const units = arithmetic.columns(l);
  const input = arithmetic.input(l);
  const inputs = input.data.length / rows;
  const delta = arithmetic.delta(l);
  // A bias has no input that δ is multiplied with.
  const by = i === null ? "" : ` · ${arithmetic.outputName(l - 1, i)}`;
  const lines = [];
  const products = range(rows).map((row) => {
    const d = delta[row * units + j];
    return i === null ? d : times(d, num(input.data[row * inputs + i]));
  });
  for (const row of range(Math.min(rows, ROWS))) {
    const { symbols, numbers } = arithmetic.deltaInWords(l, row, j);
    const byNumber = i === null ? "" : ` · ${inTerm(input.data[row * inputs + i])}`;
    lines.push({
      name: `row ${row + 1}`,
      symbols: symbols + by,
      numbers: numbers + byNumber,
      result: products[row],
    });
  }
  if (rows > ROWS) {
    const name = `… ${plural(rows - ROWS, "more row")}, added up`;
    lines.push({ name, result: sum(products.slice(ROWS)) });
  }
  const symbols = `Σ over the rows of δ${arithmetic.layer(l).number}[${j}]${by}`;
  const terms = products.map(({ v }) => inTerm(v));
  return [...lines, { name, symbols, numbers: sumOf(terms, ROWS + 1) }];
}

/** The letters of the update rules. */
const LETTERS = {
  learning_rate: "η",
  momentum: "μ",
  rho: "ρ",
  beta_1: "β₁",
  beta_2: "β₂",
  epsilon: "ε",
  weight_decay: "λ",
};

/** Say what the letters of an update rule stand for. */
function symbolsInWords(config) {
  const set = Object.keys(LETTERS).filter((name) => config[name]);
  const said = set.map((name) => `${LETTERS[name]} is ${name}`);
  return `${config.class}, word for word as Keras has it: ${said.join(", ")}.`;
}

function updateBlock(arithmetic, { l, what, index }) {
  const { run, side } = arithmetic;
  const layer = arithmetic.layer(l);
  const recorded = arithmetic.recorded(`backward/${layer.name}/${what}`, index);
  const notes = [symbolsInWords(run.run.optimizer)];
  let gradient = recorded === undefined ? null : num(recorded);
  if (gradient === null) {
    if (layer.class !== "Dense") throw new NotShown("Its gradient is not in this page.");
    gradient = arithmetic.parameterGradient(l, what)[index];
    const who = run.name(side);
    notes.unshift(`${who} shows no gradient here: the one computed above is put in.`);
  }
  return { notes, lines: updateLines(arithmetic, l, what, index, gradient) };
}
