// Chips: which words the prompt holds is told by the page; a click asks for one to be changed.
(() => {
  function begin(element, props, watch, choose) {
    const settle = window.musvid.group.begin(element, "button");
    const mark = () => {
      const lit = new Set(props.value ?? []);
      for (const chip of element.querySelectorAll("button"))
        chip.setAttribute("aria-pressed", String(lit.has(chip.dataset.word)));
      settle();
    };
    element.addEventListener("click", (event) => {
      const chip = event.target.closest("button");
      if (chip) choose(chip.dataset.word);
    });
    watch("value", mark);
    mark();
  }

  (window.musvid ??= {}).chips = { begin };
})();
