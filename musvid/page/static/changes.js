// Collects the changes of a moment, and clicks a button for each kind of them, see page/changes.py.
(() => {
  const PAUSE = 50; // milliseconds
  const told = []; // called with the names, those of the song, the song, and the values
  const kinds = new Set(); // of what has changed since buttons were clicked
  let timer = 0;

  function touched(kind) {
    kinds.add(kind);
    timer ||= setTimeout(click, PAUSE);
  }

  function click() {
    timer = 0;
    // Whatever is drawn anew is painted anew.
    if (kinds.has("changed-drawing")) kinds.delete("changed-painting");
    for (const kind of kinds) document.getElementById(kind)?.click();
    kinds.clear();
  }

  function read(names, own, [song, ...values]) {
    for (const tell of told) tell(names, own, song, values);
  }

  document.addEventListener("musvid:settled", () => document.getElementById("settled")?.click());

  (window.musvid ??= {}).changes = { touched, read, told };
})();
