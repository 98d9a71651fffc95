/*
 * Update rules, word for word as Keras computes them.
 *
 * Each takes the parameter w and its gradient g (both {v, s}), the names to write, `slot`, which
 * moves a slot of the side's own, and the number t of the step. It returns the lines, the last
 * of them the new w.
 */

const RULES = {
  SGD({ config, w, g, names, slot }) {
    const rate = num(config.learning_rate);
    if (!config.momentum) {
      return [
        {
          name: names.after,
          symbols: `${names.w} − η · ${names.g}`,
          numbers: `${shown(w.v)} − ${shown(rate.v)} · ${inTerm(g.v)}`,
          result: minus(w, times(g, rate)),
        },
      ];
    }
    const mu = num(config.momentum);
    const m = slot("momentum", (old) => ({
      name: "m",
      symbols: `μ · m − η · ${names.g}`,
      numbers: `${shown(mu.v)} · ${inTerm(old.v)} − ${shown(rate.v)} · ${inTerm(g.v)}`,
      result: minus(times(old, mu), times(g, rate)),
    }));
    const ahead = config.nesterov
      ? {
          symbols: `μ · m − η · ${names.g}`,
          numbers: `${shown(mu.v)} · ${inTerm(m.value.v)} − ${shown(rate.v)} · ${inTerm(g.v)}`,
          value: minus(times(m.value, mu), times(g, rate)),
        }
      : { symbols: "m", numbers: inTerm(m.value.v), value: m.value };
    return [
      m.line,
      {
        name: names.after,
        symbols: `${names.w} + ${ahead.symbols}`,
        numbers: `${shown(w.v)} + ${ahead.numbers}`,
        result: plus(w, ahead.value),
      },
    ];
  },

  RMSprop({ config, w, g, names, slot }) {
    const [rate, rho, epsilon] = [num(config.learning_rate), num(config.rho), num(config.epsilon)];
    const rest = num(1 - config.rho);
    const v = slot("velocity", (old) => ({
      name: "v",
      symbols: `ρ · v + (1 − ρ) · (${names.g})²`,
      numbers: `${shown(rho.v)} · ${shown(old.v)} + ${shown(rest.v)} · ${inTerm(g.v)}²`,
      result: plus(times(rho, old), times(rest, times(g, g))),
    }));
    const lines = [v.line];
    let [under, underText, underNumbers] = [v.value, "v", shown(v.value.v)];
    if (config.centered) {
      const a = slot("average_gradient", (old) => ({
        name: "a",
        symbols: `ρ · a + (1 − ρ) · ${names.g}`,
        numbers: `${shown(rho.v)} · ${inTerm(old.v)} + ${shown(rest.v)} · ${inTerm(g.v)}`,
        result: plus(times(rho, old), times(rest, g)),
      }));
      lines.push(a.line);
      [under, underText] = [minus(v.value, times(a.value, a.value)), "v − a²"];
      underNumbers = `${shown(v.value.v)} − ${inTerm(a.value.v)}²`;
    }
    const d = over(times(rate, g), root(plus(under, epsilon)));
    lines.push({
      name: "d",
      symbols: `η · ${names.g} / √(${underText} + ε)`,
      numbers: `${shown(rate.v)} · ${inTerm(g.v)} / √(${underNumbers} + ${shown(epsilon.v)})`,
      result: d,
    });
    let stride = { symbols: "d", value: d };
    if (config.momentum) {
      const mu = num(config.momentum);
      const m = slot("momentum", (old) => ({
        name: "m",
        symbols: "μ · m + d",
        numbers: `${shown(mu.v)} · ${inTerm(old.v)} + ${inTerm(d.v)}`,
        result: plus(times(mu, old), d),
      }));
      lines.push(m.line);
      stride = { symbols: "m", value: m.value };
    }
    lines.push({
      name: names.after,
      symbols: `${names.w} − ${stride.symbols}`,
      numbers: `${shown(w.v)} − ${inTerm(stride.value.v)}`,
      result: minus(w, stride.value),
    });
    return lines;
  },

  Adam({ config, w, g, names, slot, t }) {
    const [rate, epsilon] = [num(config.learning_rate), num(config.epsilon)];
    const [rest1, rest2] = [num(1 - config.beta_1), num(1 - config.beta_2)];
    const m = slot("momentum", (old) => ({
      name: "m",
      symbols: `m + (${names.g} − m) · (1 − β₁)`,
      numbers: `${shown(old.v)} + (${shown(g.v)} − ${inTerm(old.v)}) · ${shown(rest1.v)}`,
      result: plus(old, times(minus(g, old), rest1)),
    }));
    const v = slot("velocity", (old) => ({
      name: "v",
      symbols: `v + ((${names.g})² − v) · (1 − β₂)`,
      numbers: `${shown(old.v)} + (${inTerm(g.v)}² − ${shown(old.v)}) · ${shown(rest2.v)}`,
      result: plus(old, times(minus(times(g, g), old), rest2)),
    }));
    const lines = [m.line, v.line];
    let largest = v.value;
    if (config.amsgrad) {
      const top = slot("velocity_hat", (old) => ({
        name: "v̂",
        symbols: "max(v̂, v)",
        numbers: `max(${shown(old.v)}, ${shown(v.value.v)})`,
        result: old.v > v.value.v ? old : v.value,
      }));
      lines.push(top.line);
      largest = top.value;
    }
    // Keras raises the betas to the power t as float32 has them.
    const [base1, base2] = [config.beta_1_in_powers, config.beta_2_in_powers].map(
      (held, i) => held ?? Math.fround([config.beta_1, config.beta_2][i]),
    );
    const correction = (base) => ({ v: 1 - base ** t, s: (t + 1) * base ** t + 1 });
    const alpha = over(times(rate, root(correction(base2))), correction(base1));
    lines.push(
      {
        name: "α",
        symbols: "η · √(1 − β₂ᵗ) / (1 − β₁ᵗ)",
        numbers: `${shown(rate.v)} · √(1 − ${shown(base2)}^${t}) / (1 − ${shown(base1)}^${t})`,
        result: alpha,
      },
      {
        name: names.after,
        symbols: `${names.w} − m · α / (√${config.amsgrad ? "v̂" : "v"} + ε)`,
        numbers:
          `${shown(w.v)} − ${inTerm(m.value.v)} · ${shown(alpha.v)} / ` +
          `(√${shown(largest.v)} + ${shown(epsilon.v)})`,
        result: minus(w, over(times(m.value, alpha), plus(root(largest), epsilon))),
      },
    );
    return lines;
  },
};
RULES.AdamW = RULES.Adam;
