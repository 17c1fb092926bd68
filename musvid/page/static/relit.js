// Plays a painted song by a graphics card: paintings as textures, the spectrum of each moment as
// light, the view by its numbers; see studio/relit.py for what comes.
(window.musvid ??= {}).relit = (() => {
  const SAMPLES = 64; // rows of the strip, and pixels of each, by which its light is known
  const BATCH = 8; // frames that are looked at together
  const AROUND = 1; // second before and behind a moment in which flashes are counted
  const DEVIATIONS = { still: [7 / 4, 3 / 4], moving: [10 / 4, Math.sqrt(8) / 4] }; // in cells
  const MOST = 1080; // pixels of the longer side
  const SLOW = 12, LONG = 40, SHORT = 6; // milliseconds that a picture takes
  const LEAST = 0.35; // of the size
  const PROBED = 360; // pixels that are tried
  const view = window.musvid.relitView, light = window.musvid.relitLight;

  let card; // undefined until it is asked for; null where there is none, or a slow one
  let passes = null; // of the card
  let tried = false; // whether it is known how fast it is
  const paintings = new Map(); // by run and number
  const shots = []; // how the strip is seen from one time to another, the last one asked for first
  let cover = null; // in the disc of a ring
  const past = []; // times and luminances of what was shown
  let quality = 1; // of the size
  let last = 0, took = 0; // when a picture was drawn, and how long that took, in milliseconds
  let slow = false; // whether it was not finished when the next one was wanted
  let spent = 0; // milliseconds that pictures take
  let since = -8; // pictures since the quality changed; the first ones make the card ready

  const found = () => {
    if (card === undefined) {
      try {
        // A processor that stands in for a card is slower than Python's pictures.
        const canvas = document.createElement("canvas");
        card = window.musvid.relitCard(canvas, !window.musvid.patient);
        const painting = (run, number) => paintings.get(`${run} ${number}`);
        passes = card && window.musvid.relitPasses(card, painting);
      } catch {
        card = null;
      }
    }
    return card && !card.lost() ? card : null;
  };

  // Whether songs are drawn here. It is known some time after the page is there.
  const supported = () => tried && Boolean(found());

  // Draws some pictures of nothing: a card may be too slow.
  const tryOut = () => {
    tried = true;
    const strip = [256, 256], poses = [[1, 0, 0, 0]], finish = { exposure: 1, glow: 1 };
    const kinds = { tunnel: { copies: 3, bend: 0.7, low: 0.08, finish, poses } };
    const sight = { begin: -1, rate: 1, count: 1, size: [PROBED, PROBED], kinds };
    const dark = () => ({ bytes: new Uint8Array(64 * 64), width: 64, height: 64 });
    for (const number of [0, 1]) {
      const image = new ImageData(256, 288), run = "probe";
      paintings.set(`${run} ${number}`, { number, run, start: 0, offset: 0, image, light: dark() });
    }
    const lit = { run: "probe", strip, axis: 0, mirrored: false, response: [1, 1, 1, 1, 1, 0],
      place: 0.5, offset: 0.5, light: dark(), deviations: DEVIATIONS.moving };
    try {
      let best = Infinity;
      for (let turn = 0; turn < 3; turn++) {
        const began = performance.now();
        look([{ time: -1, image: true, lit }], 0);
        paint({ lit, next: lit, step: 0, sight, time: -1, damp: 1 }, PROBED);
        card.read(null, new Uint8Array(4 * PROBED * PROBED)); // it is finished
        lit.sample = null;
        best = Math.min(best, performance.now() - began);
      }
      if (best > LONG && !window.musvid.patient) card = null;
      spent = best;
    } catch {
      card = null;
    }
    close({ time: -1, lit });
    past.length = 0;
    keep([]);
  };

  // Has the card ready before it is wanted, while nobody waits for the browser.
  const ready = (turns) => {
    // Gradio builds the page in parts; one of the pages never plays.
    if (!document.getElementById("player-canvas")) {
      if (turns) setTimeout(() => ready(turns - 1), 2000);
      return;
    }
    const idle = (then) =>
      window.requestIdleCallback ? requestIdleCallback(then, { timeout: 1000 }) : setTimeout(then, 50);
    const names = [...(found()?.names ?? [])];
    const next = () => {
      try {
        if (names.length) card?.program(names.pop());
        else return tryOut();
      } catch {
        return giveUp();
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
      const image = await bitmap(picture), key = `${run} ${number}`;
      if (paintings.has(key)) image.close(); // it came before
      else paintings.set(key, { number, run, start, offset, image, light: null });
    });
    const lit = made.relit.lights ? unpacked(made.relit.lights) : Promise.resolve([]);
    const done = Promise.all([lit, ...decoded]).then(([lights]) => {
      list.forEach((frame, number) => { frame.lit.light = lights[number] ?? null; });
      made.relit.paintings.forEach(({ number }, place) => {
        const painting = paintings.get(`${run} ${number}`);
        if (painting) painting.light ??= lights[list.length + place] ?? null;
      });
      for (const frame of list) frame.image = { close: () => close(frame) };
    });
    return { list, done };
  };

  const close = ({ time, lit }) => {
    if (lit.light) card?.drop(lit.light.layers);
    if (lit.luminance) past.push([time, lit.luminance.value]);
    if (past.length > 200) past.splice(0, 100);
    Object.assign(lit, { light: null, sample: null });
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
    if (shot.cover?.picture && shot.cover.key !== cover?.key) {
      const { key, picture } = shot.cover;
      if (cover) card?.drop(cover.texture);
      cover = { key };
      bitmap(picture).then((image) => {
        if (cover.key === key && found()) cover.texture = card.picture(image, true);
        image.close();
      }, () => {});
    }
    shots.unshift({ ...shot, number, end: shot.begin + shot.count / shot.rate });
    shots.sort((one, other) => other.number - one.number || other.begin - one.begin);
    shots.length = Math.min(shots.length, 24);
  };

  const shot = (time) => {
    const near = shots.find((each) => each.begin - 0.1 <= time && time <= each.end);
    return near ?? shots[0];
  };

  // Looks at some pixels of frames from one on whose light is not known yet.
  const look = (list, from) => {
    const found = [];
    for (let place = from; place < list.length && found.length < BATCH; place++) {
      const { image, lit } = list[place];
      if (lit && image && !lit.sample) found.push(lit);
    }
    if (!found.length) return;
    const every = found[0].strip.map((side) => Math.max(1, Math.floor(side / SAMPLES)));
    const [width, height] = found[0].strip.map((side, each) => Math.ceil(side / every[each]));
    const target = card.target("samples", width, height * BATCH);
    const there = found.filter((lit, place) => {
      const rows = [place * height, (place + 1) * height];
      return String(lit.strip) === String(found[0].strip)
        && passes.strip(lit, lit, 0, { target, every, rows });
    });
    const pixels = card.read(target, new Uint8Array(4 * width * height * BATCH));
    for (const lit of there) {
      const first = 4 * width * height * found.indexOf(lit);
      const data = pixels.slice(first, first + 4 * width * height);
      lit.sample = { data, width, height, every: every[1] };
    }
  };

  // Rows of a frame's sample that a view shows.
  const rows = (lit, settings) => Math.ceil(passes.seen(settings, lit.strip[1]) / lit.sample.every);

  // Of the film that exposes a frame.
  const film = (lit, settings) => {
    const key = `${settings.finish.exposure} ${settings.low}`;
    if (lit.film?.key !== key) {
      const { data, width } = lit.sample, part = data.subarray(0, 4 * width * rows(lit, settings));
      lit.film = { key, k: settings.finish.exposure ? view.exposed(part, settings.finish.exposure) : 0 };
    }
    return lit.film.k;
  };

  // The kinds of view that a moment has, and how much there is of each.
  const kinds = (sight, time) => {
    const place = (time - sight.begin) * sight.rate;
    const number = Math.max(0, Math.min(sight.count - 1, Math.round(place)));
    const there = sight.along?.[number] ?? [[Object.keys(sight.kinds)[0], 1]];
    return there.map(([name, share]) => {
      const settings = sight.kinds[name];
      return { name, share, settings, pose: view.pose(settings.poses, place) };
    });
  };

  // How light the picture of a frame will be.
  const luminance = ({ time, lit }) => {
    const sight = shot(time);
    if (lit.luminance?.number === sight.number) return lit.luminance.value;
    let value = 0;
    for (const { name, share, settings, pose } of kinds(sight, time)) {
      const height = passes.seen(settings, lit.strip[1]), { turned, finish } = settings;
      const strip = [lit.strip[0], height], size = sight.size;
      const projection = sight.plain ? null : passes.projected(name, settings, strip, size);
      const levels = view.tone(film(lit, settings), finish);
      value += share * light.luminance(lit.sample, rows(lit, settings), levels, finish,
        projection && { projection, pose, size, height, turned });
    }
    lit.luminance = { number: sight.number, value };
    return value;
  };

  // By what the picture of a frame is multiplied so that nothing flashes.
  const damped = (list, from) => {
    const frame = list[from], { time, lit } = frame, sight = shot(time);
    if (!kinds(sight, time)[0].settings.finish.flash_limit) return 1;
    if (lit.damp?.number === sight.number) return lit.damp.value;
    const before = past.filter(([each]) => each < time - 1e-3 && each >= time - AROUND);
    const values = before.sort(([one], [other]) => one - other).map(([, value]) => value);
    const place = values.length;
    let rate = 30, left = BATCH; // others than that are known by the next pictures
    for (let each = from; each < list.length && list[each].time <= time + AROUND; each++) {
      const other = list[each].lit;
      if (!other?.sample) break;
      if (other.luminance?.number !== shot(list[each].time).number && !left--) break;
      if (each > from) rate = (each - from) / (list[each].time - time);
      values.push(luminance(list[each]));
    }
    lit.damp = { number: sight.number, value: light.gain(values, place, Math.round(rate)) };
    return lit.damp.value;
  };

  // Sees what is held as controls say, by their names, until the server has said it exactly. Whether
  // it does. number: behind that of the last question.
  const adjust = (values, number) => {
    const given = (name, own) => (typeof values[name] === typeof own ? values[name] : own);
    const made = shots.slice(0, 4).map((sight) => {
      const [name] = Object.keys(sight.kinds), kind = given("view.kind", name);
      const old = sight.kinds[name], finish = { ...old.finish };
      if (sight.along || sight.plain) return null;
      for (const each of Object.keys(finish)) finish[each] = given(`finish.${each}`, finish[each]);
      const zoom = given("camera.zoom", old.zoom), larger = zoom / old.zoom;
      const poses = old.poses.map(([first, ...rest]) => [first * larger, ...rest]);
      const settings = {
        copies: given("view.copies", old.copies), bend: given("view.bend", old.bend), finish, poses,
        zoom, low: view.LOW[kind] ?? 0, turned: kind !== "flat" && values["view.foot"] === "rim",
      };
      return { ...sight, number, kinds: { [kind]: settings } };
    });
    if (!made.length || made.includes(null)) return false;
    shots.unshift(...made);
    return true;
  };

  // Draws a moment onto the card's canvas, which is returned; null where it is not there yet. list,
  // from: the frames that are held, and the place of the moment's own. longer: pixels of the longer
  // side, by default as many as the stage shows.
  const draw = (list, from, time, longer) => {
    const sight = shot(time), frame = list[from], next = list[from + 1];
    if (!found() || !sight || !frame.image) return null;
    if (!frame.lit.sample) look(list, from);
    if (!frame.lit.sample) return null;
    const behind = list.findIndex((each, place) => place > from && each.image && !each.lit?.sample);
    if (behind > 0 && list[behind].time < time + 1.2 * AROUND) look(list, behind);
    const follows = next?.lit?.sample && next.lit.run === frame.lit.run;
    const step = follows ? Math.max(0, Math.min(1, (time - frame.time) / (next.time - frame.time))) : 0;
    const own = damped(list, from), damp = own + (follows ? step * (damped(list, from + 1) - own) : 0);
    const moment = { lit: frame.lit, next: follows ? next.lit : frame.lit, step, sight, time, damp };
    return paint(moment, longer ?? side(sight.size));
  };

  const paint = ({ lit, next, step, sight, time, damp }, side) => {
    const strip = passes.strip(lit, next, step);
    if (!strip) return null;
    const scale = Math.min(1, side / Math.max(...sight.size));
    const sized = sight.size.map((each) => Math.max(1, Math.round(scale * each)));
    const shown = sight.plain ? lit.strip : sized;
    const { canvas } = card;
    if (canvas.width !== shown[0] || canvas.height !== shown[1])
      Object.assign(canvas, { width: shown[0], height: shown[1] });
    kinds(sight, time).forEach(({ name, share, settings, pose }, place) => {
      const own = film(lit, settings), k = own + step * (film(next, settings) - own);
      const picture = sight.plain ? strip : passes.looked(strip, name, settings, pose, shown, k);
      const laid = name === "ring" && sight.cover?.key === cover?.key ? cover?.texture : null;
      passes.finish(picture, settings.finish, damp, Math.floor(60 * time), place ? share : undefined,
        laid, pose);
    });
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
  const drawn = (list, from, time, fresh) => {
    const sight = shot(time), began = performance.now();
    if (!found() || !sight) return null;
    if (card.busy()) {
      slow = true;
      return false;
    }
    if (took) paced(slow ? Math.max(took, began - last - 8) : took);
    took = 0;
    slow = false;
    // Whoever is slow has other work, too.
    if (spent > SLOW && (!fresh || began - last < 1.5 * spent)) return false;
    const image = draw(list, from, time, side(sight.size));
    if (!image) return null;
    last = began;
    took = performance.now() - began;
    card.busy(true);
    return image;
  };

  const giveUp = () => { card = null; };

  const paced = (time) => {
    if ((since += 1) > 0) spent += (time - spent) / 8;
    if (since < 16) return;
    if (spent > LONG) {
      if (quality <= LEAST) card = null; // Python's pictures are quicker
      quality = Math.max(LEAST, quality * 0.7);
    } else if (spent < SHORT && quality < 1) quality = Math.min(1, quality / 0.7);
    else return;
    since = 0;
  };

  setTimeout(() => ready(30), 2000); // when the page is there

  // What is held, for who looks from outside: of which runs there are paintings, and what is seen.
  const runs = () => [...new Set([...paintings.values()].map(({ run }) => run))];
  const sights = () => Object.keys(shots[0]?.kinds ?? {});

  return { runs, sights, supported, giveUp, frames, keep, seen, adjust, draw, drawn, side, luminance };
})();
