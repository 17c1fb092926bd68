// Collects the changes of a moment, reads the controls, and clicks a button for each kind of
// change, see page/changes.py.
(() => {
  const PAUSE = 50; // milliseconds without a change, after which the controls are read
  const MOST = 250; // milliseconds after which they are, even while a slider is dragged
  const told = []; // called with the names, those of the song, the song, and the values
  const kinds = new Set(); // of what has changed since buttons were clicked
  let text = ""; // the controls' values as they were last read
  let timer = 0; // that waits for more changes
  let since = 0; // when the first of these changes came
  let reading = false;

  const pause = (time) => new Promise((done) => setTimeout(done, time));
  const click = (id) => document.getElementById(id)?.click();

  function touched(kind) {
    kinds.add(kind);
    const now = performance.now();
    if (timer) clearTimeout(timer);
    else since = now;
    timer = setTimeout(
      () => {
        timer = 0;
        reading = true;
        click("read");
      },
      Math.max(0, Math.min(PAUSE, since + MOST - now)),
    );
  }

  function read(names, own, [song, ...values]) {
    reading = false;
    text = JSON.stringify(Object.fromEntries(names.map((name, place) => [name, values[place]])));
    for (const tell of told) tell(names, own, song, values);
    // Whatever is drawn anew is painted anew.
    if (kinds.has("changed-drawing")) kinds.delete("changed-painting");
    const clicked = new Set([...kinds, "changed", "changed-timeline"]);
    kinds.clear();
    for (const kind of clicked) click(kind);
  }

  // Puts the controls' values at their place among the inputs of an event. If it waits, then for
  // what was changed just before.
  async function held(given, place, waits) {
    if (waits) {
      await pause(PAUSE / 2); // Gradio tells of a change after some turns of the browser
      for (let turn = 0; (timer || reading) && turn < 40; turn++) await pause(PAUSE);
    }
    given[place] = text;
  }

  document.addEventListener("musvid:settled", () => click("settled"));

  (window.musvid ??= {}).changes = { touched, read, held, told };
})();
