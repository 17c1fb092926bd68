// Draws what stride, before and after make of the pictures: which are drawn, kept, painted, shown.
// Where one number follows another, it shines for a moment.
window.musvid = window.musvid ?? {};
window.musvid.followed = (() => {
  let [stride, after, pulled] = [0, 0, 0];
  return (now, follows) => {
    const own = document.querySelector("#after");
    if (now !== stride && stride) pulled = performance.now();
    if (follows !== after && pulled && performance.now() - pulled < 1000 && own
      && document.activeElement?.closest("#stride")) {
      own.classList.remove("followed");
      requestAnimationFrame(() => own.classList.add("followed"));
    }
    [stride, after] = [now, follows];
  };
})();
window.musvid.intervals = (...numbers) => {
  // Whatever is typed, before it is put within its range.
  const [stride, before, after] = numbers.map(
    (number) => Math.max(1, Math.min(64, Math.round(number) || 1)));
  window.musvid.followed(stride, after);
  const most = 400; // dots of a row; more cannot be told apart
  const width = 600, left = 74, right = 12, gaps = 2; // keyframe intervals that are shown
  const across = (part) => left + (width - left - right) * part;
  const row = (y, name, count, kind) => {
    const apart = Math.ceil((count * gaps) / most);
    const dots = Array.from({ length: count * gaps + 1 }, (_, place) => {
      const [size, which] = kind(place, count);
      if (place % apart && /left-out|filled/.test(which)) return "";
      const x = across(place / (count * gaps)).toFixed(1);
      return `<circle class="${which}" cx="${x}" cy="${y}" r="${size}"/>`;
    });
    return `<text x="0" y="${y + 4}">${name}</text>${dots.join("")}`;
  };
  const plain = (count) => Math.max(1.4, Math.min(4, 110 / count));
  const drawn = row(14, "drawn", stride, (place, count) =>
    place % count ? [plain(count), "left-out"] : [6, "kept"]);
  const painted = row(40, "painted", before, (place, count) =>
    place % count ? [Math.max(2.5, Math.min(5, 60 / count)), "between"] : [6, "kept"]);
  const shown = row(66, "shown", before * after, (place, count) =>
    place % after ? [plain(count), "filled"] : place % count
      ? [Math.max(2.5, Math.min(5, 60 / before)), "between"] : [6, "kept"]);
  const said = `Of ${stride} drawings one is kept; ${before} paintings and ${before * after} ` +
    "pictures are made for it";
  return `<svg class="intervals" viewBox="0 0 ${width} 80" role="img" aria-label="${said}">` +
    `${drawn}${painted}${shown}</svg>`;
};
