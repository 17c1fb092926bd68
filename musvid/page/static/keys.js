// All of the page by keyboard: the moment, rendering, a list of the keys, and links to skip to
// what is used most.
(() => {
  const KEYS = [
    ['← →', 'the moment, a tenth of a second back or on; with Shift a second'],
    ['J L', 'the moment, five seconds back or on'],
    ['K', 'play or pause'],
    ['Ctrl Enter', 'render the clip'],
    ['Ctrl Shift Enter', 'quick look'],
    ['B', 'while held: the picture before the last change'],
    ['Ctrl Z', 'undo; Ctrl Y or Ctrl Shift Z: redo'],
    ['?', 'these keys; Escape closes them'],
  ];
  const TYPED = 'textarea, select, [contenteditable=true], input:not([type=range], [type=radio], '
    + '[type=checkbox], [type=button], [type=file])';
  // What has use for arrow keys itself.
  const ARROWS = `${TYPED}, input, audio, video, [role=slider], [role=tab], [role=option], `
    + '[role=listbox], [role=radio], [role=menuitem], [role=grid], [data-arrows]';
  let help = null;

  function jump(by) {
    const field = document.querySelector('#moment input[type=range]');
    if (!field || field.disabled) return;
    const [low, high] = [Number(field.min), Number(field.max)];
    const value = Math.max(low, Math.min(high, Number(field.value) + by));
    window.musvid.dom.set(field, value);
  }

  function show() {
    if (!help) {
      help = document.createElement('dialog');
      help.id = 'keys-help';
      help.setAttribute('aria-labelledby', 'keys-title');
      const title = Object.assign(document.createElement('h2'), { id: 'keys-title', textContent: 'Keys' });
      const list = document.createElement('dl');
      for (const [keys, what] of KEYS) {
        const term = document.createElement('dt');
        term.append(...keys.split(' ').map((key) => Object.assign(document.createElement('kbd'), { textContent: key })));
        list.append(term, Object.assign(document.createElement('dd'), { textContent: what }));
      }
      const close = Object.assign(document.createElement('button'), { textContent: 'Close', type: 'button' });
      close.addEventListener('click', () => help.close());
      help.append(title, list, close);
      help.addEventListener('click', (event) => { if (event.target === help) help.close(); });
      document.body.append(help);
    }
    if (!help.open) help.showModal(); // the focus stays within it, and goes back where it was
  }

  function pressed(event) {
    if (event.defaultPrevented || event.altKey || document.querySelector('dialog[open]')) return false;
    const { key, shiftKey } = event, within = (kind) => event.target.closest?.(kind);
    if (event.ctrlKey || event.metaKey) {
      if (key !== 'Enter') return false;
      document.getElementById(shiftKey ? 'quick' : 'render')?.click();
      return true;
    }
    if (within(TYPED)) return false;
    if (key === '?') show();
    else if ('jJ'.includes(key)) jump(-5);
    else if ('lL'.includes(key)) jump(5);
    else if ('kK'.includes(key)) window.musvid?.play?.toggle?.();
    else if (key.startsWith('Arrow') && !within(ARROWS)) {
      if (key !== 'ArrowLeft' && key !== 'ArrowRight') return false;
      jump((key === 'ArrowLeft' ? -1 : 1) * (shiftKey ? 1 : 0.1));
    } else return false;
    return true;
  }
  // Before components see it: Gradio's text fields take Enter, whatever is held with it.
  document.addEventListener('keydown', (event) => {
    if (!pressed(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  function skips() {
    const links = document.createElement('nav');
    links.id = 'skip-links';
    links.setAttribute('aria-label', 'Skip to');
    for (const [text, act] of [
      ['To the prompt', () => document.querySelector('#prompt textarea')?.focus()],
      ['To Render', () => document.getElementById('render')?.focus()],
      ['Keys', show],
    ]) {
      const link = Object.assign(document.createElement('a'), { href: '#', textContent: text });
      link.addEventListener('click', (event) => { event.preventDefault(); act(); });
      links.append(link);
    }
    document.body.prepend(links);
  }
  if (document.body) skips();
  else addEventListener('DOMContentLoaded', skips);

  (window.musvid ??= {}).keys = { show, jump };
})();
