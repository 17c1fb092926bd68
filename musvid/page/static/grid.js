// The grid: tiles of two settings, row by row; arrow keys go up and down in it, too.
(() => {
  function begin(element, props, watch, take) {
    const row = element.querySelector(".row");
    const columns = () => {
      const tops = [...row.children].map((one) => one.offsetTop);
      return Math.max(1, tops.filter((top) => top === tops[0]).length);
    };
    const settle = window.musvid.group.begin(element, "button", columns);
    const show = () => {
      const value = props.value ?? {};
      row.classList.toggle("free", !value.columns);
      row.style.setProperty("--columns", value.columns || 1);
      row.style.setProperty("--count", value.tiles?.length || 1);
      row.style.setProperty("--shape", value.shape || 1);
      window.musvid.tiles.fill(row, value.tiles ?? [], take);
      settle();
    };
    watch("value", show);
    show();
  }

  (window.musvid ??= {}).grid = { begin };
})();
