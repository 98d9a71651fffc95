/*
 * The numbers of one place in the picture: each part gets its lines of text, its mark where the
 * two sides differ, and its name for those who listen.
 */

/** Fill in the numbers of a step, a phase, and a row of the batch. */
function fill(picture, step, phase, row) {
  const { run, columns } = picture;
  fillInput(picture, step, row);
  for (const column of columns.filter(({ l, kind }) => l >= 0 && kind !== "loss")) {
    fillOutputs(picture, step, row, column);
    for (const name of run.layers[column.l].tensors) {
      fillParameter(picture, step, phase, column.l, name);
    }
  }
  fillLoss(picture, step, phase, row);
}

function fillInput({ run, columns, parts }, step, row) {
  const x = run.x(step);
  const { shape } = columns[0];
  const block = parts.get("x/*");
  if (block) {
    const lines = summaryLines({ reference: x, difference: NONE }, x?.shape ?? shape);
    write(block, lines.slice(0, x ? 4 : 1));
    return;
  }
  for (const i of range(shape[0])) {
    const number = shown(x?.data[row * shape[0] + i], 4);
    write(parts.get(`x/${i}`), [
      { text: `x[${i}]`, kind: "muted" },
      { text: number, kind: "both" },
    ]);
  }
}

function fillOutputs({ run, parts }, step, row, column) {
  const layer = run.layers[column.l];
  const site = `forward/${layer.name}/output`;
  const [candidate, reference] = SIDES.map((side) => run.values(step, site, side));
  const difference = run.difference(step, site);
  const size = productOf(column.shape);
  if (column.kind === "units") {
    for (const j of range(size)) {
      const at = row * size + j;
      const both = [candidate?.data[at], reference?.data[at]];
      const differs = difference.at(at);
      const lines = valueLines(...both, differs);
      if (!differs) lines.unshift({ text: unitName(run, column.l, j), kind: "muted" });
      const part = parts.get(`${column.l}/output/${j}`);
      write(part, lines, differs);
      label(part, `unit ${j} of ${layer.name}: ${valueInWords(run, ...both, differs)}`);
    }
    return;
  }
  const { summary } = run.steps[step].sites[site] ?? {};
  const shape = reference?.shape ?? [run.steps[step].rows.length, ...column.shape];
  const lines = summaryLines({ candidate, reference, difference, summary }, shape);
  const part = parts.get(`${column.l}/output/*`);
  write(part, lines, difference.count > 0);
  label(part, `output of ${layer.name}, ${layer.class}: ${listed(lines)}`);
}

function fillParameter({ run, parts }, step, phase, l, tensorName) {
  const all = parameterShown(run, step, phase, l, tensorName);
  const layer = run.layers[l];
  const block = parts.get(`${l}/${tensorName}/*`);
  if (block) {
    const shape = all.reference?.shape ?? all.summary?.shape ?? ["?"];
    const lines = summaryLines(all, shape);
    const letter = `${phase === "backward" ? "∂L/∂" : ""}${tensorName === "kernel" ? "W" : "b"}`;
    const title = { text: `${letter}${layer.number}`, kind: "title" };
    write(block, [title, ...lines], all.difference.count > 0);
    label(block, `${tensorName} of ${layer.name}: ${listed(lines)}`);
    return;
  }
  const sizes = (all.reference?.data ?? []).map(Math.abs).filter(Number.isFinite);
  const largest = Math.max(...sizes, 1e-300);
  const units = layer.output_shape.at(-1);
  const what = { backward: "gradient of the ", update: "new " }[phase] ?? "";
  for (const at of range((all.reference ?? all.candidate)?.data.length ?? 0)) {
    const part = parts.get(`${l}/${tensorName}/${at}`);
    if (!part) continue;
    const both = [all.candidate?.data[at], all.reference?.data[at]];
    const differs = all.difference.at(at);
    const lines = valueLines(...both, differs);
    if (tensorName === "bias" && !differs) lines[0].text = `b ${lines[0].text}`;
    write(part, lines, differs);
    const where =
      tensorName === "kernel"
        ? `weight of ${layer.name} from ${Math.floor(at / units)} to unit ${at % units}`
        : `${tensorName} of unit ${at} of ${layer.name}`;
    label(part, `${what}${where}: ${valueInWords(run, ...both, differs)}`);
    if (part.line) weigh(part.line, both[1] ?? both[0] ?? 0, largest, differs);
  }
}

/** Let a line be as thick as its weight is large, and dashed where that is negative. */
function weigh(line, value, largest, differs) {
  const share = Math.min(1, Math.abs(value) / largest || 0);
  line.setAttribute("stroke-width", (1.5 + 5 * share).toFixed(2));
  line.classList.toggle("negative", value < 0);
  line.classList.toggle("differs", differs);
}

function fillLoss({ run, parts }, step, phase, row) {
  const both = SIDES.map((side) => run.values(step, "loss/value", side)?.data[0]);
  const differs = run.difference(step, "loss/value").at(0);
  const lines = valueLines(...both, differs);
  if (!differs) lines[0].text = `L = ${lines[0].text}`;
  const y = run.y(step);
  if (y) {
    const width = y.data.length / run.steps[step].rows.length;
    const targets = y.data.slice(row * width, (row + 1) * width).map((v) => shown(v, 3));
    lines.push({ text: `y = ${shortened(targets.join(", "), 18)}`, kind: "muted" });
  }
  const part = parts.get("loss");
  write(part, lines, differs);
  part.group.classList.toggle("ahead", phase === "forward");
  label(part, `loss: ${valueInWords(run, ...both, differs)}`);
}

const listed = (lines) => lines.map(({ text }) => text).join(", ");

/** Give a part its name for those who listen. */
const label = (part, words) => part.group.setAttribute("aria-label", words);

const unitName = (run, l, j) => new Arithmetic(run, 0, "reference").outputName(l, j);

/** Write lines of text around the centre of a part; a pill shrinks to what it says. */
function write({ group, centre, size, shape, kind }, lines, differs = false) {
  const isPill = kind === "weight" || kind === "bias";
  const height = lines.length > 1 ? BIG_PILL.height : PILL.height;
  // A bias hangs from its unit, however high it is.
  const y = kind === "bias" ? centre.y + (height - size.height) / 2 : centre.y;
  // In a circle there is room for two lines: the word stands above it.
  const above = kind === "unit" && differs ? 1 : 0;
  const top = y - ((lines.length - above - 1) * LINE) / 2;
  const heightOf = (i) => (i < above ? y - RADIUS - 11 : top + (i - above) * LINE);
  const texts = lines.map((line, i) => textAt(centre.x, heightOf(i), line.kind, line.text));
  group.querySelector(".text").replaceChildren(...texts);
  group.classList.toggle("differs", differs);
  if (!isPill) return;
  const longest = Math.max(...lines.map(({ text }) => text.length));
  const width = Math.min(size.width, 14 + 9 * longest);
  const box = { x: centre.x - width / 2, y: y - height / 2, width, height };
  for (const [side, value] of Object.entries(box)) mark(shape, side, value);
}
