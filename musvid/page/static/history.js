// Undo and redo. Every state of the controls that stood still for a moment after a visitor did
// something is one step; what the page answers to it (a preset's forty controls) belongs to it.
(() => {
  const MOST = 50; // steps back
  const STILL = 500; // milliseconds
  const TYPED = 'textarea, [contenteditable=true], input:not([type=range], [type=radio], '
    + '[type=checkbox], [type=button], [type=submit], [type=file], [type=color])';
  const steps = []; // { song, values }, the oldest first
  let at = -1; // the step that the page shows
  let latest = null; // what the controls say, perhaps still moving
  let names = [], own = new Set(); // own: settings of the song, not of the look
  let gestures = 0, marked = 0, moved = false, pressed = false, timer = 0;

  const same = (one, other) => JSON.stringify(one ?? '') === JSON.stringify(other ?? '');
  const differ = (one, other) =>
    names.filter((name) => !same(one.values[name], other.values[name]));
  const waits = () =>
    at >= 0 && latest && !(moved && gestures === marked) && differ(steps[at], latest).length > 0;

  function refresh() {
    const can = { undo: at > 0 || waits(), redo: at < steps.length - 1 };
    for (const [id, possible] of Object.entries(can)) {
      const button = document.getElementById(id);
      if (button) button.disabled = !possible;
    }
  }

  function settle() {
    clearTimeout(timer);
    if (pressed) { // a slider is being dragged
      timer = setTimeout(settle, STILL);
      return;
    }
    const present = steps[at];
    const another = present && present.song !== latest.song;
    if (!present) {
      steps[(at = 0)] = latest;
      marked = gestures;
    } else if (another || differ(present, latest).length) {
      // Another song brings its own clip; an answer belongs to its question, which may be slow:
      // what a visitor has done is answered only when something has changed.
      if (another || (!moved && gestures === marked)) steps[at] = latest;
      else {
        steps.splice(at + 1);
        steps.push(latest);
        if (steps.length > MOST + 1) steps.shift();
        at = steps.length - 1;
        moved = false;
      }
      if (!moved) marked = gestures;
    }
    refresh();
    tell();
  }

  function tell() {
    document.dispatchEvent(new CustomEvent('musvid:settled', { detail: latest }));
  }

  // What the controls show now. song: its file; values: in the order of the names.
  function seen(all, ofSong, song, values) {
    names = all;
    own = new Set(ofSong);
    const found = { song: song?.path ?? '', values: {} };
    names.forEach((name, index) => { found.values[name] = values[index]; });
    if (latest && latest.song !== found.song && waits()) settle();
    latest = found;
    clearTimeout(timer);
    timer = setTimeout(settle, STILL);
    refresh();
  }

  // Goes some steps back (below 0) or on; what the controls become, undefined where they stay.
  function move(by) {
    flush();
    const next = at + by;
    if (next < 0 || next >= steps.length) return [];
    clearTimeout(timer);
    const from = latest, wanted = steps[next];
    const values = { ...wanted.values };
    if (wanted.song !== from.song) for (const name of own) values[name] = from.values[name];
    at = next;
    steps[at] = latest = { song: from.song, values };
    [moved, marked] = [true, gestures];
    timer = setTimeout(settle, STILL);
    refresh();
    tell(); // whoever leaves at once finds this
    return names.map((name) =>
      same(values[name], from.values[name]) ? undefined : values[name] ?? null);
  }

  const passes = (event) => event.target.closest?.('#undo, #redo');
  for (const kind of ['pointerdown', 'keydown', 'input', 'change', 'drop'])
    document.addEventListener(kind, (event) => {
      if (kind === 'keydown' && (event.ctrlKey || event.metaKey) && 'zy'.includes(event.key.toLowerCase())) return;
      // What somebody found who is quicker than the page comes to rest is the first step.
      if (at < 0 && latest) settle();
      if (!passes(event)) gestures += 1;
      if (kind === 'pointerdown') pressed = true;
    }, true);
  for (const kind of ['pointerup', 'pointercancel', 'blur'])
    window.addEventListener(kind, () => { pressed = false; }, true);
  document.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.defaultPrevented) return;
    const key = event.key.toLowerCase();
    if ((key !== 'z' && key !== 'y') || event.target.closest?.(TYPED)) return;
    event.preventDefault();
    document.getElementById(key === 'y' || event.shiftKey ? 'redo' : 'undo')?.click();
  });

  // What has changed is a step now.
  function flush() {
    if (!waits()) return;
    pressed = false;
    settle();
  }

  window.musvid.changes.told.push(seen);
  window.musvid.history = { move, flush };
})();
