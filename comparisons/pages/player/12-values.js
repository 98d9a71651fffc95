/*
 * What is shown where: the numbers of both sides in a phase, as lines of text and in words. Two
 * numbers that agree are one line; two that differ are a mark and a line for each side.
 */

const SHAPES = { candidate: "●", reference: "■" };

/** Return both sides of a parameter in a phase: {candidate, reference, difference, summary}. */
function parameterShown(run, step, phase, l, name) {
  const path = `${run.layers[l].name}/${name}`;
  const at = parameterSite(run, step, phase, path);
  const isMoved = phase === "backward" || phase === "update";
  const [candidate, reference] = SIDES.map((side) =>
    isMoved ? run.values(step, at.site, side) : run.before(step, l, name, side),
  );
  if (!at) return { candidate, reference, difference: NONE };
  const { summary } = run.steps[at.step].sites[at.site] ?? {};
  return { candidate, reference, difference: run.difference(at.step, at.site), summary };
}

/** Return where a parameter's numbers were compared, as {site, step}; null where nowhere. */
function parameterSite(run, step, phase, path) {
  if (phase === "backward") return { site: `backward/${path}`, step };
  if (phase === "update") return { site: `update/${path}`, step };
  // What a step begins with was compared as the update of the step before, if that is there.
  const isThere = step > 0 && run.gap(step) === null && !run.isLocked;
  return isThere ? { site: `update/${path}`, step: step - 1 } : null;
}

/** Return the lines of text for one number of both sides. */
function valueLines(candidate, reference, differs) {
  if (differs) {
    const [c, r] = apart(candidate ?? null, reference ?? null, 4);
    return [
      { text: "≠ differs", kind: "differs" },
      { text: `${SHAPES.candidate} ${c}`, kind: "candidate" },
      { text: `${SHAPES.reference} ${r}`, kind: "reference" },
    ];
  }
  const isAlone = candidate === undefined && reference !== undefined;
  return isAlone
    ? [{ text: `${SHAPES.reference} ${shown(reference, 4)}`, kind: "reference" }]
    : [{ text: shown(reference ?? candidate, 4), kind: "both" }];
}

/** Say in words what one number of both sides is. */
function valueInWords(run, candidate, reference, differs) {
  if (!differs) return shown(reference ?? candidate);
  const [c, r] = apart(candidate ?? null, reference ?? null);
  const [ours, theirs] = SIDES.map((side) => run.name(side));
  return `differs: candidate ${ours} ${c}, reference ${theirs} ${r}`;
}

/** Return the lines that sum an array up: its shape, its range, and how many values differ. */
function summaryLines({ candidate, reference, difference, summary }, shape) {
  const size = { text: `${shape.join(" × ")} values`, kind: "muted" };
  const theirs = (kind) => rangeLines(reference, summary?.reference, kind);
  if (difference.count === 0) {
    return [size, ...theirs("both"), { text: "none differs", kind: "muted" }];
  }
  const ours = rangeLines(candidate, summary?.candidate, "candidate");
  const count = `≠ ${difference.count} of ${difference.size} differ`;
  return [size, ...ours, ...theirs("reference"), { text: count, kind: "differs" }];
}

/** Return the lines of an array's range; of a wide one only its ends are told. */
function rangeLines(values, told, kind) {
  const line = (text) => ({ text: kind === "both" ? text : `${SHAPES[kind]} ${text}`, kind });
  if (values) {
    return [
      line(`min ${shown(Math.min(...values.data), 4)}`),
      line(`mean ${shown(mean(values.data), 4)}`),
      line(`max ${shown(Math.max(...values.data), 4)}`),
    ];
  }
  return told ? [line(`${shown(toNumber(told.min), 3)} … ${shown(toNumber(told.max), 3)}`)] : [];
}

const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;
