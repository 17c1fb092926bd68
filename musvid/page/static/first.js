// Plays the film of first sight until a visitor does something, see page/first.py.
window.musvid ??= {};
window.musvid.first = (() => {
  // Whoever opens a part of the page, or moves about, only looks.
  const LOOKS = "#first, .label-wrap, summary, a";
  const DOES = "button, label, input, textarea, select, audio, video, [role=slider]";

  const known = () => {
    try {
      return Boolean(sessionStorage.getItem("musvid.settings"));
    } catch {
      return false; // forbidden
    }
  };

  function begin(element, props) {
    const [film, tap, said] = ["video", "button", "p"].map((tag) => element.querySelector(tag));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (still || known() || location.hash.startsWith("#look=") || !props.value?.url) return;

    const stage = () => document.getElementById("stage");
    const show = (on) => {
      for (const part of [film, tap, said]) part.hidden = !on;
      if (on) stage()?.setAttribute("data-first", "");
      else stage()?.removeAttribute("data-first");
    };
    const end = (event) => {
      // Scripts click buttons, too.
      if (event && !event.isTrusted) return;
      const at = event?.target;
      if (event?.type === "click" && (!at.closest?.(DOES) || at.closest(LOOKS))) return;
      film.pause();
      show(false);
      film.removeAttribute("src");
      for (const kind of KINDS) document.removeEventListener(kind, end, true);
    };
    const KINDS = ["click", "input", "change", "drop"];
    for (const kind of KINDS) document.addEventListener(kind, end, true);

    tap.addEventListener("click", () => {
      film.muted = !film.muted;
      tap.setAttribute("aria-pressed", String(!film.muted));
      tap.textContent = film.muted ? "Tap for sound" : "Mute";
      film.play();
    });
    film.addEventListener("click", () => tap.click());
    film.muted = true; // the attribute is not taken from a template
    film.src = props.value.url;
    film.play().then(() => show(true), () => end());
  }

  return { begin };
})();
