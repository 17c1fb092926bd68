// What a graphics card makes of paintings, one pass after the other; see relit-shaders.js.
// painting: gives one by its run and number, as relit.js holds it.
(window.musvid ??= {}).relitPasses = (card, painting) => {
  const SMALL = 180; // pixels of the shorter side where light is spread
  const GAPS = 3; // between paintings, that are held
  const view = window.musvid.relitView;
  const projections = new Map();
  const gaps = []; // paintings that were relit to each other, the last ones first
  let levels = null; // of the exposure
  let blank = null; // the light of what is not relit

  // The layers of a light, as a texture.
  const layers = (light, deviations) => {
    if (!light) return blank ??= card.numbers(new Float32Array(4), 1, 1);
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
    const name = `${lit.run} ${early.number}`, known = gaps.find((gap) => gap.name === name);
    if (known) return known.pictures;
    const slot = gaps.length < GAPS ? gaps.length : gaps.pop().slot;
    const lights = [early, late].map(({ light }) => layers(light, lit.deviations));
    const made = pictures.map((picture, place) => {
      const { width, height } = picture;
      const [own, other] = place ? [late, early] : [early, late];
      const target = card.target(`relit ${slot} ${place}`, width, height, true);
      card.draw("relight", target, {
        ...response(lit), picture, lightOwn: lights[place], lightOther: lights[1 - place],
        size: [width, height], strip: lit.strip, wayOwn: along(lit.axis, own.start - own.offset),
        wayOther: along(lit.axis, own.start - other.offset),
      });
      return card.halved(target);
    });
    gaps.unshift({ name, slot, pictures: made });
    return made;
  };

  // The strip of a moment. next, step: the frame behind it, and how far it is to that. some: of its
  // pixels those that are looked at, into a part of another target.
  const strip = (lit, next, step, some = null) => {
    const mixed = (one, other) => one + step * (other - one);
    const place = mixed(lit.place, next.place), offset = mixed(lit.offset, next.offset);
    const before = Math.floor(place);
    const early = painting(lit.run, before), late = painting(lit.run, before + 1) ?? early;
    if (!early?.image && !early?.texture) return null;
    const [one, other] = ends(lit, early, late), [width, height] = lit.strip;
    const whole = lit.axis < 0 ? 0 : Math.floor(offset), rest = lit.axis < 0 ? 0 : offset - whole;
    const from = ({ start }) => along(lit.axis, whole - start);
    const way = (end) => along(lit.axis, offset - end.offset);
    const target = some?.target ?? card.target("strip", width, height);
    return card.draw("strip", target, {
      ...response(lit), early: one, late: other,
      lightEarly: layers(early.light, lit.deviations), lightLate: layers(late.light, lit.deviations),
      lightNow: layers(lit.light, lit.deviations), lightNext: layers(next.light, lit.deviations),
      strip: lit.strip, sizeEarly: [one.width, one.height], sizeLate: [other.width, other.height],
      fromEarly: from(early), fromLate: from(late), wayEarly: way(early), wayLate: way(late),
      taps: view.lanczos(rest), axis: lit.axis, rest: along(lit.axis, rest),
      mirrored: lit.mirrored, lit: Boolean(lit.response), part: place - before, step,
      every: some?.every ?? [1, 1], top: some?.rows[0] ?? 0,
    }, false, some?.rows);
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

  // Rows of the strip that a view shows.
  const seen = (settings, height) => height - view.round(settings.low * height);

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

  // A strip as it is seen: a picture before its finish. k: of the film that exposes it.
  const looked = (lit, name, settings, pose, shown, k) => {
    const height = seen(settings, lit.height), { width } = lit;
    const projection = projected(name, settings, [width, height], shown);
    levels = card.bytes(view.tone(k, settings.finish), levels);
    let picture = card.draw("tone", card.target("toned", width, height + projection.cellar), {
      picture: lit, levels, height, turned: settings.turned,
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

  // The last pass, onto the canvas. cover: what is laid into the middle, if anything. share: of what
  // is there already, where it is not the first.
  const finish = (seen, { glow, vignette, grain }, damp, seed, share, cover, pose) => {
    const [narrow, wide] = glow ? halos(seen) : [seen, seen];
    const size = [card.canvas.width, card.canvas.height], half = Math.min(...size) / 2;
    const picture = !cover ? seen : card.draw("disc", card.target("disc", ...size), {
      picture: seen, cover, radius: 0.96 * view.HOLE * half * pose.zoom,
      middle: [size[0] / 2 + half * pose.x, size[1] / 2 + half * pose.y],
    });
    card.draw("finish", null, {
      picture, narrow, wide, size, damp, seed, share: share ?? 1, glow: glow ?? 0,
      vignette: vignette ?? 0, grain: grain ?? 0,
    }, share !== undefined);
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

  return { strip, seen, projected, looked, finish };
};
