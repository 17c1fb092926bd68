// Plays the song with its pictures while they are being painted: the sound is the clock, a canvas
// shows the picture of its moment, and the next pictures are asked for when few are held. Where a
// graphics card can draw them (relit.js), what comes is what they are made of.
window.musvid ??= {};
window.musvid.play = (() => {
  const AHEAD = 4; // seconds that are held ahead of the sound, at most
  const KEPT = 2; // seconds that stay when settings have changed, until there are others
  const READY = 0.7; // seconds ahead of the sound in which pictures are decoded
  const PATIENCE = 5; // seconds until the sound begins without a picture
  const LOST = 30; // seconds until a question is asked again that nobody answered
  const LOOK = 3; // the same, of how what is held is seen
  const LONGEST = 4; // seconds ahead of the sound at which it may begin anew
  const SELDOM = 0.1; // seconds between two places of the playhead, where there is no card
  const LATE = 0.1; // seconds behind the sound from which on a picture is late
  // Settings of how the strip is seen: another view of what is held is drawn at once.
  const SEEN = /^(view|camera|finish|(zoom|turn|sway|shake)_by)\b|^(upscale|motion_fps)$/;

  const at = (id) => document.getElementById(id);
  const now = () => performance.now() / 1000;
  const fresh = () => ({ shown: 0, late: 0, worst: 0, first: null, asked: 0, held: 0, pieces: 0,
    changes: 0, change: null, drawn: 0, looks: 0 });
  const state = {
    playing: false, // whether somebody wants it to play
    frames: [], // {time, blob, image}, in the order of their times
    until: null, // the time up to which pictures are held; null where they begin anew
    asking: null, // the question that is not answered yet
    stale: false, // whether settings have changed since it was asked
    told: 0, // the time at which the playhead was last put
    behind: false, // whether nothing is held any more because the painter was too slow
    last: null, // how the last piece came: {took, seconds, held}
    lead: 0.5, // seconds that a piece takes which begins anew
    swift: 0.6, // those that one takes of other settings, which has fewer pictures
    start: 0,
    length: 0,
    failures: 0,
    pictured: false, // whether there was a picture since it began
    drawn: null, // the time of the picture on the canvas
    timer: 0,
    number: 0, // of the last question
    edition: 0, // how often settings have changed; that of the picture on the canvas is `seen`
    seen: 0,
    since: null, // when they have, until that is seen
    values: null, // of the controls, by their names, as they were last told
    sent: [], // questions on their way to Gradio
    draws: false, // whether the browser draws what it is given, since that began anew
    sight: 0, // the number of the question how the strip is seen that is not answered yet
    looking: 0, // when that was asked
    others: false, // whether that has changed again since then
  };
  let facts = fresh();

  const audio = () => at("player-audio");
  const slider = () => document.querySelector("#moment input[type=range]");
  const end = () => state.start + state.length;
  const clock = (seconds) =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  const show = (how) => {
    for (const place of [at("player-box"), at("stage")]) if (place) place.dataset.show = how;
  };

  // What is on the canvas is not what would be played now.
  const still = () => {
    state.drawn = null;
    show("still");
  };

  const say = (text) => {
    const place = at("player-problem");
    if (place && place.textContent !== text) place.textContent = text;
  };

  const relit = () => window.musvid.relit;

  const drop = (which) => {
    for (const frame of state.frames) if (which(frame)) frame.image?.close();
    state.frames = state.frames.filter((frame) => !which(frame));
    relit().keep(state.frames);
  };

  const empty = () => {
    drop(() => true);
    state.until = null;
    state.last = null;
  };

  // Questions and answers.

  const ask = () => {
    if (state.timer) return; // settings have changed: what is held of the old ones will go
    // What is asked before settings changed is not waited for.
    if (state.asking && !state.stale && now() - state.asking.since < LOST) return;
    state.number += 1;
    const sound = audio().currentTime;
    const anew = state.until === null;
    // Other settings are waited for, while what is held of the old ones plays.
    const soon = Number(anew && !state.starting && !state.behind && state.since !== null);
    let time = state.until;
    if (anew) state.draws = relit().supported();
    const lead = state.starting ? 0 : soon ? state.swift : state.lead;
    if (anew) time = Math.min(sound + lead, end() - 0.05);
    state.asking = { since: now(), anew, soon, held: Math.max(0, (state.until ?? sound) - sound), time };
    state.asking.number = state.number;
    state.stale = false;
    facts.asked += 1;
    const how = anew || !state.last ? {} : state.last;
    const late = Number(state.behind);
    state.behind = false;
    send({ at: time, late, anew: Number(anew), soon, ...how });
  };

  const send = (question) => {
    const draws = Number(state.draws && relit().supported());
    state.sent.push({ number: state.number, draws, ...question, at: Math.max(0, question.at) });
    at("player-more").click();
  };

  // How the strip is seen has changed: what is held of it is drawn again.
  const look = () => {
    state.others = state.sight > 0 && now() - state.looking < LOOK; // one at a time
    if (state.others) return;
    state.number += 1;
    state.sight = state.number;
    state.looking = now();
    send({ at: audio().currentTime, view: 1 });
  };

  // Called by Gradio with the values of all controls, of which one is the question.
  const asked = (values, place) => {
    values[place] = JSON.stringify(state.sent.shift() ?? { number: 0, at: 0 });
    return values;
  };

  const picture = ([time, text]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const blob = new Blob([bytes], { type: "image/jpeg" });
    return { time, blob, image: null, edition: state.edition };
  };

  const took = (text) => {
    const question = state.asking;
    const made = text?.startsWith("{") ? JSON.parse(text) : null;
    if (made?.seen) relit().seen(made.seen, made.number);
    if (made && state.sight && made.number === state.sight) {
      state.sight = 0;
      if (state.others) look();
      if (made.begin === undefined) {
        facts.looks += 1;
        again();
        counted();
      } else if (state.playing) anew(); // more than the view has changed
      else {
        empty();
        still();
      }
      return;
    }
    if (!question) return;
    if (made && made.number !== question.number) return; // nobody waits for it any more
    state.asking = null;
    if (!made) {
      if (!state.playing) return;
      const place = document.createElement("div");
      place.innerHTML = text ?? "";
      stop();
      say(place.textContent || "These settings cannot be played.");
      return;
    }
    state.failures = 0;
    const spent = now() - question.since;
    facts.pieces += 1;
    // Of settings that have changed meanwhile, or another place, nothing is wanted any more.
    if (!state.stale && (question.anew || state.until !== null)) {
      if (made.fresh) {
        // What comes soon may come while its first picture would stand already.
        if (question.soon) state.swift = Math.min(LONGEST, 0.9 * spent);
        else if (question.anew) state.lead = Math.min(LONGEST, Math.max(1.1 * spent, 0.7 * state.lead));
        drop((frame) => frame.time >= made.begin);
        state.last = null;
      } else {
        state.last = { took: spent, seconds: made.end - made.begin, held: question.held };
      }
      state.frames.push(...(made.relit ? unpacked(made) : made.pictures.map(picture)));
      state.until = made.over ? Infinity : made.end;
      state.size = made.size;
      const rate = made.rate < 10 ? made.rate.toFixed(1) : Math.round(made.rate);
      const side = made.relit ? relit().side(made.seen.size) : Math.max(...made.size);
      at("player-badge").textContent = `playing at ${side} px, ${rate} pictures a second`;
      say("");
    }
    decode();
  };

  const failed = () => {
    state.asking = null;
    state.failures += 1;
    if (!state.playing) return;
    if (state.failures > 5) {
      stop();
      say("The pictures do not come; press play to try again.");
    } else {
      state.asking = { since: now() - LOST + 1 }; // in a second
    }
  };

  // Pictures.

  const unpacked = (made) => {
    const { list, done } = relit().frames(made, state.edition);
    done.catch(() => { // this browser does not read them
      relit().giveUp();
      anew();
    });
    return list;
  };

  // What stands still is drawn as it is seen now.
  const again = () => {
    if (state.playing || state.drawn === null) return;
    state.pictured = false;
    draw(audio().currentTime);
  };

  // Another view of the same is there.
  const counted = () => {
    if (state.since) {
      facts.changes += 1;
      facts.change = 1000 * (now() - state.since);
      state.since = null;
    }
  };

  const decode = () => {
    const sound = audio().currentTime;
    for (const frame of state.frames) {
      if (frame.time > sound + READY) break;
      if (frame.lit || frame.image || frame.decoding) continue;
      frame.decoding = true;
      createImageBitmap(frame.blob).then(
        (image) => { frame.image = image; },
        () => {},
      );
    }
  };

  const draw = (sound) => {
    let best = -1;
    for (let place = 0; place < state.frames.length; place++) {
      if (state.frames[place].time > sound + 0.001) break;
      if (state.frames[place].image) best = place;
    }
    // The first one is shown before the sound begins.
    if (best < 0 && !state.pictured && state.frames[0]?.image) best = 0;
    if (best < 0) return;
    const frame = state.frames[best];
    const other = frame.time !== state.drawn || !state.pictured;
    if (other || frame.lit) {
      const time = Math.max(sound, frame.time);
      const lit = () => (state.playing ? relit().drawn(state.frames, best, time, other)
        : relit().draw(state.frames, best, time));
      const image = frame.lit ? lit() : frame.image;
      if (image === false) return; // the next one comes soon enough
      if (!image) {
        if (frame.lit && !relit().supported()) anew(); // the card is gone, or too slow
        return;
      }
      const canvas = at("player-canvas");
      const { width, height } = image;
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      canvas.getContext("2d").drawImage(image, 0, 0);
      facts.drawn += 1;
      if (state.adjusted) counted();
      state.adjusted = false;
    }
    if (other) {
      const lag = Math.max(0, sound - frame.time);
      state.drawn = frame.time;
      state.pictured = true;
      facts.shown += 1;
      facts.first ??= 1000 * (now() - state.began);
      facts.worst = Math.max(facts.worst, 1000 * lag);
      if (lag > LATE) facts.late += 1;
      if (frame.edition > state.seen && state.since) {
        facts.changes += 1;
        facts.change = 1000 * (now() - state.since);
        state.since = null;
      }
      state.seen = frame.edition;
      show(state.playing ? "play" : "pause");
    }
    for (const old of state.frames.splice(0, best)) old.image?.close();
    if (best && frame.lit) relit().keep(state.frames);
  };

  const tick = () => {
    if (!state.playing) return;
    requestAnimationFrame(tick);
    const sound = audio().currentTime;
    decode();
    draw(sound);
    if (audio().paused && !state.starting) return;
    if (state.starting && (state.pictured || now() - state.began > PATIENCE)) begin();
    facts.held = Math.max(0, Math.min(end(), state.until ?? sound) - sound);
    if (state.until !== null && state.until < sound && !state.asking) {
      // Too late: it begins anew, as far ahead as that takes.
      // Where it has only just begun, that says nothing of how fast pictures are painted.
      state.until = null;
      state.behind = state.last !== null;
    }
    if (state.until === null || state.until - sound < AHEAD) ask();
    tell(sound);
    if (sound >= end() - 0.03) {
      stop();
      audio().currentTime = state.start;
    }
  };

  // The sound.

  const begin = () => {
    state.starting = false;
    audio().play().catch(() => {
      if (!state.playing) return;
      stop();
      say("This browser cannot play the sound of this file; render it to hear it.");
    });
  };

  const start = () => {
    const sound = audio();
    if (state.playing || !sound?.src || !state.length) return;
    // From the moment that the page shows.
    let from = Number(slider()?.value ?? state.start);
    if (from < state.start || from >= end() - 0.05) from = state.start;
    if (Math.abs(from - sound.currentTime) > 0.05) {
      sound.currentTime = from;
      empty();
    }
    // Some browsers let a sound begin only as an answer to a click; it goes on when there is a
    // picture.
    sound.play().then(() => state.starting && sound.pause(), () => {});
    quiet();
    facts = fresh();
    api.facts = facts;
    const again = { playing: true, starting: true, pictured: false, failures: 0 };
    Object.assign(state, again, { began: now() });
    if (!state.frames.length) at("player-badge").textContent = "painting the first pictures …";
    show(state.drawn === null ? "wait" : "play");
    say("");
    button();
    requestAnimationFrame(tick);
  };

  const stop = () => {
    pause();
    empty();
  };

  // What is held stays for when it goes on.
  const pause = () => {
    const was = state.playing && !state.starting;
    state.playing = state.starting = false;
    audio()?.pause();
    if (was) choose(audio().currentTime);
    show(state.drawn === null ? "still" : "pause");
    button();
  };

  // The moment that the page shows is where the sound has stopped.
  const choose = (time) => {
    const place = slider();
    if (!place) return;
    state.choosing = true;
    window.musvid.dom.set(place, time);
    state.choosing = false;
  };

  // Whatever else plays here is paused.
  const quiet = () => {
    for (const other of document.querySelectorAll("audio, video")) {
      if (other !== audio()) other.pause();
    }
    document.querySelector('#song button[aria-label="Pause"]')?.click();
  };

  const seek = (time) => {
    const sound = audio();
    // Nearer than the slider's step, it is the place where it is.
    if (!sound?.src || Math.abs(sound.currentTime - time) < 0.03) return;
    sound.currentTime = Math.max(state.start, Math.min(end() - 0.05, time));
    empty();
    if (state.asking) state.stale = true;
    if (!state.playing) still();
    tell(sound.currentTime);
  };

  // What is shown of it.

  const button = () => {
    const play = at("play");
    if (!play) return;
    const plays = state.playing || film()?.paused === false;
    play.setAttribute("aria-pressed", String(plays));
    play.setAttribute("aria-label", plays ? "Pause" : "Play");
  };

  const tell = (sound) => {
    if (!at("player-time")) return;
    const time = Math.max(0, Math.min(state.length, sound - state.start));
    const text = `${clock(time)} / ${clock(state.length)}`;
    if (at("player-time").textContent !== text) at("player-time").textContent = text;
    const place = slider();
    if (!place || !state.playing) return;
    // What moves is drawn by the processor where no card is, which has pictures to make.
    if (!state.draws && Math.abs(sound - state.told) < SELDOM) return;
    state.told = sound;
    place.value = sound;
    const part = (100 * (sound - place.min)) / Math.max(0.01, place.max - place.min);
    place.style.setProperty("--range_progress", `${part}%`);
    const number = document.querySelector("#moment input[type=number]");
    if (number && number !== document.activeElement) number.value = sound.toFixed(1);
  };

  // What the page tells: the song, its part, and that a control has changed.

  const song = (file) => {
    const sound = audio();
    if (!sound) return;
    const address = file?.url ?? "";
    if (sound.getAttribute("src") === address) return;
    stop();
    still();
    if (address) sound.src = address;
    else sound.removeAttribute("src");
    say("");
    at("player-badge").textContent = "";
  };

  const part = (first, length) => {
    Object.assign(state, { start: Number(first) || 0, length: Number(length) || 0 });
    const sound = audio()?.currentTime ?? 0;
    if (sound < state.start || sound > end()) seek(state.start);
    else tell(sound);
  };

  // Pictures that are held stay until the new ones are there, but for those far ahead.
  const anew = () => {
    state.stale = state.asking !== null;
    state.edition += 1;
    const sound = audio().currentTime;
    const lost = !relit().supported(); // what it would have drawn nobody sees
    drop((frame) => frame.time > sound + KEPT || (frame.lit && lost));
    state.until = state.last = null;
  };

  const changed = (names, _own, _song, values) => {
    if (!audio()) return; // with ZeroGPU, there is no player
    const told = Object.fromEntries(names.map((name, place) => [name, JSON.stringify(values[place])]));
    const known = state.values;
    const others = names.filter((name) => told[name] !== known?.[name]);
    if (known && !others.length) return;
    state.values = told;
    state.since ??= now();
    const own = Object.fromEntries(names.map((name, place) => [name, values[place]]));
    const only = known && state.frames.some((frame) => frame.lit) && others.every((name) => SEEN.test(name));
    if (!only) state.repaint = true;
    clearTimeout(state.timer);
    state.timer = setTimeout(() => {
      state.timer = 0;
      const repaint = state.repaint || !(state.playing || state.drawn !== null);
      state.repaint = false;
      if (repaint && !state.playing) {
        empty();
        still();
        state.since = null;
      }
      if (repaint) anew();
      else {
        state.adjusted = relit().adjust(own, state.number + 0.5);
        if (state.adjusted) again();
        look();
      }
    }, 60);
  };

  // Something else on the stage is looked at: what is paused does not cover it.
  const looked = () => {
    if (!state.playing) still();
  };

  // The video, where that is what stands on the stage: nothing has changed since it was made.
  const film = () =>
    document.querySelector('#stage-row[data-show="video"] #stage:not([data-show="play"], [data-show="wait"]) #video video');

  const toggle = () => {
    const video = state.playing ? null : film();
    if (state.playing) pause();
    else if (!video) start();
    else if (video.paused) video.play().catch(() => {});
    else video.pause();
  };

  const field = (place) =>
    place?.closest?.(
      "input, textarea, select, button, a, summary, audio, video, [contenteditable], [role=slider]",
    );

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#play")) toggle();
    else if (event.target.closest?.("#mute")) {
      const sound = audio();
      sound.muted = !sound.muted;
      at("mute").setAttribute("aria-pressed", String(sound.muted));
    } else if (state.playing && event.target.closest?.("#song .play-pause-button")) pause();
  });
  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#moment") && !state.choosing) seek(Number(event.target.value));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!at("play") || (field(event.target) && event.target !== slider())) return;
    event.preventDefault();
    toggle();
  });
  // Media events do not bubble, but are captured.
  document.addEventListener(
    "play",
    (event) => {
      if (event.target === audio()) return;
      if (state.playing) pause();
      if (event.target.tagName === "VIDEO") still(); // it is what is looked at now
      button();
    },
    true,
  );
  for (const kind of ["pause", "ended", "emptied"]) document.addEventListener(kind, button, true);
  window.addEventListener("pagehide", () => stop());

  window.musvid.changes.told.push(changed);
  const api = {
    start, pause, toggle, seek, asked, took, failed, looked, song, part, facts,
    get playing() { return state.playing; },
    get time() { return audio()?.currentTime ?? 0; },
  };
  return api;
})();
