// What tests/benchmarks/wander.py puts into a page before the page's own scripts: it notes the
// events that are not answered yet, and the messages that Gradio shows above the page.
(() => {
  const pending = new Map(); // by the event's number: what was asked, and since when
  const over = new Set(); // answered before it was known that they had begun
  const told = []; // messages above the page
  let inflight = 0, moved = performance.now();

  const answered = (event) => {
    moved = performance.now();
    if (!pending.delete(event)) over.add(event);
  };

  async function listen(body) {
    const reader = body.getReader(), decoder = new TextDecoder();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        if (!/"msg":\s*"process_completed"/.test(line)) continue;
        const event = /"event_id":\s*"(\w+)"/.exec(line)?.[1];
        if (event) answered(event);
      }
    }
  }

  const real = window.fetch;
  window.fetch = async (...given) => {
    const address = String(given[0]?.url ?? given[0]), text = given[1]?.body;
    if (/\/queue\/data/.test(address)) {
      const answer = await real(...given);
      if (answer.body) listen(answer.clone().body).catch(() => {});
      return answer;
    }
    if (given[1]?.method !== 'POST') return real(...given);
    inflight += 1;
    moved = performance.now();
    try {
      const answer = await real(...given);
      if (/\/queue\/join/.test(address) && answer.ok) {
        const event = (await answer.clone().json()).event_id;
        const index = Number(/"fn_index":(\d+)/.exec(String(text))?.[1]);
        const found = window.gradio_config?.dependencies?.find((one) => one.id === index);
        const what = `${index} ${found?.api_name}`;
        if (!over.delete(event)) pending.set(event, { what, since: performance.now() });
      }
      if (/\/(cancel|reset)/.test(address)) {
        const event = /"event_id":"(\w+)"/.exec(String(text))?.[1];
        if (event) answered(event);
      }
      return answer;
    } finally {
      inflight -= 1;
      moved = performance.now();
    }
  };

  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        for (const one of node.querySelectorAll?.('.toast-body') ?? [])
          told.push(`${[...one.classList].find((kind) => /error|warning|info|success/.test(kind)) ?? '?'}: `
            + one.innerText.replaceAll(/\s+/g, ' ').trim());
  }).observe(document, { subtree: true, childList: true });

  const NAMED = 'button, select, textarea, summary, input:not([type=file]), [role=slider]';
  const kind = (one) => {
    if (one.matches('.label-wrap')) return 'head';
    if (one.matches('[role=combobox]')) return 'choice';
    if (one.matches('[role=slider]')) return 'window';
    if (one.matches('.chips button')) return 'chip';
    if (one.matches('#presets button')) return 'look';
    if (one.matches('.tile, #history button, #strip button, #grid button')) return 'tile';
    if (one.matches('textarea, input[type=text]')) return 'text';
    if (one.matches('select')) return 'select';
    if (one.matches('button, summary')) return 'button';
    return { range: 'slider', number: 'number', radio: 'radio', checkbox: 'checkbox' }[one.type] ?? 'other';
  };

  // Every control that can be seen and used, marked with its number.
  function controls() {
    const all = [...document.querySelectorAll(NAMED)].filter((one) =>
      !one.disabled && !one.closest('.toast-wrap, #coach') && one.checkVisibility({ visibilityProperty: true })
      && one.getBoundingClientRect().width > 3);
    return all.map((one, place) => {
      one.dataset.wander = place;
      // Generated names change from visit to visit.
      const within = one.closest('[id]:not([id^=html-], [id^=range_id], [id^=component])')?.id ?? '';
      const label = one.getAttribute('aria-label') || one.dataset.name
        || one.closest('.block')?.querySelector('[data-testid=block-info]')?.textContent || '';
      const value = one.type === 'radio' ? one.value : one.matches('button') ? one.innerText : '';
      const said = [label, value].map((each) => each.replaceAll(/\s+/g, ' ').trim().slice(0, 40));
      return { place, kind: kind(one), id: one.id, name: `#${within} ${said.filter(Boolean).join(' / ')}`.trim() };
    });
  }

  const text = (place) => document.querySelector(place)?.innerText.trim() ?? '';
  const source = (place) => document.querySelector(`${place} img`)?.src ?? '';

  window.wander = {
    controls, told,
    // What a visitor would see of the page's state.
    state: () => ({
      pending: [...pending.values()].map(({ what, since }) => [what, Math.round(performance.now() - since)]),
      inflight,
      quiet: Math.round(performance.now() - moved),
      playing: Boolean(window.musvid?.play?.playing),
      rendering: ['stop', 'compare-stop', 'grid-stop'].filter((id) => document.getElementById(id)?.disabled === false),
      usable: document.getElementById('render')?.disabled === false,
      line: text('#plan'),
      problem: [...document.querySelectorAll('[role=alert]')].filter((one) => one.innerText.trim())
        .map((one) => `${one.parentElement.closest('[id]:not([id^=html-])')?.id}: ${one.innerText.trim()}`),
      note: text('#moment-note'),
      song: text('#song').includes('Record') || text('#song').includes('Drop') ? '' : 'song',
      painted: source('#painted'), drawn: source('#drawn'),
      marks: [...document.querySelectorAll('[data-testid=status-tracker] .error')]
        .filter((one) => one.checkVisibility()).length,
      seen: ['#painted img', '#video video', '#player-canvas', '#first video', '#first img'].filter((place) => {
        const one = document.querySelector(place);
        return one?.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 50;
      }),
      all: document.body.innerText.length,
    }),
    holds: (words) => document.body.innerText.includes(words),
    // The moment is drawn and painted anew, by what the controls show.
    anew: async () => {
      await window.musvid.changes.fresh();
      document.getElementById('changed-drawing').click();
    },
  };
})();
