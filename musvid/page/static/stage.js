// Says which picture is in front on the stage: whichever changed last.
(() => {
  const watch = (row) => {
    const source = (selector) => row.querySelector(selector)?.getAttribute("src") ?? "";
    const facts = () => ({
      moment: source("#painted img"),
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
      if (changed("many")) row.dataset.frames = "many";
      else if (changed("one")) row.dataset.frames = "one";
      const player = row.querySelector("#video video");
      if (player && row.dataset.show !== "video" && !player.paused) player.pause();
      known = now;
    };
    new MutationObserver(look).observe(row, {
      subtree: true, childList: true, attributes: true, attributeFilter: ["src"],
    });
    row.dataset.show = "moment";
    row.dataset.frames = "one";
    look();
  };
  // Gradio builds the page some time after this script.
  const wait = new MutationObserver(() => {
    const find = (id) => document.getElementById(id);
    const row = find("stage-row");
    const parts = [find("stage"), find("player-canvas"), find("player-badge")];
    if (!row || !parts.every(Boolean)) return;
    wait.disconnect();
    // What is played is seen on the stage, wherever its controls lie.
    const [stage, ...played] = parts;
    stage.append(...played);
    watch(row);
  });
  wait.observe(document, { subtree: true, childList: true });
})();
