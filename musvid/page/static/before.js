// Before and after: the picture that stood on the stage before the last change, over the one that
// stands there now; a slider pulls it in from the left, and the key B shows it while it is held.
(() => {
  const TYPED = "input:not([type=range]), textarea, select, [contenteditable=true]";
  let now = null; // {source, moment}: what stands on the stage
  let box = null;

  const moment = () => document.querySelector("#moment input[type=number]")?.value ?? "";

  function build(stage) {
    box = document.createElement("div");
    box.id = "peek";
    box.hidden = true;
    const picture = Object.assign(document.createElement("img"), { alt: "" });
    const slider = Object.assign(document.createElement("input"), {
      type: "range", min: 0, max: 100, value: 0, title: "Before and after; B shows before",
    });
    slider.setAttribute("aria-label", "Before and after: how much is shown of the picture before");
    slider.addEventListener("input", () => pull(Number(slider.value)));
    // It changes no setting: nobody else is told.
    for (const kind of ["input", "change"])
      slider.addEventListener(kind, (event) => event.stopPropagation());
    const name = Object.assign(document.createElement("span"), { textContent: "Before and after" });
    box.append(picture, document.createElement("i"), name, slider);
    stage.append(box);
  }

  function pull(part) {
    box.style.setProperty("--part", `${part}%`);
    box.classList.toggle("pulled", part > 0);
  }

  function look() {
    const source = document.querySelector("#painted img")?.src;
    if (!source || source === now?.source) return;
    const before = now;
    now = { source, moment: moment() };
    const slider = box.querySelector("input");
    slider.value = 0;
    pull(0);
    // Of another moment it is no comparison.
    box.hidden = !before || before.moment !== now.moment;
    if (!box.hidden) box.querySelector("img").src = before.source;
  }

  function hold(event, on) {
    if (event.key !== "b" && event.key !== "B") return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.(TYPED)) return;
    if (!box || box.hidden) return;
    pull(on ? 100 : Number(box.querySelector("input").value));
  }

  document.addEventListener("keydown", (event) => hold(event, true));
  document.addEventListener("keyup", (event) => hold(event, false));
  window.musvid.dom.built(["#stage", "#painted"], (stage, painted) => {
    build(stage);
    window.musvid.dom.watch(painted, ["src"], look);
    look();
  });
})();
