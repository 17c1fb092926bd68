// Nothing is lost: the last settings are kept in the browser, a song's own ones (its part, beat
// and form) beside the song they belong to. A link holds the settings of a look.
(() => {
  const KEY = 'musvid.settings', HASH = '#look=', NOT = ['view.cover', 'stems']; // files
  const read = () => {
    for (const place of [() => sessionStorage, () => localStorage]) // this tab's first
      try {
        const found = JSON.parse(place().getItem(KEY));
        if (found?.values) return found;
      } catch { /* forbidden, or of another version */ }
    return null;
  };
  const kept = read();
  let shown = null; // what the controls say
  let answered = Infinity; // when what was kept had come back
  let left = false; // another song was chosen since
  let look = ''; // to be taken

  const encode = (text) =>
    btoa(String.fromCharCode(...new TextEncoder().encode(text)))
      .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const decode = (text) =>
    new TextDecoder().decode(Uint8Array.from(
      atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0)));

  // The look that the address names, and an address without it, so that a reload shows what was
  // made of it.
  function linked() {
    if (!location.hash.startsWith(HASH)) return null;
    const text = location.hash.slice(HASH.length);
    history.replaceState(history.state, '', location.pathname + location.search);
    try { return decode(text); } catch { return '?'; }
  }

  function write() {
    if (!shown) return;
    // Not before what was kept is shown again, the song included, which takes a moment.
    const waits = kept?.song && !left && shown.song !== kept.song ? 5000 : 0;
    if (performance.now() < Math.min(answered + waits, 20000)) return;
    const values = Object.fromEntries(
      Object.entries(shown.values).filter(([name]) => !NOT.includes(name)));
    const moment = Number(document.querySelector('#moment input[type=number]')?.value);
    const text = JSON.stringify({ song: shown.song, moment, values });
    for (const place of [() => sessionStorage, () => localStorage])
      try { place().setItem(KEY, text); } catch { /* forbidden, or full */ }
  }

  document.addEventListener('musvid:settled', ({ detail }) => {
    left ||= Boolean(kept && shown?.song === kept.song && detail.song !== kept.song);
    shown = detail;
    write();
  });
  const leave = () => { window.musvid.history?.flush(); write(); };
  addEventListener('pagehide', leave);
  document.addEventListener('visibilitychange', leave);
  addEventListener('hashchange', () => { const text = linked(); if (text !== null) take(text); });

  // Says something beside the buttons, and to screen readers.
  function say(text) {
    const place = document.getElementById('tools-said');
    if (!place) return;
    place.textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { place.textContent = ''; }, 8000);
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch { /* not by https, or forbidden */ }
    const field = Object.assign(document.createElement('textarea'), { value: text });
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }

  // A link of all that is not as it is in a plain recipe.
  async function share(names, plain, values) {
    const differs = (name, value) => JSON.stringify(value ?? '') !== JSON.stringify(plain[name] ?? '');
    const own = /^(start|duration|track|form|lock\..*)$/;
    const made = {};
    names.forEach((name, index) => {
      const value = values[index];
      if (!NOT.includes(name) && !own.test(name) && differs(name, value)) made[name] = value;
    });
    if (!Object.keys(made).length) made['style.prompt'] = plain['style.prompt'];
    const link = location.origin + location.pathname + HASH + encode(JSON.stringify(made));
    if (await copy(link)) return say('The link is copied.');
    say('');
    const found = Object.assign(document.createElement('a'), { href: link, textContent: 'This is the link; copy it.' });
    document.getElementById('tools-said')?.append(found);
  }

  // Has a look shown: JSON of controls' values by name.
  function take(text) {
    look = text;
    document.getElementById('take-look')?.click();
  }

  (window.musvid ??= {}).keep = {
    take, share, say, copy,
    taken: () => look,
    ready: () => { answered = performance.now(); },
    // What is to be shown at first.
    arrive: () => {
      const text = linked();
      if (text !== null) return `link:${text}`;
      return kept ? JSON.stringify(kept.values) : '';
    },
    // What was kept of a song that has come back: its own settings, and the moment.
    of: (song) => (kept && !left && song?.path && song.path === kept.song
      ? JSON.stringify({ moment: kept.moment, values: kept.values }) : ''),
    shown: () => shown,
  };
})();
