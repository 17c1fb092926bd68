// What other scripts here do with Gradio's page. It comes first: scripts go by their names.
(() => {
  // Sets a field as if somebody had pulled or typed it.
  function set(field, value) {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Calls with elements, one of each selector, once all are there: Gradio builds the page some time
  // after the scripts, a part after another.
  function built(selectors, call) {
    const look = () => {
      const found = selectors.map((each) => document.querySelector(each));
      if (!found.every(Boolean)) return;
      wait.disconnect();
      call(...found);
    };
    const wait = new MutationObserver(look);
    wait.observe(document, { subtree: true, childList: true });
  }

  // Calls whenever something within an element changes: parts of it, or attributes of these names.
  function watch(element, attributeFilter, call) {
    new MutationObserver(call).observe(element, {
      subtree: true, childList: true, attributes: true, attributeFilter,
    });
  }

  (window.musvid ??= {}).dom = { set, built, watch };
})();
