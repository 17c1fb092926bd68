// Three hints at a first visit, one after the other, beside what they are about. Whoever closes
// them, or uses what they point at, never sees them again.
(() => {
  const KEY = "musvid.coached";
  const MARKS = [
    ["#choose", "Your song goes here, or drop it anywhere. The example is there to try."],
    ["#presets", "A look is one click. Nothing is lost: undo takes it back."],
    ["#levers", "These three make the motion. Press play, pull one, and watch."],
  ];

  const seen = () => {
    try { return Boolean(localStorage.getItem(KEY)); } catch { return true; } // forbidden
  };
  const forget = () => {
    try { localStorage.setItem(KEY, "1"); } catch { /* forbidden */ }
  };

  function begin() {
    const mark = document.createElement("div");
    mark.id = "coach";
    mark.setAttribute("role", "note");
    mark.setAttribute("aria-label", "A hint for a first visit");
    const [text, count] = [document.createElement("p"), document.createElement("small")];
    const button = (name, act) => {
      const made = Object.assign(document.createElement("button"), { type: "button", textContent: name });
      made.addEventListener("click", act);
      return made;
    };
    const buttons = document.createElement("div");
    let at = -1;

    const end = () => {
      forget();
      mark.remove();
      document.removeEventListener("input", end, true);
      removeEventListener("resize", place);
    };
    const place = () => {
      const about = document.querySelector(MARKS[at][0]);
      if (!about) return next();
      // As far from the edges as the style says.
      if (at) about.scrollIntoView({ block: "nearest" });
      const { left, bottom, top } = about.getBoundingClientRect();
      const wide = Math.min(320, innerWidth - 24);
      const below = bottom + 12 + mark.offsetHeight < innerHeight;
      mark.style.width = `${wide}px`;
      mark.style.left = `${scrollX + Math.max(12, Math.min(left, innerWidth - wide - 12))}px`;
      mark.style.top = `${scrollY + (below ? bottom + 12 : Math.max(12, top - mark.offsetHeight - 12))}px`;
      mark.classList.toggle("above", !below);
    };
    const next = () => {
      at += 1;
      if (at === MARKS.length) return end();
      text.textContent = MARKS[at][1];
      count.textContent = `${at + 1} of ${MARKS.length}`;
      buttons.firstChild.textContent = at + 1 < MARKS.length ? "Next" : "Done";
      place();
    };
    buttons.append(button("Next", () => next()), button("No more hints", end));
    mark.append(text, count, buttons);
    document.body.append(mark);
    addEventListener("resize", place);
    document.addEventListener("input", end, true);
    mark.addEventListener("keydown", (event) => event.key === "Escape" && end());
    next();
  }

  if (seen()) return;
  // When the page stands, and the first of them is in sight: nobody's first sight is scrolled away.
  window.musvid.dom.built([...MARKS.map(([about]) => about), "#plan .line"], (first) => {
    const watcher = new IntersectionObserver((seen) => {
      if (!seen.some((one) => one.isIntersecting)) return;
      watcher.disconnect();
      begin();
    }, { threshold: 1, rootMargin: "0px 0px -130px" }); // not under what stands at the bottom
    watcher.observe(first);
  });
})();
