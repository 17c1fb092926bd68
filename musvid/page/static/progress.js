// The progress for those who wait and for those who listen: the place in the queue in words, which
// Gradio tells in small letters, and each stage once, politely.
(() => {
  const EVERY = 4000; // milliseconds between two things that are said
  const QUARTERS = ["", ", a quarter done", ", half done", ", three quarters done"];
  const QUEUE = /queue: (\d+)\/(\d+)/;

  function begin(element, place) {
    const [waiting, voice] = [element.querySelector(".waiting"), element.querySelector(".voice")];
    let [said, next, due] = ["", "", null];

    const speak = () => {
      due = null;
      if (next === said) return;
      voice.textContent = said = next;
      due = setTimeout(speak, EVERY);
    };
    const say = (text, now) => {
      next = text;
      if (now) clearTimeout(due);
      if (now || due === null) speak();
    };

    function look() {
      const found = document.querySelector(place);
      const queued = found && QUEUE.exec(found.textContent);
      const text = queued
        ? `Waiting for another render: ${queued[1]} before you. Stop leaves the queue.` : "";
      waiting.hidden = !text;
      if (waiting.textContent !== text) waiting.textContent = text;
      if (text) return say(text, false);
      const bar = found?.querySelector("[role=progressbar]");
      if (!bar) return;
      const stage = bar.textContent.split("·")[0].trim();
      if (bar.classList.contains("over")) return say(stage, true);
      const quarter = Math.min(3, Math.floor(Number(bar.getAttribute("aria-valuenow")) / 25));
      say(stage + QUARTERS[quarter], false);
    }

    let asked = false;
    new MutationObserver(() => {
      if (asked) return;
      asked = true;
      setTimeout(() => {
        asked = false;
        look();
      }, 50);
    }).observe(document.querySelector(place), {
      subtree: true, childList: true, characterData: true, attributes: true,
    });
    look();
  }

  (window.musvid ??= {}).progress = { begin };
})();
