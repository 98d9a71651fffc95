/*
 * A walk through a run: where one is, where the next difference is, and both in words. Places are
 * counted in phases, over all steps that are in the page.
 */

class Walk {
  constructor(run) {
    this.run = run;
    this.end = run.steps.length * PHASES.length - 1;
    /** All places where something differs. */
    this.divergences = range(this.end + 1).filter((at) => {
      const [step, phase] = placeOf(at, [run.steps.length, PHASES.length]);
      return run.differing(step, PHASES[phase]).length > 0;
    });
    this.at = this.divergences[0] ?? 0;
  }

  get step() {
    return Math.floor(this.at / PHASES.length);
  }

  get phase() {
    return PHASES[this.at % PHASES.length];
  }

  go(at) {
    this.at = Math.min(Math.max(at, 0), this.end);
  }

  /** Go to a step, in the phase where one is. */
  goToStep(step) {
    const known = Math.min(Math.max(step, 0), this.run.steps.length - 1);
    this.at = known * PHASES.length + (this.at % PHASES.length);
  }

  /** Return the next place with a difference, in direction 1 or −1; undefined if there is none. */
  divergence(direction) {
    return direction > 0
      ? this.divergences.find((at) => at > this.at)
      : this.divergences.findLast((at) => at < this.at);
  }

  /** Say that there is no divergence left in a direction, at least none that is drawn. */
  noneInWords(direction) {
    const { run, steps } = this.run;
    const last = steps.at(-1).number;
    const behind = direction > 0 && run.divergences.find((number) => number > last);
    if (behind) return `The next divergence is in step ${counted(behind)}, which is not drawn.`;
    return `There is no ${direction > 0 ? "next" : "previous"} divergence.`;
  }

  /** Say which step this is, and whether others before it are missing. */
  placeInWords() {
    const gap = this._gapInWords();
    return `${this._head()}${gap ? `; ${gap}` : ""}`;
  }

  _head() {
    const { number, epoch } = this.run.steps[this.step];
    return `Step ${counted(number)} of ${counted(this.run.total)}, epoch ${epoch}`;
  }

  /** Say which steps before this one are missing; an empty text where none is. */
  _gapInWords() {
    const gap = this.run.gap(this.step);
    if (!gap) return "";
    const [from, to] = gap.map(counted);
    return from === to ? `step ${from} is not drawn` : `steps ${from} to ${to} are not drawn`;
  }

  /** Say where one is and what differs. */
  inWords() {
    const { run, step, phase } = this;
    const said = `${this._head()}, ${phase}: ${differencesInWords(run, step, phase)}.`;
    const gap = this._gapInWords();
    return gap ? `${said} ${gap[0].toUpperCase()}${gap.slice(1)}.` : said;
  }
}

function differencesInWords(run, step, phase) {
  const differing = run.differing(step, phase);
  if (differing.length === 0) return phaseOutcome(run, step, phase).sentence;
  const total = differing.reduce((all, { count }) => all + count, 0);
  const listed = differing
    .slice(0, 3)
    .map(({ site, count, size }) => `${siteInWords(run, site)} (${count} of ${size})`);
  const more = differing.length > 3 ? `, and ${differing.length - 3} more` : "";
  return `${plural(total, "value differs", "values differ")}: ${listed.join(", ")}${more}`;
}

/** The outcomes of a phase in which nothing differs. */
const OUTCOMES = {
  notFinite: {
    name: "incomparable",
    shape: "?",
    word: "not finite",
    sentence: "values leave the finite numbers on both sides",
  },
  unseen: {
    name: "unseen",
    shape: "–",
    word: "not compared",
    sentence: "nothing is compared here",
  },
  close: {
    name: "close",
    shape: "≈",
    word: "within rounding",
    sentence: "every value agrees within rounding",
  },
  exact: {
    name: "exact",
    shape: "=",
    word: "exact",
    sentence: "every value is exact, bit for bit",
  },
};

/** Return the outcome of a phase as a whole: {name, shape, word, sentence}. */
function phaseOutcome(run, step, phase) {
  const total = run.differing(step, phase).reduce((all, { count }) => all + count, 0);
  if (total > 0) return { name: "diverged", shape: "≠", word: plural(total, "differs", "differ") };
  const { sites } = run.steps[step];
  const outcomes = run.sites(step, phase).map((site) => sites[site].outcome);
  if (outcomes.includes("INCOMPARABLE")) return OUTCOMES.notFinite;
  if (outcomes.every((outcome) => outcome === null)) return OUTCOMES.unseen;
  return outcomes.includes("CLOSE") ? OUTCOMES.close : OUTCOMES.exact;
}

/** Return a site in words. */
function siteInWords(run, site) {
  if (site === "loss/value") return "loss";
  const kind = site.slice(0, site.indexOf("/"));
  const rest = site.slice(kind.length + 1);
  // A layer's name may have slashes too.
  const layer = run.layers.find(({ name }) => rest.startsWith(`${name}/`));
  if (!layer) return site;
  const [what, slot] = rest.slice(layer.name.length + 1).split("/");
  const words = {
    forward: "output",
    backward: `${what} gradient`,
    update: `new ${what}`,
    slot: `${slot} of the ${what}`,
  };
  return Object.hasOwn(words, kind) ? `${words[kind]} of ${layer.name}` : site;
}
