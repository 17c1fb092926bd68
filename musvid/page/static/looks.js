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
    window.musvid.group.toggles(element, props, watch, "name", choose);
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
