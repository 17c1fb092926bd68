// How light a picture will be, before it is drawn: from some pixels of its strip. By that a strip is
// exposed (view/finish.py), and flashes are damped (view/flashes.py).
(window.musvid ??= {}).relitLight = (() => {
  const PLACES = 40; // a side, at which a picture is looked at
  const FLASHES = 3, SWING = 0.1, DARK = 0.8, HELD = 0.08, GAMMA = 2.2;
  const BRIGHT = 40; // the level from which on a place shines
  const LINEAR = Float32Array.from({ length: 256 }, (_, level) => (level / 255) ** GAMMA);
  const WEIGHTS = [0.2126, 0.7152, 0.0722];

  // The mean relative luminance of a picture, 0 to 1. sample: {data, width, height}, RGBA of the
  // strip, of which the first `rows` are seen. levels: what each becomes. sight: its projection,
  // pose, size, and whether it is turned; null where the strip is shown as it is.
  const luminance = ({ data, width }, rows, levels, finish, sight) => {
    const looked = new Float32Array(3 * PLACES * PLACES);
    const places = sight && window.musvid.relitView.places(sight, PLACES);
    let mean = [0, 0, 0];
    for (let to = 0; to < looked.length; to += 3) {
      const place = to / 3;
      const u = places ? places[to] : ((place % PLACES) + 0.5) / PLACES;
      const v = places ? places[to + 1] : (Math.floor(place / PLACES) + 0.5) / PLACES;
      let row = Math.min(rows - 1, Math.floor(v * rows));
      if (sight?.turned) row = rows - 1 - row;
      const from = 4 * (row * width + Math.min(width - 1, Math.floor(u * width)));
      for (let channel = 0; channel < 3; channel++) {
        const level = (places ? places[to + 2] : 1) * levels[data[from + channel]];
        looked[to + channel] = level;
        mean[channel] += Math.max(0, level - BRIGHT);
      }
    }
    const glow = finish.glow ?? 0;
    mean = mean.map((sum) => (0.54 * glow * sum) / (PLACES * PLACES));
    let found = 0;
    for (let place = 0; place < looked.length; place++) {
      const level = looked[place], halo = mean[place % 3] + 0.45 * glow * Math.max(0, level - BRIGHT);
      let seen = 255 - ((255 - level) * (255 - Math.min(255, halo))) / 255;
      if (finish.vignette) {
        const x = (2 * (Math.floor(place / 3) % PLACES) + 1) / PLACES - 1;
        const y = (2 * Math.floor(place / 3 / PLACES) + 1) / PLACES - 1;
        const far = Math.min(1, (x * x + y * y) / 2);
        seen *= 1 - 0.85 * finish.vignette * far * far * (3 - 2 * far);
      }
      found += WEIGHTS[place % 3] * LINEAR[Math.max(0, Math.min(255, Math.round(seen)))];
    }
    return found / (PLACES * PLACES);
  };

  // Where a change of luminance, up or down in turn, has become one that counts.
  const changes = (values) => {
    const found = [];
    let direction = 0, low = Infinity, high = -Infinity;
    values.forEach((value, place) => {
      low = Math.min(low, value);
      high = Math.max(high, value);
      if (direction <= 0 && value - low >= SWING && low < DARK) [direction, high] = [1, value];
      else if (direction >= 0 && high - value >= SWING && value < DARK) [direction, low] = [-1, value];
      else return;
      found.push(place);
    });
    return found;
  };

  // The greatest number of flashes in any second. rate: of the values.
  const most = (found, rate) => {
    let first = 0, greatest = 0;
    found.forEach((place, number) => {
      while (place - found[first] >= rate) first++;
      greatest = Math.max(greatest, number - first + 1);
    });
    return Math.floor(greatest / 2);
  };

  // By what a picture is multiplied so that nothing flashes. values: luminances of it, which has this
  // place, and of those up to a second before and behind it.
  const gain = (values, place, rate) => {
    if (most(changes(values), rate) <= FLASHES) return 1;
    const near = Math.ceil(rate / 2);
    const allowed = Math.min(...values.slice(Math.max(0, place - near), place + near + 1)) + HELD;
    return values[place] <= allowed ? 1 : (allowed / values[place]) ** (1 / GAMMA);
  };

  return { luminance, gain };
})();
