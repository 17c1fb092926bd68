// Collects the changes of a moment, reads the controls, and clicks a button for each kind of
// change, see page/changes.py.
(() => {
  const PAUSE = 30; // milliseconds without a change, after which the controls are read
  const MOST = 250; // milliseconds after which they are, even while a slider is dragged
  const LATER = 60; // milliseconds by which a picture's question is ahead of what is told of it
  const AFTER = 900; // the same of what is told, while the song plays: what is shown comes first
  const ASIDE = 2000; // the same for a picture's question while the song plays: what plays is ahead
  const LONGEST = 3000; // milliseconds that an event waits for them
  const told = []; // called with the names, those of the song, the song, and the values
  const kinds = new Set(); // of what has changed since buttons were clicked
  let text = ""; // the controls' values as they were last read
  let timer = 0; // that waits for more changes
  let later = 0; // that waits to have a change told
  const due = new Set(); // the kinds whose pictures are asked for next
  let aside = 0; // that waits until they are
  let since = 0; // when the first of these changes came
  let asked = 0; // how often the controls were asked to be read, and how often they were
  let answered = 0;
  const waiting = []; // {turn, done}: who waits until they are read for a time

  const pause = (time) => new Promise((done) => setTimeout(done, time));
  const click = (id) => document.getElementById(id)?.click();

  // Whether they will be read.
  function ask() {
    const button = document.getElementById("read");
    if (!button) return false;
    asked += 1;
    button.click();
    return true;
  }

  function touched(kind) {
    kinds.add(kind);
    const now = performance.now();
    if (timer) clearTimeout(timer);
    else since = now;
    timer = setTimeout(
      () => {
        timer = 0;
        ask();
      },
      Math.max(0, Math.min(PAUSE, since + MOST - now)),
    );
  }

  function read(names, own, [song, ...values]) {
    answered += 1;
    text = JSON.stringify(Object.fromEntries(names.map((name, place) => [name, values[place]])));
    for (const tell of told) tell(names, own, song, values);
    while (waiting.length && waiting[0].turn <= answered) waiting.shift().done();
    if (!kinds.size) return;
    for (const kind of kinds) due.add(kind);
    kinds.clear();
    clearTimeout(aside);
    if (window.musvid.play?.playing) aside = setTimeout(picture, ASIDE);
    else picture();
    later ||= setTimeout(() => {
      later = 0;
      for (const kind of ["changed", "changed-timeline"]) click(kind);
    }, window.musvid.play?.playing ? AFTER : LATER);
  }

  // Asks for the pictures of the moment that have changed.
  function picture() {
    // Whatever is drawn anew is painted anew.
    if (due.has("changed-drawing")) due.delete("changed-painting");
    due.delete("changed");
    for (const kind of due) click(kind);
    due.clear();
  }

  // Puts the controls' values at their place among the inputs of an event. If it waits, then they
  // are read for it: of what was changed just before, nothing may have been told yet.
  async function held(given, place, waits) {
    if (waits) await fresh();
    given[place] = text;
  }

  // Until what the controls show at this moment is read and told.
  async function fresh() {
    if (!ask()) return;
    const done = new Promise((resolve) => waiting.push({ turn: asked, done: resolve }));
    await Promise.race([done, pause(LONGEST)]);
  }

  document.addEventListener("musvid:settled", () => click("settled"));

  (window.musvid ??= {}).changes = { touched, read, held, fresh, told };
})();
