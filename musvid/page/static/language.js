// The page in the visitor's language. Its English texts are the keys of a catalogue for each other
// language, see page/languages/README.md; texts are translated where they stand, as they appear and
// as they change. In English nothing is done.
(() => {
  const KEY = "musvid.language";
  const NAMED = ["aria-label", "aria-valuetext", "title", "placeholder", "alt"];
  // What a visitor wrote, what names a setting's value, and what no reader sees.
  const CONTENT = "[translate=no], script, style, textarea, code, pre, [contenteditable], "
    + "[role=listbox], .chips button, #favourites, #history .tile, #strip .row, #grid .row, .prompts, "
    + ".file-preview, option";
  const MOST = 4000; // texts that are remembered
  const WATCHED = { subtree: true, childList: true, characterData: true, attributes: true,
    attributeFilter: NAMED };

  const texts = new WeakMap(); // of text nodes: {from, to}
  const names = new WeakMap(); // of elements: {from, to} of each attribute
  let exact = new Map(); // English texts without placeholders, and their translations
  let patterns = []; // those with placeholders: {found, made}
  let made = new Map(); // what was looked up already
  let language = "en";

  const catalogue = (code) => document.querySelector(`script[data-language="${code}"]`);
  const known = () =>
    ["en", ...[...document.querySelectorAll("script[data-language]")].map((one) => one.dataset.language)];

  function wished() {
    try {
      const kept = localStorage.getItem(KEY);
      if (known().includes(kept)) return kept;
    } catch { /* forbidden */ }
    const asked = navigator.languages ?? [navigator.language];
    return asked.map((one) => one.split("-")[0].toLowerCase()).find((one) => known().includes(one)) ?? "en";
  }

  // {0} stands for anything, and {x} for a number, which stay; {a} for another text of the page,
  // which is translated; {w} for words of a visitor's, of which only what is said of them is.
  function pattern(text, becomes) {
    const places = [];
    const parts = text.split(/\{(\w)\}/).map((part, index) => {
      if (index % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      places.push(part);
      return /[x-z]/.test(part) ? "([\\d.,:]+)" : "(.+?)";
    });
    return {
      size: text.length,
      found: new RegExp(`^${parts.join("")}$`, "s"),
      made: (values) => becomes.replace(/\{(\w)\}/g, (_, place) => {
        const value = values[places.indexOf(place)];
        return place === "w" ? words(value) : /[a-v]/.test(place) ? piece(value) : value;
      }),
    };
  }

  function read(code) {
    const all = Object.entries(JSON.parse(catalogue(code).textContent));
    const holds = ([text]) => /\{\w\}/.test(text);
    exact = new Map(all.filter((one) => !holds(one)));
    patterns = all.filter(holds).map(([text, becomes]) => pattern(text, becomes))
      .sort((one, other) => other.size - one.size); // the most precise first
    made = new Map();
  }

  // Several texts in one, translated piece by piece; null where none of them is known, or, if all
  // have to be, where one is not.
  function joined(pieces, whole) {
    if (pieces.length < 2) return null;
    const found = pieces.map(find);
    const good = (one) => one !== null;
    if (!(whole ? found.every(good) : found.some(good))) return null;
    return found.map((one, place) => one ?? pieces[place]);
  }

  function find(text) {
    if (exact.has(text)) return exact.get(text);
    const parts = joined(text.split(" · "));
    if (parts) return parts.join(" · ");
    const sentences = text.replace(/([.!?]) (?=\S)/g, "$1\n").split("\n");
    const all = joined(sentences, true);
    if (all) return all.join(" ");
    return fitting(text) ?? joined(sentences)?.join(" ") ?? null;
  }

  function fitting(text) {
    for (const { found, made: make } of patterns) {
      const values = found.exec(text);
      if (values) return make(values.slice(1));
    }
    return null;
  }

  const words = (text) => text.split(", ").map((one) => fitting(one) ?? one).join(", ");

  // A text within another one: it may begin with a small letter there, or be a list.
  function piece(text) {
    const big = text.charAt(0).toUpperCase() + text.slice(1), list = text.split(", ");
    const known = exact.get(text) ?? exact.get(big) ?? joined(list, true)?.join(", ");
    return known ?? find(text) ?? joined(list)?.join(", ") ?? text;
  }

  function translated(text) {
    if (!/[a-z]{2}/i.test(text)) return text;
    if (made.has(text)) return made.get(text);
    const [, before, core, after] = /^(\s*)(.*?)(\s*)$/s.exec(text);
    const found = find(core.replace(/\s+/g, " "));
    const becomes = found === null ? text : before + found + after;
    if (made.size >= MOST) made.clear();
    made.set(text, becomes);
    return becomes;
  }

  const content = (element) => !element || element.closest(CONTENT) !== null;

  function text(node) {
    if (texts.get(node)?.to === node.data) return; // our own change
    const from = node.data, to = translated(from);
    if (to === from) return;
    texts.set(node, { from, to });
    node.data = to;
  }

  function name(element, attribute) {
    const from = element.getAttribute(attribute);
    if (!from) return;
    const all = names.get(element) ?? {};
    if (all[attribute]?.to === from) return;
    const to = translated(from);
    if (to === from) return;
    names.set(element, { ...all, [attribute]: { from, to } });
    element.setAttribute(attribute, to);
  }

  // Everything in a part of the page; what is content has names of ours only where it is a button.
  function walk(root) {
    if (root.nodeType === Node.TEXT_NODE) return content(root.parentElement) || text(root);
    if (root.nodeType !== Node.ELEMENT_NODE) return;
    const all = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, {
      acceptNode: (node) => (node.matches?.("script, style, [translate=no]")
        ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT),
    });
    for (let node = root; node; node = all.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) content(node.parentElement) || text(node);
      else named(node);
    }
  }

  function named(element, attributes = NAMED) {
    if (element.closest("[translate=no]")) return;
    for (const attribute of attributes) {
      // Titles repeat what a visitor wrote; other names are sentences of the page about it.
      if (attribute === "title" && content(element)) continue;
      if (element.hasAttribute(attribute)) name(element, attribute);
    }
  }

  const observer = new MutationObserver((changes) => {
    for (const { type, target, addedNodes, attributeName } of changes) {
      if (type === "childList") for (const node of addedNodes) walk(node);
      else if (type === "attributes") named(target, [attributeName]);
      else if (!content(target.parentElement)) text(target);
    }
  });

  function restore() {
    const all = document.createTreeWalker(
      document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = all.nextNode(); node; node = all.nextNode()) {
      const entry = texts.get(node);
      if (entry && entry.to === node.data) node.data = entry.from;
      for (const [attribute, { from, to }] of Object.entries(names.get(node) ?? {}))
        if (node.getAttribute(attribute) === to) node.setAttribute(attribute, from);
      texts.delete(node);
      names.delete(node);
    }
  }

  function show(code) {
    observer.disconnect();
    if (language !== "en") restore();
    language = document.documentElement.lang = code;
    if (code === "en") return;
    read(code);
    walk(document.documentElement);
    observer.observe(document.documentElement, WATCHED);
  }

  // The field in which a visitor chooses another one.
  function begin(element) {
    const field = element.querySelector("select");
    field.value = language;
    field.addEventListener("change", () => {
      try { localStorage.setItem(KEY, field.value); } catch { /* forbidden */ }
      show(field.value);
    });
  }

  show(wished());
  (window.musvid ??= {}).language = { begin, show, translated };
})();
