/*
 * The update of one parameter: its rule, given what the side's weights and slots were before.
 */

/** Settings of an optimizer that change its arithmetic and are not written out here. */
const UNWRITTEN = [
  "clipnorm",
  "clipvalue",
  "global_clipnorm",
  "use_ema",
  "loss_scale_factor",
  "gradient_accumulation_steps",
];

/** Return the lines of one parameter's update. */
function updateLines(arithmetic, l, name, position, gradient) {
  const { run, step, side } = arithmetic;
  const config = run.run.optimizer;
  const unwritten = UNWRITTEN.find((setting) => config[setting]);
  if (!Object.hasOwn(RULES, config.class)) refuse(config.class);
  if (unwritten || typeof config.learning_rate !== "number") {
    refuse(`${config.class} with ${unwritten ?? "a schedule"}`);
  }
  const parameter = arithmetic.before(l, name);
  const path = `${run.layers[l].name}/${name}`;
  const parameterName = arithmetic.parameterName(l, name, placeOf(position, parameter.shape));
  const names = { w: parameterName, g: `∂L/∂${parameterName}`, after: `new ${parameterName}` };
  const lines = [];
  let w = num(parameter.data[position]);
  if (config.weight_decay) {
    const [decay, rate] = [num(config.weight_decay), num(config.learning_rate)];
    const decayed = minus(w, times(times(w, decay), rate));
    lines.push({
      name: "w",
      symbols: `${names.w} − ${names.w} · λ · η`,
      numbers: `${shown(w.v)} − ${inTerm(w.v)} · ${shown(decay.v)} · ${shown(rate.v)}`,
      result: decayed,
    });
    w = decayed;
    names.w = "w";
  }
  /** Return a slot's line, and its new value as recorded, or as computed where it is not. */
  const slot = (slotName, make) => {
    const old = arithmetic.need(
      run.slotBefore(step, l, name, slotName, side, parameter),
      `the ${slotName} of the ${name} before this step`,
    );
    const line = make(num(old.data[position]));
    line.recorded = arithmetic.recorded(`slot/${path}/${slotName}`, position);
    return { line, value: line.recorded === undefined ? line.result : num(line.recorded) };
  };
  const t = run.steps[step].number;
  lines.push(...RULES[config.class]({ config, w, g: gradient, names, slot, t }));
  lines.at(-1).recorded = arithmetic.recorded(`update/${path}`, position);
  lines.at(-1).final = true;
  return lines;
}
