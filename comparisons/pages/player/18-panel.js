/*
 * The panel of the arithmetic: lists to choose a quantity and a place in it, and for each side
 * the lines that lead to its number, held against the recorded one.
 */

class Panel {
  /** `pick({l, what, index})` is called with what was chosen. */
  constructor(run, prefix, pick) {
    this.run = run;
    this.quantities = quantitiesOf(run);
    const options = this.quantities.map(({ label }, i) => element("option", { value: i }, label));
    this.quantity = element("select", { id: `${prefix}-quantity` }, ...options);
    this.place = element("select", { id: `${prefix}-place` });
    this.title = element("h4", { id: `${prefix}-arithmetic` });
    this.body = element("div", { class: "sides" });
    const choosers = element(
      "div",
      { class: "choosers" },
      element("label", { for: this.quantity.id }, "Show the arithmetic of"),
      this.quantity,
      element("label", { for: this.place.id }, "at"),
      this.place,
    );
    const named = { class: "arithmetic", "aria-labelledby": this.title.id };
    this.root = element("section", named, this.title, choosers, this.body);
    const pickAt = (index) => {
      const { l, what } = this.quantities[this.quantity.value];
      pick({ l, what, index });
    };
    this.quantity.addEventListener("change", () => pickAt(0));
    this.place.addEventListener("change", () => pickAt(Number(this.place.value)));
  }

  /** Say whether the numbers of a quantity are in the page one by one. */
  offers(l, what) {
    return this.quantities.some((quantity) => quantity.l === l && quantity.what === what);
  }

  /** Show the arithmetic of what is picked, at a place. */
  show(step, phase, row, pick) {
    this._choose(pick);
    this.title.textContent = `Arithmetic: ${titleOf(this.run, pick)}`;
    const sides = SIDES.map((side) => this._side(step, phase, row, pick, side));
    this.body.replaceChildren(...sides);
  }

  /** Let the two lists say what is picked. */
  _choose({ l, what, index }) {
    const at = this.quantities.findIndex((each) => each.l === l && each.what === what);
    if (this._chosen !== at) {
      this._chosen = at;
      const places = this.quantities[at].places();
      const options = places.map((label, i) => element("option", { value: i }, label));
      this.place.replaceChildren(...options);
    }
    this.quantity.value = String(at);
    this.place.value = String(index);
  }

  _side(step, phase, row, pick, side) {
    const { run } = this;
    const who = `${side}: ${run.name(side)}`;
    const [inRow, picked] = withinRow(run, pick, row);
    const blocks = blocksOf(new Arithmetic(run, step, side), picked, inRow);
    return element(
      "section",
      { class: `side of-${side}`, "aria-label": who },
      element("h5", { class: side }, `${SHAPES[side]} ${who}`),
      ...blocks.map((block) => this._block(block, phase)),
    );
  }

  _block({ phase, title, notes, lines, sentence, partedBehind }, current) {
    const paragraph = (kind, text) => element("p", { class: kind }, text);
    const content = sentence
      ? [paragraph("not-shown", sentence)]
      : [
          ...lines.map((line) => this._line(line, partedBehind)),
          ...notes.map((note) => paragraph("note", note)),
        ];
    const kind = phase === current ? "block now" : "block";
    return element("div", { class: kind }, element("h6", {}, title), ...content);
  }

  _line({ name, symbols, numbers, result, recorded, final }, partedBehind) {
    const part = (kind, ...children) => element("span", { class: kind }, ...children);
    const equals = () => part("equals", "= ");
    const value = inRange(result.v, this.run.run.dtype);
    const computed = element("data", { value: String(value) }, shown(value));
    const row = element("p", { class: final ? "line final" : "line" }, part("name", name), " ");
    if (symbols) row.append(part("symbols", equals(), symbols), " ");
    if (numbers && numbers !== shown(value)) row.append(part("numbers", equals(), numbers), " ");
    row.append(part("result", equals(), computed));
    const isRecorded = recorded !== undefined && recorded !== null;
    if (isRecorded) row.append(" ", this._verdict(result, recorded, computed, partedBehind));
    else if (final) row.append(" ", part("unrecorded", "not recorded by this side"));
    return row;
  }

  /** Hold a result against the recorded number. */
  _verdict(result, recorded, computed, partedBehind) {
    const number = (text) => element("data", { value: String(recorded) }, text);
    if (agrees(result, recorded, this.run.run.dtype)) {
      return element("span", { class: "agrees" }, "✓ recorded: ", number(shown(recorded)));
    }
    const [expected, real] = apart(result.v, recorded);
    computed.textContent = expected;
    const why = partedBehind
      ? `: it parts, as the gradients of ${partedBehind} do already`
      : ": this is where it parts";
    return element("strong", { class: "parts" }, "≠ the recorded value is ", number(real), why);
  }
}

/** Return everything that can be picked: {l, what, label, places}. */
function quantitiesOf(run) {
  const quantities = run.layers.flatMap((layer, l) => [
    ...layer.tensors
      .map((what) => ({ what, shape: shapeOf(run, l, what) }))
      .filter(({ shape }) => shape)
      .map(({ what, shape }) => ({
        l,
        what,
        label: `${{ kernel: "weights", bias: "biases" }[what] ?? what} of ${layer.name}`,
        places: () => placesIn(shape).map((place) => namesOf(run).parameterName(l, what, place)),
      })),
    outputsOf(layer, l),
  ]);
  return [...quantities, { l: null, what: "loss", label: "the loss", places: () => ["L"] }];
}

function outputsOf({ class: kind, name, output_shape: shape }, l) {
  const [one, all] = kind === "Dense" ? ["unit", "units"] : ["value", "values"];
  const places = () => placesIn(shape).map((place) => `${one} [${place.join(",")}]`);
  return { l, what: "output", label: `${all} of ${name}`, places };
}

const placesIn = (shape) => range(productOf(shape)).map((i) => placeOf(i, shape));

/** Return the shape of a parameter; undefined where it is too wide to be in the page. */
const shapeOf = (run, l, what) => tensor(run.run.start[`${run.layers[l].name}/${what}`])?.shape;

/** Return what knows how parts of the network are called: at every step and side the same. */
const namesOf = (run) => new Arithmetic(run, 0, "reference");

function titleOf(run, { l, what, index }) {
  if (what === "loss") return "the loss";
  const layer = run.layers[l];
  if (what === "output") return `unit ${placeOf(index, layer.output_shape)} of ${layer.name}`;
  const place = placeOf(index, shapeOf(run, l, what));
  const name = namesOf(run).parameterName(l, what, place);
  if (what !== "kernel") return `${name}, ${partName(what)} of ${layer.name}`;
  const from = l === 0 ? `input ${place[0]}` : `${run.layers[l - 1].name} ${place[0]}`;
  return `${name}, weight of ${layer.name} from ${from} to unit ${place[1]}`;
}

/** Return the row and the column of a picked output, which is counted within one sample. */
function withinRow(run, pick, row) {
  if (pick.what !== "output") return [row, pick];
  const { output_shape: shape } = run.layers[pick.l];
  const columns = shape.at(-1) ?? 1;
  const at = row * productOf(shape) + pick.index;
  return [Math.floor(at / columns), { ...pick, index: at % columns }];
}
