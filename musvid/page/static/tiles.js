// Tiles: pictures that are buttons, and come one by one. A strip and a grid have them.
(() => {
  function made(place, take) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...["img", "span", "small"].map((kind) => document.createElement(kind)));
    button.firstChild.alt = "";
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") take(place);
    });
    return button;
  }

  // row: what holds them. tiles: { title, detail, picture }; a picture that is to come is "".
  function fill(row, tiles, take) {
    while (row.children.length > tiles.length) row.lastChild.remove();
    tiles.forEach(({ title, detail = "", picture }, place) => {
      const button = row.children[place] ?? row.appendChild(made(place, take));
      const [image, name, more] = button.children;
      if (!picture) image.removeAttribute("src");
      else if (image.getAttribute("src") !== picture) image.src = picture;
      image.hidden = !picture;
      button.classList.toggle("waits", !picture);
      button.setAttribute("aria-disabled", String(!picture));
      name.textContent = title;
      more.textContent = detail;
      more.hidden = !detail;
      button.title = detail ? `${title}, ${detail}` : title;
    });
  }

  (window.musvid ??= {}).tiles = { fill };
})();
