// The renders of this visit: a tile shows one again, and the button under it takes its settings.
(() => {
  const make = (name, kind, text) => {
    const made = document.createElement(name);
    if (name === "button") made.type = "button";
    made.className = kind;
    made.textContent = text;
    return made;
  };

  function item({ title, poster }, place, on) {
    const [whole, tile] = [make("div", "item", ""), make("button", "tile", "")];
    const [picture, use] = [document.createElement("img"), make("button", "use", "Load settings")];
    Object.assign(picture, { src: poster.url, alt: "" });
    tile.title = title;
    tile.append(picture, make("span", "", title));
    tile.addEventListener("click", () => on.again(place));
    use.setAttribute("aria-label", `Load settings of ${title}`);
    use.addEventListener("click", () => on.use(place));
    whole.append(tile, use);
    return whole;
  }

  function begin(element, props, watch, on) {
    const settle = window.musvid.group.begin(element, ".tile");
    let known = "";
    const show = () => {
      const { tiles = [], shown = 0 } = props.value ?? {};
      const now = JSON.stringify(tiles);
      if (now !== known)
        element.querySelector(".row").replaceChildren(
          ...tiles.map((each, place) => item(each, place, on)));
      known = now;
      element.querySelectorAll(".tile").forEach((tile, place) =>
        tile.setAttribute("aria-pressed", String(place === shown)));
      settle();
    };
    watch("value", show);
    show();
  }

  (window.musvid ??= {}).visit = { begin };
})();
