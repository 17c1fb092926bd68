// Says which picture is in front on the stage: whichever changed last.
(() => {
  // Gradio's pictures are buttons without a name that do nothing.
  const NAMES = {
    painted: "The painted moment", making: "The newest frame of the video",
    drawn: "Its spectrum", diffused: "Its painting",
  };
  const name = (row) => {
    for (const [id, text] of Object.entries(NAMES)) {
      const picture = row.querySelector(`#${id} button:has(img)`);
      if (!picture || picture.getAttribute("role") === "img") continue;
      picture.setAttribute("role", "img");
      picture.setAttribute("aria-label", text);
      picture.tabIndex = -1;
    }
  };

  const watch = (row) => {
    const source = (selector) => row.querySelector(selector)?.getAttribute("src") ?? "";
    const facts = () => ({
      moment: source("#painted img"),
      making: source("#making img"),
      video: source("#video video"),
      one: source("#drawn img"),
      many: [...row.querySelectorAll("#drawn-frames img")].map((each) => each.src).join(),
    });
    let known = {};
    const look = () => {
      const now = facts();
      const changed = (name) => now[name] && now[name] !== known[name];
      if (changed("video")) row.dataset.show = "video";
      else if (changed("moment")) row.dataset.show = "moment";
      // A render's frames come in front once: who looks at the moment meanwhile goes on doing so.
      else if (now.making && !known.making) row.dataset.show = "making";
      if (changed("many")) row.dataset.frames = "many";
      else if (changed("one")) row.dataset.frames = "one";
      const player = row.querySelector("#video video");
      if (player && row.dataset.show !== "video" && !player.paused) player.pause();
      known = now;
      name(row);
    };
    new MutationObserver(look).observe(row, {
      subtree: true, childList: true, attributes: true, attributeFilter: ["src"],
    });
    row.dataset.show = "moment";
    row.dataset.frames = "one";
    look();
  };
  // Gradio builds the page some time after this script, a part after another.
  const wait = new MutationObserver(() => {
    const [row, stage] = ["stage-row", "stage"].map((id) => document.getElementById(id));
    if (!row || !stage) return;
    if (!row.dataset.show) watch(row);
    // What is played is seen on the stage, wherever its controls lie; a page without a card of its
    // own plays nothing.
    const played = ["player-canvas", "player-badge"].map((id) => document.getElementById(id));
    if (!played.every(Boolean)) return;
    wait.disconnect();
    stage.append(...played);
  });
  wait.observe(document, { subtree: true, childList: true });
})();
