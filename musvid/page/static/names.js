// Gradio names plain boxes, which have to be something for their name to be told.
(() => {
  let waits = false;
  const look = () => {
    waits = false;
    for (const box of document.querySelectorAll("div[aria-label]:not([role])"))
      box.setAttribute("role", "group");
  };
  new MutationObserver(() => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(look);
  }).observe(document, { subtree: true, childList: true });
})();
