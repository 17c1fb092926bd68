// Favourites: looks with a small picture of what was shown, kept in this browser.
(() => {
  const KEY = 'musvid.favourites', MOST = 24, SIDE = 96;
  let known = [];
  try {
    const found = JSON.parse(localStorage.getItem(KEY));
    if (Array.isArray(found))
      known = found.filter((one) => typeof one?.look === 'string'
        && /^(data:image\/|$)/.test(one.picture ?? '')).slice(0, MOST);
  } catch { /* forbidden, or of another version */ }

  function write() {
    try { localStorage.setItem(KEY, JSON.stringify(known)); } catch { /* forbidden, or full */ }
  }

  // A small square of the painted moment; nothing where there is none.
  function picture() {
    const shown = document.querySelector('#painted img');
    if (!shown?.naturalWidth) return '';
    const canvas = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
    const side = Math.min(shown.naturalWidth, shown.naturalHeight);
    const [x, y] = [(shown.naturalWidth - side) / 2, (shown.naturalHeight - side) / 2];
    try {
      canvas.getContext('2d').drawImage(shown, x, y, side, side, 0, 0, SIDE, SIDE);
      return canvas.toDataURL('image/webp', 0.8);
    } catch { return ''; }
  }

  function add(names, values) {
    const look = {};
    names.forEach((name, index) => {
      if (name && !['view.cover', 'stems'].includes(name)) look[name] = values[index];
    });
    const text = JSON.stringify(look), title = String(look['style.prompt'] ?? '').slice(0, 200);
    known = [{ look: text, title, picture: picture() },
      ...known.filter((one) => one.look !== text)].slice(0, MOST);
    write();
    show();
    window.musvid.keep?.say('Kept as a favourite in this browser.');
  }

  function remove(one) {
    const index = known.indexOf(one);
    known = known.filter((other) => other !== one);
    write();
    show();
    // The focus goes to the next one.
    const tiles = document.querySelectorAll('#favourites li button:first-child');
    (tiles[Math.min(index, tiles.length - 1)] ?? document.getElementById('favour'))?.focus();
  }

  function tile(one) {
    const item = document.createElement('li');
    const take = Object.assign(document.createElement('button'), { type: 'button', title: one.title });
    take.setAttribute('aria-label', `Favourite: ${one.title}`);
    if (one.picture) take.append(Object.assign(document.createElement('img'), { src: one.picture, alt: '' }));
    else take.textContent = one.title;
    take.addEventListener('click', () => window.musvid.keep?.take(one.look));
    const gone = Object.assign(document.createElement('button'), { type: 'button', textContent: '×' });
    gone.setAttribute('aria-label', `Remove the favourite: ${one.title}`);
    gone.addEventListener('click', () => remove(one));
    item.append(take, gone);
    return item;
  }

  function show() {
    document.getElementById('favourites')?.replaceChildren(...known.map(tile));
  }

  (window.musvid ??= {}).favourites = { add, show };
})();
