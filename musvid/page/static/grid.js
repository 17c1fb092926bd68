// The grid: tiles of two settings, row by row; arrow keys go up and down in it, too. Where other
// settings have changed since it was painted, it says so.
(() => {
  const STALE = "Painted for other settings; paint the grid again.";
  let controls = {}; // the controls' values as they were last told
  let look = () => {}; // says whether they are those of the grid

  function begin(element, props, watch, take) {
    const row = element.querySelector(".row");
    const columns = () => {
      const tops = [...row.children].map((one) => one.offsetTop);
      return Math.max(1, tops.filter((top) => top === tops[0]).length);
    };
    const settle = window.musvid.group.begin(element, "button", columns);
    let painted = null; // what it was painted with
    const now = () => {
      const varied = new Set(props.value?.varied ?? []);
      const others = Object.entries(controls).filter(([name]) => !varied.has(name));
      return JSON.stringify([document.querySelector("#moment input[type=number]")?.value, others]);
    };
    look = () => {
      const old = painted !== null && painted !== now();
      row.classList.toggle("old", old);
      const place = element.querySelector(".stale");
      if (place.textContent !== (old ? STALE : "")) place.textContent = old ? STALE : "";
    };
    const show = () => {
      const value = props.value ?? {};
      // A new one begins with no picture.
      if (value.tiles?.length && value.tiles.every(({ picture }) => !picture)) painted = now();
      row.classList.toggle("free", !value.columns);
      row.style.setProperty("--columns", value.columns || 1);
      row.style.setProperty("--count", value.tiles?.length || 1);
      row.style.setProperty("--shape", value.shape || 1);
      window.musvid.tiles.fill(row, value.tiles ?? [], take);
      settle();
      look();
    };
    watch("value", show);
    show();
  }

  window.musvid.changes.told.push((names, _own, song, values) => {
    controls = Object.fromEntries(names.map((name, place) => [name, values[place]]));
    controls.song = song?.path;
    look();
  });
  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#moment")) setTimeout(() => look());
  });
  (window.musvid ??= {}).grid = { begin };
})();
