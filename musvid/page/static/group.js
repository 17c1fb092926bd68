// Buttons that are one tab stop: arrow keys, Home and End move between them.
(() => {
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

  // element: what holds them. selector: which they are; they may come and go. columns: how many
  // stand in a row where up and down go to other rows.
  function begin(element, selector, columns = () => 1) {
    const all = () => [...element.querySelectorAll(selector)].filter((one) => !one.disabled);
    const stop = (at) => all().forEach((one) => (one.tabIndex = one === at ? 0 : -1));
    const settle = () => {
      const buttons = all();
      const first = buttons.find((one) => one.tabIndex === 0 && one.hasAttribute("tabindex"));
      const on = buttons.find((one) => one.getAttribute("aria-pressed") === "true");
      stop(buttons.includes(document.activeElement) ? document.activeElement
        : on ?? first ?? buttons[0]);
    };
    element.addEventListener("keydown", (event) => {
      const buttons = all();
      const at = buttons.indexOf(event.target.closest(selector));
      if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
      let to = event.key === "Home" ? 0 : event.key === "End" ? buttons.length - 1 : null;
      if (event.key in STEPS) {
        const far = /Up|Down/.test(event.key) ? columns() : 1;
        to = at + STEPS[event.key] * far;
        if (far > 1 && !buttons[to]) to = at; // there is no such row
        to = (to + buttons.length) % buttons.length;
      }
      if (to === null) return;
      event.preventDefault();
      event.stopPropagation();
      stop(buttons[to]);
      buttons[to].focus();
    });
    element.addEventListener("focusin", (event) => {
      const at = event.target.closest(selector);
      if (at) stop(at);
    });
    element.setAttribute("data-arrows", ""); // they are not for the moment here, see keys.js
    settle();
    return settle;
  }

  // The same, where those are lit that `props.value` names (by data-NAME); a click tells the name.
  function toggles(element, props, watch, name, choose) {
    const settle = begin(element, "button");
    const mark = () => {
      const lit = [props.value ?? []].flat();
      for (const one of element.querySelectorAll("button"))
        one.setAttribute("aria-pressed", String(lit.includes(one.dataset[name])));
      settle();
    };
    element.addEventListener("click", (event) => {
      const chosen = event.target.closest("button");
      if (chosen) choose(chosen.dataset[name]);
    });
    watch("value", mark);
    mark();
  }

  (window.musvid ??= {}).group = { begin, toggles };
})();
