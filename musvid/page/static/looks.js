// The tiles of the looks: which one the controls show, and pictures that come one by one.
(() => {
  const address = (picture) => (typeof picture === "string" ? picture : picture?.url);
  let pictures = {};

  function show() {
    for (const [name, picture] of Object.entries(pictures)) {
      const found = document.querySelector(`#presets [data-name="${name}"] img`);
      const source = address(picture);
      if (!found || !source || found.getAttribute("src") === source) continue;
      found.src = source;
      found.classList.toggle("own", source.startsWith("data:"));
    }
  }

  function begin(element, props, watch, choose) {
    const settle = window.musvid.group.begin(element, "button");
    const mark = () => {
      for (const one of element.querySelectorAll("button"))
        one.setAttribute("aria-pressed", String(one.dataset.name === props.value));
      settle();
    };
    element.addEventListener("click", (event) => {
      const chosen = event.target.closest("button");
      if (chosen) choose(chosen.dataset.name);
    });
    watch("value", mark);
    mark();
    show();
  }

  function paint(props, watch) {
    const take = () => {
      pictures = props.value ?? {};
      show();
    };
    watch("value", take);
    take();
  }

  (window.musvid ??= {}).looks = { begin, paint };
})();
