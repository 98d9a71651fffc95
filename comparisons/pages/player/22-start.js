/*
 * The start: a page may have many runs. A player is built when it comes near the window, when
 * there is nothing else to do, or when the page is printed.
 */

const story = document.getElementById("story");
const runs = story ? JSON.parse(story.textContent).runs : [];

const waiting = new Set(document.querySelectorAll(".player[data-run]"));
const whenIdle = window.requestIdleCallback ?? ((act) => setTimeout(act, 200));

/** Build one player. Without steps or layers there is nothing to walk through: words stay. */
function build(root) {
  if (!waiting.delete(root)) return;
  watcher.unobserve(root);
  const run = runs.find(({ id }) => id === root.dataset.run);
  if (run && run.steps.length > 0 && run.layers.length > 0) new Player(root, run);
}

/** Build the players that nobody has come near, one at a time. */
function buildNext() {
  if (waiting.size === 0) return;
  build(waiting.values().next().value);
  whenIdle(buildNext);
}

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) build(target);
  },
  { rootMargin: "100% 0px" },
);
waiting.forEach((root) => watcher.observe(root));
addEventListener("beforeprint", () => [...waiting].forEach(build));
whenIdle(buildNext);
