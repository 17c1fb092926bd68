// The whole song, with its part as a window that is dragged: by its middle to move it, by an edge to
// resize it; arrow keys move it, with Shift they resize it. The line is where the moment is.
(() => {
  const LEAST = 0.5; // seconds of a part
  const EDGE = 14; // pixels from an edge within which it is taken by it
  const FINGER = 44; // pixels that a finger needs, for the middle as for an edge
  const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };

  const clock = (time) =>
    `${Math.floor(time / 60)}:${(time % 60).toFixed(1).padStart(4, "0")}`;
  const range = (place) => document.querySelectorAll("#part input[type=range]")[place];

  function set(field, value) {
    if (field && Number(field.value) !== value) window.musvid.dom.set(field, value);
  }

  function begin(element, props, watch) {
    const [path, part, line] = ["path", ".window", "b"].map((each) => element.querySelector(each));
    const state = { start: 0, length: 0, drag: null };
    const whole = () => props.value?.seconds || 0;
    const longest = () => Number(range(1)?.max ?? whole());
    const round = (time) => Math.round(time * 10) / 10;

    function wave() {
      const peaks = props.value?.peaks ?? [];
      const top = Math.max(0.05, ...peaks);
      const step = 1000 / Math.max(1, peaks.length);
      path.setAttribute("d", peaks.map((peak, place) => {
        const [x, y] = [((place + 0.5) * step).toFixed(1), (46 * peak) / top];
        return `M${x} ${(50 - y).toFixed(1)}V${(50 + y).toFixed(1)}`;
      }).join(""));
      element.hidden = !peaks.length;
      show();
    }

    function show() {
      const { start, length } = state.drag ?? state;
      const share = (time) => `${(100 * time) / Math.max(0.1, whole())}%`;
      part.style.left = share(start);
      part.style.width = share(Math.min(length, whole() - start));
      const said = `${clock(start)} to ${clock(start + length)} of ${clock(whole())}`;
      part.title = said;
      for (const [name, value] of Object.entries({
        valuemin: 0, valuemax: whole(), valuenow: start, valuetext: said,
      })) part.setAttribute(`aria-${name}`, String(value));
      const moment = Number(document.querySelector("#moment input[type=range]")?.value ?? 0);
      line.style.left = share(moment);
    }

    // Edges stay within the song, and the part as long as may be.
    function fit(start, length, by) {
      length = Math.min(Math.max(round(length), LEAST), longest());
      if (by === "left") start = Math.min(start, state.start + state.length - LEAST);
      start = Math.max(0, Math.min(round(start), round(whole() - LEAST)));
      if (by === "move") start = Math.min(start, Math.max(0, round(whole() - length)));
      return { start, length: Math.min(length, round(whole() - start)) };
    }

    function put({ start, length }) {
      if (length < state.length) set(range(1), length); // first what makes room
      set(range(0), start);
      set(range(1), length);
      Object.assign(state, { start, length });
      show();
    }

    // What is taken at a place: the middle, an edge, or nothing. Around a window that is too narrow
    // for a finger its middle reaches out, and its edges lie beside that.
    function taken(x, touch) {
      const { left, right } = part.getBoundingClientRect();
      const wide = right - left;
      const inner = touch ? Math.min(FINGER, (wide - FINGER) / 2) : Math.min(EDGE, wide / 3);
      const outer = touch ? FINGER : 4;
      if (x > left + inner && x < right - inner) return "move";
      if (x < left - outer + Math.min(0, inner) || x > right + outer - Math.min(0, inner)) return null;
      return x < (left + right) / 2 ? "left" : "right";
    }
    element.addEventListener("pointerdown", (event) => {
      const by = taken(event.clientX, event.pointerType === "touch");
      if (!by) return;
      state.drag = { x: event.clientX, by, start: state.start, length: state.length };
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener("pointermove", (event) => {
      const drag = state.drag;
      if (!drag) return;
      const moved = ((event.clientX - drag.x) / element.clientWidth) * whole();
      const { start, length } = state;
      const wanted = {
        left: [start + moved, length - moved],
        right: [start, length + moved],
        move: [start + moved, length],
      }[drag.by];
      Object.assign(drag, fit(...wanted, drag.by));
      show();
    });
    const drop = () => {
      const drag = state.drag;
      state.drag = null;
      if (drag) put(drag);
    };
    element.addEventListener("pointerup", drop);
    element.addEventListener("pointercancel", () => { // the page is scrolled
      state.drag = null;
      show();
    });
    part.addEventListener("keydown", (event) => {
      const by = STEPS[event.key];
      if (!by || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const { start, length } = state;
      put(event.shiftKey ? fit(start, length + by, "right") : fit(start + by, length, "move"));
    });

    window.musvid.changes.told.push((names, _own, _song, values) => {
      const value = (name) => Number(values[names.indexOf(name)]) || 0;
      Object.assign(state, { start: value("start"), length: value("duration") });
      show();
    });
    document.addEventListener("input", (event) => event.target.closest?.("#moment") && show());
    // While it plays, the moment moves without telling.
    setInterval(() => window.musvid.play?.playing && show(), 100);
    watch("value", wave);
    wave();
  }

  (window.musvid ??= {}).overview = { begin };
})();
