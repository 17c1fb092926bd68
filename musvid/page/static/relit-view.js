// How a strip is seen, as numbers for the card: view/projections.py, view/finish.py, camera poses.
(window.musvid ??= {}).relitView = (() => {
  const HOLE = 0.42, SHINE = 0.45, CORE = 0.1, SHINES = 0.9, HAZE = 0.35;
  const LOW = { tunnel: 0.08, mandala: 0.08, horizon: 0.06 }; // stage.LOW
  const LEVEL = Float64Array.from({ length: 256 }, (_, place) => place / 255);
  const KINDS = ["flat", "mosaic", "tunnel", "mandala", "horizon", "ring"];

  // strip, shown: width and height of what is seen of the strip, and of the picture. Returns the
  // projection's numbers, the rows below the strip's foot, and for each row how many of its pixels
  // lie across and along on one of the picture, and how much brighter it is.
  const projection = (name, { copies, bend }, strip, shown) => {
    const half = Math.min(...shown) / 2;
    const reach = Math.hypot(...shown) / 2 / half;
    const wide = shown[0] / half / 2, high = shown[1] / half / 2, shape = strip[1] / strip[0];
    const even = (across, along) => ({ numbers: [across, along, 0, 0], density: () => [across, along] });
    const made = {
      flat: () => {
        const width = Math.max(2 * wide, (2 * high) / shape);
        return even(1 / width, 1 / (width * shape));
      },
      mosaic: () => {
        const width = Math.max(wide, high / shape);
        return even(1 / width, 1 / (width * shape));
      },
      tunnel: () => ({
        numbers: [copies, bend, reach, 0],
        density: (s) => {
          const radius = Math.max(reach * s ** (1 / bend), 0.01);
          const soft = 1 + (CORE / radius) ** 2;
          return [(soft * copies) / (2 * Math.PI * radius), (bend * s) / radius];
        },
        shine: (s) => {
          const radius = reach * Math.max(s, 0) ** (1 / bend);
          return 1 + SHINES * Math.exp(-((radius / CORE) ** 2));
        },
      }),
      mandala: () => {
        const along = 1 / reach, across = along * shape;
        return { ...even(across, along), numbers: [across, along, Math.PI / copies, 0] };
      },
      horizon: () => ({
        numbers: [(high + HAZE) / (2 * wide), bend, high, HAZE],
        density: (s) => {
          const depth = high * s ** (1 / bend);
          const across = (high + HAZE) / (2 * wide) / (depth + HAZE);
          const steep = Math.hypot(1, (0.5 * wide) / (depth + HAZE));
          return [across * steep, (bend * Math.max(s, 1e-3)) / Math.max(depth, 1e-3)];
        },
      }),
      ring: () => {
        const room = reach - HOLE;
        return {
          numbers: [copies, bend, room, HOLE],
          cellar: ((SHINE * HOLE) / room) ** bend,
          density: (s) => {
            const near = Math.max(Math.abs(s), 0.12), far = room * near ** (1 / bend);
            const radius = Math.max(HOLE + (s < 0 ? -far : far), 0.02);
            return [copies / (2 * Math.PI * radius), (bend * near) / far];
          },
        };
      },
    }[name]();
    const cellar = round((made.cellar ?? 0) * strip[1]), count = strip[1] + cellar;
    const rows = new Float32Array(4 * count);
    let across = 0, along = 0;
    for (let row = 0; row < count; row++) {
      const s = 1 - (row + 0.5) / strip[1];
      const [one, other] = made.density(s);
      rows[4 * row] = (one * strip[0]) / half;
      rows[4 * row + 1] = (other * strip[1]) / half;
      rows[4 * row + 2] = made.shine?.(s) ?? 1;
      across = Math.max(across, rows[4 * row]);
      along = Math.max(along, rows[4 * row + 1]);
    }
    const shines = Boolean(made.shine), kind = KINDS.indexOf(name);
    return { kind, numbers: made.numbers, cellar, rows, count, across, along, shines };
  };

  const mirror = (value) => 1 - 2 * Math.abs(value / 2 - Math.floor(value / 2) - 0.5);

  // The places of the strip that are seen at some of the picture, `count` a side: three numbers each,
  // 0 to 1 from the left and from the top, and how much of its light is left there. The pass "view",
  // for a few places.
  const places = ({ projection, pose, size, height }, count) => {
    const { kind, numbers, cellar } = projection, below = cellar / height;
    const [one, two, three, four] = numbers, half = Math.min(...size) / 2;
    const along = Math.cos(pose.angle) / pose.zoom, aside = Math.sin(pose.angle) / pose.zoom;
    const made = new Float32Array(3 * count * count);
    for (let place = 0; place < count * count; place++) {
      const across = ((place % count) + 0.5) / count, down = (Math.floor(place / count) + 0.5) / count;
      const x = ((across - 0.5) * size[0]) / half - pose.x;
      const y = ((down - 0.5) * size[1]) / half - pose.y;
      const here = along * x + aside * y, there = along * y - aside * x;
      const radius = Math.hypot(here, there), turned = Math.atan2(here, -there);
      const angle = turned < 0 ? turned + 2 * Math.PI : turned;
      let u = (angle * one) / (2 * Math.PI) + 0.5, s;
      if (kind === 0) [u, s] = [here * one + 0.5, 0.5 - there * two];
      else if (kind === 1) [u, s] = [here * one, there * two];
      else if (kind === 2) s = (radius / three) ** two;
      else if (kind === 3) {
        const around = mirror(angle / three) * three;
        [u, s] = [radius * Math.sin(around) * one + 0.5, radius * Math.cos(around) * two];
      } else if (kind === 4) {
        const depth = Math.abs(there);
        [u, s] = [(here / (depth + four)) * one + 0.5, (depth / three) ** two];
      } else {
        const far = radius - four, value = (Math.abs(far) / three) ** two;
        s = Math.max(far < 0 ? -value : value, -below);
      }
      const v = (1 - mirror((s + below) / (1 + below))) * (1 + below), dark = Math.max(0, v - 1);
      made[3 * place] = mirror(u);
      made[3 * place + 1] = dark ? 1 - dark : v;
      made[3 * place + 2] = dark ? Math.max(0, 1 - dark / below) ** 3 : 1;
    }
    return made;
  };

  // As Python rounds: halves to the even number.
  const round = (value) => {
    const whole = Math.round(value);
    return Math.abs(value % 1) === 0.5 && whole % 2 ? whole - 1 : whole;
  };

  // What each level becomes, 0 to 255: finish.tone. k: of the film that exposes it, see `exposure`.
  const tone = (k, { exposure, contrast, glow }) => {
    const curved = exposure ? film(k) : LEVEL;
    return Uint8Array.from(curved, (value) => {
      let found = value + (contrast ?? 0) * (value * value * (3 - 2 * value) - value);
      found *= 1 - 0.12 * (glow ?? 0) * found;
      return Math.max(0, Math.min(255, round(255 * found)));
    });
  };

  // How strongly film answers so that pixels of the strip (RGBA) come to where the eye wants them.
  const exposed = (pixels, amount) => {
    const part = new Float64Array(256);
    for (let place = 0; place < pixels.length; place += 4)
      for (let channel = 0; channel < 3; channel++) part[pixels[place + channel]]++;
    const all = (pixels.length / 4) * 3;
    const light = (curve) => {
      let sum = 0;
      for (let level = 0; level < 256; level++) sum += curve[level] * part[level];
      return sum / all;
    };
    const mean = light(LEVEL);
    const bright = (140 / 255) * -Math.expm1(-((mean / (30 / 255)) ** 0.45));
    const wanted = mean * (1 - amount) + bright * amount;
    let low = -3.001, high = 8;
    for (let turn = 0; turn < 12; turn++) {
      const middle = (low + high) / 2;
      if (light(film(middle)) < wanted) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };

  const film = (k) => {
    const whole = Math.expm1(-k || -1e-9);
    return LEVEL.map((value) => Math.expm1(-k * value) / whole);
  };

  // Where the camera is, between two of the poses that are known.
  const pose = (poses, place) => {
    const last = poses.length - 1, whole = Math.max(0, Math.min(last, Math.floor(place)));
    const one = poses[whole], other = poses[Math.min(last, whole + 1)];
    const part = Math.max(0, Math.min(1, place - whole));
    const [zoom, angle, x, y] = one.map((value, each) => value + part * (other[each] - value));
    return { zoom, angle, x, y };
  };

  // The weights of six pixels of which the third lies so far before: course._lanczos.
  const lanczos = (part) => {
    const fine = Math.round(64 * part) / 64;
    const sinc = (x) => (x ? Math.sin(Math.PI * x) / (Math.PI * x) : 1);
    const weights = Array.from({ length: 6 }, (_, tap) => sinc(tap - 2 - fine) * sinc((tap - 2 - fine) / 3));
    const sum = weights.reduce((one, other) => one + other);
    return weights.map((weight) => (fine ? weight / sum : Number(Math.abs(weight) > 0.5)));
  };

  // The root of a light's bytes, as broad light, lines, and it is: relight.light_layers; four
  // numbers a cell. deviations: of both blurs, in cells.
  const layers = (bytes, width, height, deviations) => {
    const light = Float32Array.from(bytes, (value) => (value * value) / 255);
    const made = new Float32Array(4 * width * height);
    deviations.forEach((deviation, channel) => {
      const blurred = blur(light, width, height, deviation);
      for (let place = 0; place < light.length; place++) made[4 * place + channel] = blurred[place];
    });
    for (let place = 0; place < light.length; place++) made[4 * place + 2] = light[place];
    return made;
  };

  const blur = (light, width, height, deviation) => {
    const reach = Math.round(4 * deviation);
    const kernel = Array.from({ length: 2 * reach + 1 }, (_, place) =>
      Math.exp(-((place - reach) ** 2) / (2 * deviation * deviation)));
    const sum = kernel.reduce((one, other) => one + other);
    const mirrored = (place, count) => {
      const last = count - 1;
      if (!last) return 0;
      const turned = Math.abs(place) % (2 * last);
      return last - Math.abs(last - turned);
    };
    const pass = (from, count, others, next, beside) => {
      const made = new Float32Array(from.length), line = new Float32Array(count + 2 * reach);
      for (let other = 0; other < others; other++) {
        for (let place = 0; place < line.length; place++)
          line[place] = from[mirrored(place - reach, count) * next + other * beside];
        for (let place = 0; place < count; place++) {
          let found = 0;
          for (let tap = 0; tap < kernel.length; tap++) found += kernel[tap] * line[place + tap];
          made[place * next + other * beside] = found / sum;
        }
      }
      return made;
    };
    return pass(pass(light, width, height, 1, width), height, width, width, 1);
  };

  return { HOLE, LOW, projection, places, tone, exposed, pose, lanczos, layers, round };
})();
