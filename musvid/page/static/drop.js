// A file dropped anywhere is taken: a song, or a video or settings of musvid's. Without this the
// browser would leave the page and open the file.
(() => {
  const TEXT = 'Drop a song, or a video or settings of musvid';
  let overlay = null, depth = 0;

  const files = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  // Fields for other files (a cover) take what is dropped on them.
  const others = (event) => {
    const block = event.target.closest?.('.block:has(input[type=file])');
    return Boolean(block) && !block.closest('#song, #restore');
  };

  function show(on) {
    if (!overlay) {
      overlay = document.createElement('div');
      overlay.id = 'drop-overlay';
      overlay.setAttribute('aria-hidden', 'true');
      overlay.append(Object.assign(document.createElement('span'), { textContent: TEXT }));
      document.body.append(overlay);
    }
    overlay.classList.toggle('on', on);
  }

  // Also from another script, such as that of a button.
  function take(list) {
    const field = document.querySelector('#drop-place input[type=file]');
    if (!field || !list.length) return;
    const one = new DataTransfer(); // of several the first
    one.items.add(list[0]);
    field.files = one.files;
    field.dispatchEvent(new Event('change', { bubbles: true }));
    window.musvid.keep?.say(`Taking ${list[0].name} …`);
  }

  document.addEventListener('dragenter', (event) => {
    if (!files(event)) return;
    depth += 1;
    event.preventDefault();
    show(!others(event));
  }, true);
  document.addEventListener('dragleave', (event) => {
    if (files(event) && (depth -= 1) <= 0) show(Boolean(depth = 0));
  }, true);
  document.addEventListener('dragover', (event) => {
    if (!files(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    show(!others(event));
  }, true);
  document.addEventListener('drop', (event) => {
    depth = 0;
    show(false);
    if (!files(event)) return;
    event.preventDefault(); // whatever it is, the browser stays here
    if (others(event)) return;
    event.stopPropagation();
    const folder = [...event.dataTransfer.items].some(
      (item) => item.webkitGetAsEntry?.()?.isDirectory);
    if (folder) window.musvid.keep?.say('That is a folder; drop a file.');
    else take(event.dataTransfer.files);
  }, true);

  (window.musvid ??= {}).drop = { take };
})();
