// Plays a painted song by a graphics card: paintings as textures, the spectrum of each moment as
// light, the view by its numbers; see studio/relit.py for what comes.
(window.musvid ??= {}).relit = (() => {
  const SAMPLES = 64; // rows of the strip, and pixels of each, by which it is exposed
  const SMALL = 180; // pixels of the shorter side where light is spread
  const DEVIATIONS = { still: [7 / 4, 3 / 4], moving: [10 / 4, Math.sqrt(8) / 4] }; // in cells
  const MOST = 1080; // pixels of the longer side
  const SLOW = 12, LONG = 40, SHORT = 6; // milliseconds that a picture takes
  const LEAST = 0.35; // of the size
  const PROBED = 360; // pixels that are tried
  const view = window.musvid.relitView;

  let card; // undefined until it is asked for; null where there is none, or a slow one
  let tried = false; // whether it is known how fast it is
  const paintings = new Map(); // by run and number
  const shots = []; // how the strip is seen from one time to another, the last one asked for first
  const projections = new Map();
  let levels = null; // of the exposure
  let gap = null; // the two paintings that were relit to each other
  let quality = 1; // of the size
  let last = 0, spent = 0; // when a picture was drawn, and how long that takes, in milliseconds
  let since = -8; // pictures since the quality changed; the first ones make the card ready

  const found = () => {
    if (card === undefined) {
      try {
        card = window.musvid.relitCard(document.createElement("canvas"));
      } catch {
        card = null;
      }
    }
    return card && !card.lost() ? card : null;
  };

  const supported = () => {
    if (found() && !tried) tryOut();
    return Boolean(found());
  };

  // Draws some pictures of nothing: a processor that stands in for a card may be too slow.
  const tryOut = () => {
    tried = true;
    const strip = [256, 256], poses = [[1, 0, 0, 0]], finish = { exposure: 1, glow: 1 };
    const kinds = { tunnel: { copies: 3, bend: 0.7, low: 0.08, finish, poses } };
    const sight = { begin: -1, rate: 1, count: 1, size: [PROBED, PROBED], kinds };
    const light = () => ({ bytes: new Uint8Array(64 * 64), width: 64, height: 64 });
    for (const number of [0, 1]) {
      const image = new ImageData(256, 288);
      paintings.set(`probe ${number}`, { number, run: "probe", start: 0, offset: 0, image, light: light() });
    }
    const lit = { run: "probe", strip, axis: 0, mirrored: false, response: [1, 1, 1, 1, 1, 0], place: 0.5,
      offset: 0.5, light: light(), deviations: DEVIATIONS.moving };
    try {
      let best = Infinity;
      for (let turn = 0; turn < 3; turn++) {
        const began = performance.now();
        paint(lit, lit, 0, sight, -1, PROBED);
        best = Math.min(best, performance.now() - began);
      }
      if (best > LONG && !window.musvid.patient) card = null;
      spent = best;
    } catch {
      card = null;
    }
    close(lit);
    gap = null;
    keep([]);
  };

  // Has the card ready before it is wanted, while nobody waits for the browser.
  const ready = () => {
    const idle = window.requestIdleCallback ?? ((then) => setTimeout(then, 50));
    const names = [...(found()?.names ?? [])];
    const next = () => {
      try {
        if (names.length) card?.program(names.pop());
        else return void supported();
      } catch {
        return void (card = null);
      }
      idle(next);
    };
    if (names.length) idle(next);
  };

  const bitmap = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const settings = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
    return createImageBitmap(new Blob([bytes], { type: "image/jpeg" }), settings);
  };

  // The bytes of the lights in a picture, each (width, height), both halves.
  const unpacked = async ({ picture, width, height, half }) => {
    const image = await bitmap(picture);
    const desk = document.createElement("canvas");
    Object.assign(desk, { width: image.width, height: image.height });
    const context = desk.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    image.close();
    const { data } = context.getImageData(0, 0, desk.width, desk.height);
    const full = half ? 2 * width : width;
    return Array.from({ length: Math.floor(desk.height / height) }, (_, number) => {
      const light = new Uint8Array(full * height);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < full; x++) {
          const from = x < width ? x : full - 1 - x;
          light[y * full + x] = data[4 * ((number * height + y) * width + from)];
        }
      }
      return { bytes: light, width: full, height };
    });
  };

  // What is made of a piece: its frames, with their times, of which each has an image once its
  // painting and light are there.
  const frames = (made, edition) => {
    const { run, strip, axis, mirrored, response, rate } = { ...made.relit, rate: made.rate };
    const about = { run, strip, axis, mirrored, response };
    about.deviations = axis < 0 ? DEVIATIONS.still : DEVIATIONS.moving;
    const list = made.relit.frames.map(([place, offset], number) => ({
      time: made.begin + number / rate, edition, image: null, lit: { ...about, place, offset },
    }));
    const decoded = made.relit.paintings.map(async ({ number, start, offset, picture }) => {
      const image = await bitmap(picture);
      paintings.set(`${run} ${number}`, { number, run, start, offset, image, light: null });
    });
    const lit = made.relit.lights ? unpacked(made.relit.lights) : Promise.resolve([]);
    const done = Promise.all([lit, ...decoded]).then(([lights]) => {
      list.forEach((frame, number) => { frame.lit.light = lights[number] ?? null; });
      made.relit.paintings.forEach(({ number }, place) => {
        const painting = paintings.get(`${run} ${number}`);
        if (painting) painting.light = lights[list.length + place] ?? null;
      });
      for (const frame of list) frame.image = { close: () => close(frame.lit) };
    });
    return { list, done };
  };

  const close = (lit) => {
    if (lit.light) card?.drop(lit.light.layers);
    lit.light = null;
  };

  // Gives up what frames that are held do not need.
  const keep = (held) => {
    const least = new Map();
    for (const { lit } of held)
      if (lit) least.set(lit.run, Math.min(least.get(lit.run) ?? Infinity, Math.floor(lit.place)));
    for (const [key, painting] of paintings) {
      if (painting.number >= (least.get(painting.run) ?? Infinity)) continue;
      painting.image?.close?.();
      for (const each of [painting.texture, painting.light?.layers]) card?.drop(each);
      paintings.delete(key);
    }
  };

  // Takes how the strip is seen. number: of the question; a later one is what is wanted.
  const seen = (shot, number) => {
    shots.unshift({ ...shot, number, end: shot.begin + shot.count / shot.rate });
    shots.sort((one, other) => other.number - one.number || other.begin - one.begin);
    shots.length = Math.min(shots.length, 24);
  };

  const shot = (time) => {
    const near = shots.find((each) => each.begin - 0.1 <= time && time <= each.end);
    return near ?? shots[0];
  };

  // The layers of a light, as a texture.
  const layers = (light, deviations) => {
    if (!light) return card.blank ??= card.numbers(new Float32Array(4), 1, 1);
    const { bytes, width, height } = light;
    light.layers ??= card.numbers(view.layers(bytes, width, height, deviations), width, height);
    return light.layers;
  };

  const along = (axis, value) => (axis < 0 ? [0, 0] : axis ? [value, 0] : [0, value]);

  const uploaded = (painting) => {
    if (!painting.texture) {
      painting.texture = card.picture(painting.image);
      painting.image.close?.();
      painting.image = null;
    }
    return painting.texture;
  };

  const response = (lit) => {
    const [broad, broadFloor, lines, linesFloor, saturation, added] = lit.response ?? [0, 1, 0, 1, 1, 0];
    return { powers: [broad, broadFloor, lines, linesFloor], colour: [saturation, added] };
  };

  // Both paintings of a gap; where texture moves, under one light.
  const ends = (lit, early, late) => {
    const pictures = [early, late].map(uploaded);
    if (lit.axis < 0 || !lit.response || early === late) return pictures;
    const name = `${lit.run} ${early.number}`;
    if (gap?.name === name) return gap.pictures;
    const lights = [early, late].map(({ light }) => layers(light, lit.deviations));
    const made = pictures.map((picture, place) => {
      const { width, height } = picture;
      const [own, other] = place ? [late, early] : [early, late];
      const target = card.target(`relit ${place}`, width, height, true);
      card.draw("relight", target, {
        ...response(lit), picture, lightOwn: lights[place], lightOther: lights[1 - place],
        size: [width, height], strip: lit.strip, wayOwn: along(lit.axis, own.start - own.offset),
        wayOther: along(lit.axis, own.start - other.offset),
      });
      return card.halved(target);
    });
    gap = { name, pictures: made };
    return made;
  };

  // The strip of a moment. next, step: the frame behind it, and how far it is to that.
  const strip = (lit, next, step) => {
    const mixed = (one, other) => one + step * (other - one);
    const place = mixed(lit.place, next.place), offset = mixed(lit.offset, next.offset);
    const before = Math.floor(place);
    const early = paintings.get(`${lit.run} ${before}`);
    const late = paintings.get(`${lit.run} ${before + 1}`) ?? early;
    if (!early?.image && !early?.texture) return null;
    const [one, other] = ends(lit, early, late), [width, height] = lit.strip;
    const whole = lit.axis < 0 ? 0 : Math.floor(offset), rest = lit.axis < 0 ? 0 : offset - whole;
    const from = (painting) => along(lit.axis, whole - painting.start);
    const way = (painting) => along(lit.axis, offset - painting.offset);
    return card.draw("strip", card.target("strip", width, height), {
      ...response(lit), early: one, late: other,
      lightEarly: layers(early.light, lit.deviations), lightLate: layers(late.light, lit.deviations),
      lightNow: layers(lit.light, lit.deviations), lightNext: layers(next.light, lit.deviations),
      strip: lit.strip, sizeEarly: [one.width, one.height], sizeLate: [other.width, other.height],
      fromEarly: from(early), fromLate: from(late), wayEarly: way(early), wayLate: way(late),
      taps: view.lanczos(rest), axis: lit.axis, rest: along(lit.axis, rest),
      mirrored: lit.mirrored, lit: Boolean(lit.response), part: place - before, step,
    });
  };

  // Which levels the strip's own become, by its light.
  const tones = (picture, height, finish) => {
    const every = Math.max(1, Math.floor(height / SAMPLES));
    const across = Math.max(1, Math.floor(picture.width / SAMPLES));
    const size = [Math.ceil(picture.width / across), Math.ceil(height / every)];
    const target = card.target("sample", ...size);
    card.draw("sample", target, { picture, every: [across, every] });
    const pixels = card.read(target, new Uint8Array(4 * size[0] * size[1]));
    levels = card.bytes(view.tone(pixels, finish), levels);
    return levels;
  };

  // The strip's rows averaged over as many pixels as fall on one of the picture.
  const softened = (picture, projection, which, zoom) => {
    const most = projection[which ? "along" : "across"] / zoom;
    const { width, height } = picture, side = which ? height : width;
    const depth = Math.min(Math.log2(Math.max(1, most)), Math.floor(Math.log2(side)));
    if (depth < 1 / 16) return picture;
    const made = card.target(`soft ${which}`, width, height);
    card.draw("scale", made, { picture, size: [width, height] });
    let coarse = picture;
    for (let level = 1; level <= Math.ceil(depth); level++) {
      const size = which ? [width, Math.max(1, coarse.height >> 1)] : [Math.max(1, coarse.width >> 1), height];
      const target = card.target(`coarse ${which} ${level}`, ...size);
      coarse = card.draw("scale", target, { picture: coarse, size });
      const rows = dense(projection, which, zoom, 2 ** (level - 1));
      const values = { picture: coarse, rows: projection.table, size: [width, height], which, zoom, level };
      card.draw("soften", made, values, true, rows);
    }
    return made;
  };

  // The rows of which more than so many pixels fall on one of the picture.
  const dense = ({ rows, count }, which, zoom, pixels) => {
    let first = count, last = 0;
    for (let row = 0; row < count; row++) {
      if (rows[4 * row + which] / zoom <= pixels) continue;
      first = Math.min(first, row);
      last = row + 1;
    }
    return [first, Math.max(first, last)];
  };

  const projected = (name, settings, strip, shown) => {
    const key = [name, settings.copies, settings.bend, ...strip, ...shown].join(" ");
    if (!projections.has(key)) {
      if (projections.size > 8) {
        for (const each of projections.values()) card.drop(each.table);
        projections.clear();
      }
      const made = view.projection(name, settings, strip, shown);
      made.table = card.numbers(made.rows, 1, made.count, true);
      projections.set(key, made);
    }
    return projections.get(key);
  };

  // A strip as it is seen: a picture before its finish.
  const looked = (lit, name, settings, pose, shown) => {
    const low = view.round(settings.low * lit.height), height = lit.height - low;
    const { width } = lit, { finish } = settings;
    const projection = projected(name, settings, [width, height], shown);
    let picture = card.draw("tone", card.target("toned", width, height + projection.cellar), {
      picture: lit, levels: tones(lit, height, finish), height, turned: settings.turned,
      cellar: projection.cellar,
    });
    picture = softened(picture, projection, 1, pose.zoom);
    picture = softened(picture, projection, 0, pose.zoom);
    if (projection.shines) {
      const target = card.target("shining", width, picture.height);
      picture = card.draw("shine", target, { picture, rows: projection.table });
    }
    for (const across of [true, false]) {
      const size = across ? [2 * width, picture.height] : [2 * width, 2 * picture.height];
      picture = card.draw("double", card.target(`double ${across}`, ...size), { picture, across });
    }
    return card.draw("view", card.target("view", ...shown), {
      picture, size: shown, moved: [pose.x, pose.y], kind: projection.kind,
      turn: [Math.cos(pose.angle) / pose.zoom, Math.sin(pose.angle) / pose.zoom],
      numbers: projection.numbers, below: projection.cellar / height,
    });
  };

  // Light around what is bright: a narrow halo and a wide one.
  const halos = (picture) => {
    const { width, height } = picture, scale = Math.max(1, Math.min(width, height) / SMALL);
    const size = [view.round(width / scale), view.round(height / scale)];
    const small = card.draw("bright", card.target("bright", ...size), {
      picture, size, looks: Math.ceil(scale), least: 40 / 255,
    });
    const tiny = size.map((side) => Math.max(1, side >> 2));
    const tinier = card.draw("bright", card.target("tiny", ...tiny), {
      picture: small, size: tiny, looks: 4, least: 0,
    });
    return [small, tinier].map((source, place) => {
      let made = source;
      for (const [name, along] of [["a", [1, 0]], ["b", [0, 1]]])
        made = card.draw("blur", card.target(`halo ${place} ${name}`, source.width, source.height),
          { picture: made, along });
      return made;
    });
  };

  // Draws a moment onto the card's canvas, which is returned; null where it is not there yet.
  // frame, next: those around the moment; next may be null. side: pixels of the longer side.
  const draw = (frame, next, time, side) => {
    const sight = shot(time);
    if (!found() || !sight) return null;
    const lit = frame.lit, follows = next?.image && next.lit?.run === lit.run;
    const step = follows ? Math.max(0, Math.min(1, (time - frame.time) / (next.time - frame.time))) : 0;
    return paint(lit, follows ? next.lit : lit, step, sight, time, side);
  };

  const paint = (lit, next, step, sight, time, side) => {
    const shownStrip = strip(lit, next, step);
    if (!shownStrip) return null;
    const scale = Math.min(1, side / Math.max(...sight.size));
    const sized = sight.size.map((each) => Math.max(1, Math.round(scale * each)));
    const shown = sight.plain ? lit.strip : sized;
    const { canvas } = card;
    if (canvas.width !== shown[0] || canvas.height !== shown[1])
      Object.assign(canvas, { width: shown[0], height: shown[1] });
    const place = (time - sight.begin) * sight.rate;
    const number = Math.max(0, Math.min(sight.count - 1, Math.round(place)));
    const there = sight.along?.[number] ?? [[Object.keys(sight.kinds)[0], 1]];
    let over = false;
    for (const [name, share] of there) {
      const settings = sight.kinds[name], { finish } = settings;
      const picture = sight.plain ? shownStrip
        : looked(shownStrip, name, settings, view.pose(settings.poses, place), shown);
      const [narrow, wide] = finish.glow ? halos(picture) : [picture, picture];
      card.draw("finish", null, {
        picture, narrow, wide, size: shown, glow: finish.glow ?? 0, vignette: finish.vignette ?? 0,
        grain: finish.grain ?? 0, damp: 1, share: over ? share : 1, seed: Math.floor(60 * time),
      }, over);
      over = true;
    }
    return canvas;
  };

  // As large as the stage shows it, and as the card keeps up with.
  const side = (size) => {
    const box = document.getElementById("player-canvas")?.getBoundingClientRect();
    const seen = (devicePixelRatio || 1) * Math.max(box?.width ?? 0, box?.height ?? 0, 256);
    return Math.round(Math.min(Math.max(...size), seen, MOST) * quality);
  };

  // Draws a moment in the quality that can be kept up; null where nothing is there, and false where
  // it is too soon for another one. fresh: whether the frame is another one.
  const drawn = (frame, next, time, fresh) => {
    const sight = shot(time), began = performance.now();
    if (!found() || !sight) return null;
    // A processor that stands in for a card has other work, too.
    if (spent > SLOW && (!fresh || began - last < 2 * spent)) return false;
    const image = draw(frame, next, time, side(sight.size));
    if (!image) return null;
    last = began;
    paced(performance.now() - began);
    return image;
  };

  const paced = (took) => {
    if ((since += 1) > 0) spent += (took - spent) / 8;
    if (since < 16) return;
    if (spent > LONG) {
      if (quality <= LEAST) card = null; // Python's pictures are quicker
      quality = Math.max(LEAST, quality * 0.7);
    } else if (spent < SHORT && quality < 1) quality = Math.min(1, quality / 0.7);
    else return;
    since = 0;
  };

  window.addEventListener("load", () => setTimeout(ready, 2000));

  return { supported, frames, keep, seen, draw, drawn, side };
})();
