// The strip: tiles that come one by one; a click takes the value that a tile was painted with.
(() => {
  function begin(element, props, watch, take) {
    const settle = window.musvid.group.begin(element, "button");
    const row = element.querySelector(".row");
    const show = () => {
      const [tiles, stale] = [props.value ?? [], props.stale ?? ""];
      while (row.children.length > tiles.length) row.lastChild.remove();
      tiles.forEach(({ title, picture }, place) => {
        let button = row.children[place];
        if (!button) {
          button = document.createElement("button");
          button.type = "button";
          button.append(document.createElement("img"), document.createElement("span"));
          button.addEventListener("click", () => take(place));
          row.append(button);
        }
        const [image, text] = button.children;
        image.alt = "";
        if (image.getAttribute("src") !== picture) image.src = picture;
        text.textContent = button.title = title;
      });
      element.classList.toggle("old", Boolean(stale));
      element.querySelector(".stale").textContent = stale;
      settle();
    };
    watch(["value", "stale"], show);
    show();
  }

  (window.musvid ??= {}).strip = { begin };
})();
