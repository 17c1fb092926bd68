// Whoever leaves while a render runs is asked whether they mean it.
(() => {
  // Then the page loads itself again, as Gradio does, and the render goes on.
  const lost = () => [...document.querySelectorAll('.toast-body')].some(
    (one) => one.textContent.includes('Connection to the server was lost'));
  addEventListener('beforeunload', (event) => {
    const stop = document.getElementById('stop');
    if (!stop || stop.disabled || lost()) return;
    event.preventDefault();
  });
  // Gradio would hang up before it is known whether they stay: call all lost that is not answered,
  // and ask for some of it again, of a server that has forgotten who they are. Its listener is
  // there before this script. Whoever leaves hangs up by leaving.
  const { abort } = AbortController.prototype;
  AbortController.prototype.abort = function (...given) {
    if (window.event?.type !== 'beforeunload') abort.apply(this, given);
  };
})();
