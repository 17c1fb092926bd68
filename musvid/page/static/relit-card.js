// A graphics card for passes over pictures: programs by their names, textures, and what is drawn
// into them. quick: only a real card.
(window.musvid ??= {}).relitCard = (canvas, quick) => {
  const gl = canvas.getContext("webgl2", {
    alpha: false, antialias: false, depth: false, powerPreference: "high-performance",
    failIfMajorPerformanceCaveat: quick,
  });
  if (!gl) return null;
  const { vertex, ...fragments } = window.musvid.relitShaders;
  const programs = new Map(), targets = new Map();
  gl.bindVertexArray(gl.createVertexArray());
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);

  const shader = (kind, source) => {
    const made = gl.createShader(kind);
    gl.shaderSource(made, source);
    gl.compileShader(made);
    return made;
  };

  const program = (name) => {
    if (programs.has(name)) return programs.get(name);
    const made = gl.createProgram();
    const parts = [shader(gl.VERTEX_SHADER, vertex), shader(gl.FRAGMENT_SHADER, fragments[name])];
    for (const part of parts) gl.attachShader(made, part);
    gl.linkProgram(made);
    if (!gl.getProgramParameter(made, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(`${name}: ${gl.getShaderInfoLog(parts[1])} ${gl.getProgramInfoLog(made)}`);
    const uniforms = new Map();
    for (let place = 0; place < gl.getProgramParameter(made, gl.ACTIVE_UNIFORMS); place++) {
      const { name: long, type } = gl.getActiveUniform(made, place);
      uniforms.set(long.replace("[0]", ""), { type, at: gl.getUniformLocation(made, long) });
    }
    const found = { made, uniforms };
    programs.set(name, found);
    return found;
  };

  const set = ({ uniforms }, values) => {
    let unit = 0;
    for (const [name, { type, at }] of uniforms) {
      const value = values[name];
      if (type === gl.SAMPLER_2D) {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, value.texture);
        gl.uniform1i(at, unit++);
      } else if (type === gl.FLOAT) gl.uniform1fv(at, value.length ? value : [value]);
      else if (type === gl.FLOAT_VEC2) gl.uniform2fv(at, value);
      else if (type === gl.FLOAT_VEC4) gl.uniform4fv(at, value);
      else if (type === gl.INT_VEC2) gl.uniform2iv(at, value);
      else gl.uniform1i(at, Number(value));
    }
  };

  // Draws a pass into a target, or onto the canvas. over: whether it is mixed by its alpha. rows:
  // the first one, and the one behind the last, where not all are drawn.
  const draw = (name, target, values, over = false, rows = null) => {
    const used = program(name);
    gl.useProgram(used.made);
    set(used, values);
    gl.bindFramebuffer(gl.FRAMEBUFFER, target?.framebuffer ?? null);
    const { width, height } = target ?? canvas;
    gl.viewport(0, 0, width, height);
    if (over) gl.enable(gl.BLEND);
    else gl.disable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    if (rows) {
      gl.enable(gl.SCISSOR_TEST);
      gl.scissor(0, rows[0], width, rows[1] - rows[0]);
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    if (rows) gl.disable(gl.SCISSOR_TEST);
    return target;
  };

  const texture = (filter = gl.LINEAR) => {
    const made = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, made);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T])
      gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter === gl.NEAREST ? filter : gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
    return made;
  };

  // A place to draw into, which is kept by its name as long as it has this size.
  const target = (name, width, height, halves = false) => {
    const known = targets.get(name);
    if (known && known.width === width && known.height === height) return known;
    if (known) drop(known);
    const made = empty(width, height, halves);
    targets.set(name, made);
    return made;
  };

  const empty = (width, height, halves = false) => {
    const made = { width, height, framebuffer: gl.createFramebuffer() };
    made.texture = texture(halves ? gl.LINEAR_MIPMAP_NEAREST : gl.LINEAR);
    const levels = halves ? 2 : 1;
    gl.texStorage2D(gl.TEXTURE_2D, levels, gl.RGBA8, width, height);
    gl.bindFramebuffer(gl.FRAMEBUFFER, made.framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, made.texture, 0);
    return made;
  };

  // A picture, with a half of itself; or with halves down to a pixel, between which it is mixed.
  const picture = (image, all = false) => {
    const { width, height } = image;
    const filter = all ? gl.LINEAR_MIPMAP_LINEAR : gl.LINEAR_MIPMAP_NEAREST;
    const made = { width, height, texture: texture(filter) };
    const levels = all ? 1 + Math.floor(Math.log2(Math.max(width, height))) : 2;
    gl.texStorage2D(gl.TEXTURE_2D, levels, gl.RGBA8, width, height);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, gl.RGBA, gl.UNSIGNED_BYTE, image);
    gl.generateMipmap(gl.TEXTURE_2D);
    return made;
  };

  const halved = (made) => {
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, made.texture);
    gl.generateMipmap(gl.TEXTURE_2D);
    return made;
  };

  // Four numbers a pixel. exact: they are only read by their place.
  const numbers = (values, width, height, exact = false) => {
    const made = { width, height, texture: texture(exact ? gl.NEAREST : gl.LINEAR) };
    const format = exact ? gl.RGBA32F : gl.RGBA16F;
    gl.texImage2D(gl.TEXTURE_2D, 0, format, width, height, 0, gl.RGBA, gl.FLOAT, values);
    return made;
  };

  // One byte a pixel, which may be written again.
  const bytes = (values, made = null) => {
    const found = made ?? { width: values.length, height: 1, texture: texture(gl.NEAREST) };
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, found.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, values.length, 1, 0, gl.RED, gl.UNSIGNED_BYTE, values);
    return found;
  };

  const read = (from, into) => {
    gl.bindFramebuffer(gl.FRAMEBUFFER, from?.framebuffer ?? null);
    const { width, height } = from ?? canvas;
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, into);
    return into;
  };

  const drop = (made) => {
    if (!made) return;
    gl.deleteTexture(made.texture);
    if (made.framebuffer) gl.deleteFramebuffer(made.framebuffer);
  };

  // Whether what was drawn before is not finished. marked: whether that begins now.
  let mark = null;
  const busy = (marked = false) => {
    if (marked) {
      if (mark) gl.deleteSync(mark);
      mark = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
      gl.flush();
    }
    return Boolean(mark) && gl.clientWaitSync(mark, 0, 0) === gl.TIMEOUT_EXPIRED;
  };

  const lost = () => gl.isContextLost();
  const names = Object.keys(fragments);

  return { canvas, names, program, draw, target, empty, picture, halved, numbers, bytes, read, drop, busy, lost };
};
