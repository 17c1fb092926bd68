// The strip: tiles that come one by one; a click takes the value that a tile was painted with.
(() => {
  function begin(element, props, watch, take) {
    const settle = window.musvid.group.begin(element, "button");
    const row = element.querySelector(".row");
    const show = () => {
      const [tiles, stale] = [props.value ?? [], props.stale ?? ""];
      window.musvid.tiles.fill(row, tiles, take);
      element.classList.toggle("old", Boolean(stale));
      element.querySelector(".stale").textContent = stale;
      settle();
    };
    watch(["value", "stale"], show);
    show();
  }

  (window.musvid ??= {}).strip = { begin };
})();
