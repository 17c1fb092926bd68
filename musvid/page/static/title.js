// The tab's title while a render runs: how far it is; and that it has ended, until somebody looks.
(() => {
  const NAME = document.title || "musvid";
  let ended = false;

  const set = (text) => {
    if (document.title !== text) document.title = text;
  };

  function look(place) {
    const bar = place.querySelector("[role=progressbar]");
    if (!bar || bar.classList.contains("over")) {
      if (bar && document.title !== NAME && !ended) {
        ended = document.hidden;
        set(ended ? `✓ ${bar.textContent.split("·")[0].trim()} · ${NAME}` : NAME);
      } else if (!bar) set(NAME);
      return;
    }
    ended = false;
    set(`${bar.getAttribute("aria-valuenow")} % · ${NAME}`);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && ended) {
      ended = false;
      set(NAME);
    }
  });
  window.musvid.dom.built(["#progress"], (place) =>
    window.musvid.dom.watch(place, ["aria-valuenow", "class"], () => look(place)));
})();
