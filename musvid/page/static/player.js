// The first looks at a running render follow each other in the player: a longer one goes on where
// the one before it was, as loud and as paused as that.
(() => {
  const LOOK = /\/preview-[^/]*\.mp4/;
  let last = null; // of the player: the file, and how it was played

  const mine = (event) => event.target.matches?.("#video video") && event.target;
  const note = (event) => {
    const video = mine(event);
    if (!video || !video.currentSrc || !video.readyState) return;
    if (last && video.currentSrc !== last.source) return; // not taken up yet
    last = { source: video.currentSrc, time: video.currentTime, muted: video.muted,
      volume: video.volume, paused: video.paused && !video.ended };
  };
  const take = (event) => {
    const video = mine(event);
    if (!video) return;
    const before = last;
    last = null;
    if (before && LOOK.test(before.source) && before.source !== video.currentSrc) {
      video.muted = before.muted;
      video.volume = before.volume;
      video.currentTime = Math.min(before.time, video.duration);
      if (before.paused) {
        video.autoplay = false;
        video.pause();
      }
    }
    note(event);
  };

  for (const kind of ["timeupdate", "volumechange", "pause", "play", "ended", "seeked"])
    document.addEventListener(kind, note, true);
  document.addEventListener("loadedmetadata", take, true);
})();
