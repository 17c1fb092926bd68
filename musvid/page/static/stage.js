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
      one: ["#drawn img", "#diffused img"].map(source).join(""),
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
    window.musvid.dom.watch(row, ["src"], look);
    row.dataset.show = "moment";
    row.dataset.frames = "one";
    look();
  };
  const { built } = window.musvid.dom;
  built(["#stage-row", "#stage"], watch);
  // What is played is seen on the stage, wherever its controls lie; a page without a card of its
  // own plays nothing.
  built(["#stage", "#player-canvas", "#player-badge"], (stage, ...played) => stage.append(...played));
})();
