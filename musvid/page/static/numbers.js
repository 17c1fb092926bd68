// A number beyond its field's range becomes the nearest one within it, once it is typed, and a
// quiet note says so. Meanwhile the server takes it so, too.
(() => {
  const SHOWN = 3000; // milliseconds
  let note = null, timer = 0;

  function say(field, text) {
    if (!note) {
      note = document.createElement('div');
      note.id = 'number-note';
      note.setAttribute('role', 'status');
      document.body.append(note);
    }
    const place = field.getBoundingClientRect();
    note.style.left = `${Math.min(place.left, innerWidth - 180)}px`;
    note.style.top = `${place.bottom + 4}px`;
    note.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => { note.textContent = ''; }, SHOWN);
  }

  function clamp(event) {
    const field = event.target;
    if (!field.matches?.('input[type=number]') || field.value === '') return;
    const value = Number(field.value);
    const [low, high] = ['min', 'max'].map((end) => (field[end] === '' ? NaN : Number(field[end])));
    const within = value < low ? low : value > high ? high : value;
    if (within === value) return;
    window.musvid.dom.set(field, within);
    say(field, value < low ? `${low} is the least.` : `${high} is the most.`);
  }

  document.addEventListener('change', clamp, true);
  document.addEventListener('blur', clamp, true);
  document.addEventListener('keydown', (event) => { if (event.key === 'Enter') clamp(event); }, true);
})();
