// The passes that a graphics card makes of a painted song, as interpolate/relight.py and view/ say
// them. Pictures lie in textures with their first row at 0; whole pixels are read by their number.
(window.musvid ??= {}).relitShaders = (() => {
  const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
out vec4 made;
`;

  // By what a mixture is multiplied (x), and what is added to it (y): relight._gain. Light is
  // (broad, lines, as it is), 0 to 255; own: that of the painting.
  const GAIN = `
uniform vec4 powers; // broad, broad_floor, lines, lines_floor
uniform vec2 colour; // saturation, added
vec2 gain(vec3 now, vec3 under, float own) {
  vec2 rises = log((now.xy + powers.yw) / (under.xy + powers.yw));
  float rise = clamp(dot(powers.xz, rises), -1.3862944, 1.3862944);
  float colours = exp(colour.x * rise);
  return vec2(colours, own * (exp(rise) - colours) + colour.y * (now.z - under.z));
}
// Between two lights by ratio.
vec2 between(vec3 early, vec3 late) {
  return sqrt((early.xy + powers.yw) * (late.xy + powers.yw)) - powers.yw;
}
float bright(vec3 pixel) { return 255.0 * dot(pixel, vec3(1.0 / 3.0)); }
`;

  // A painting under the light between its own and that of its neighbour: _instep._Gap.canvases.
  const relight = `${HEAD}${GAIN}
uniform sampler2D picture; // with halves of itself
uniform sampler2D lightOwn, lightOther; // of the guides
uniform vec2 size; // of the canvas
uniform vec2 strip;
uniform vec2 wayOwn, wayOther; // from a pixel of the canvas to that of each guide
void main() {
  vec2 place = gl_FragCoord.xy;
  vec3 under = texture(lightOwn, (place + wayOwn) / strip).xyz;
  vec3 other = texture(lightOther, (place + wayOther) / strip).xyz;
  vec3 now = vec3(between(under, other), under.z);
  float own = bright(textureLod(picture, place / size, 1.0).rgb);
  vec2 g = gain(now, under, own);
  vec3 pixel = texelFetch(picture, ivec2(place), 0).rgb;
  made = vec4(pixel * g.x + g.y / 255.0, 1.0);
}`;

  // The strip of a moment: both paintings, where they are in the world by now, mixed and lit; or some
  // of its pixels, from a row of the target on.
  const strip = `${HEAD}${GAIN}
uniform sampler2D early, late; // with halves of themselves
uniform sampler2D lightEarly, lightLate, lightNow, lightNext;
uniform vec2 strip, sizeEarly, sizeLate;
uniform ivec2 fromEarly, fromLate; // the pixel of each canvas at which the window begins
uniform vec2 wayEarly, wayLate; // from a pixel of the strip to that of each guide
uniform float taps[6]; // of pixels from two before to three behind
uniform int axis; // -1 where nothing drifts
uniform vec2 rest; // by which the window begins behind that pixel
uniform bool mirrored, lit;
uniform float part, step;
uniform ivec2 every;
uniform int top;
vec3 cut(sampler2D canvas, ivec2 at) {
  if (axis < 0) return texelFetch(canvas, at, 0).rgb;
  ivec2 along = axis == 0 ? ivec2(0, 1) : ivec2(1, 0), last = textureSize(canvas, 0) - 1;
  vec3 sum = vec3(0.0);
  for (int k = 0; k < 6; k++) {
    if (taps[k] == 0.0) continue;
    sum += taps[k] * texelFetch(canvas, clamp(at + (k - 2) * along, ivec2(0), last), 0).rgb;
  }
  return clamp(sum, 0.0, 1.0);
}
void main() {
  ivec2 at = (ivec2(gl_FragCoord.xy) - ivec2(0, top)) * every;
  if (mirrored && 2 * at.x >= int(strip.x)) at.x = int(strip.x) - 1 - at.x;
  vec2 place = vec2(at) + 0.5;
  vec3 pixel = cut(early, at + fromEarly);
  if (part > 0.0) pixel = mix(pixel, cut(late, at + fromLate), part);
  if (lit) {
    vec3 one = texture(lightEarly, (place + wayEarly) / strip).xyz;
    vec3 two = texture(lightLate, (place + wayLate) / strip).xyz;
    vec3 under = mix(one, two, part);
    if (axis >= 0) under.xy = between(one, two);
    vec3 now = mix(texture(lightNow, place / strip), texture(lightNext, place / strip), step).xyz;
    float own = bright(mix(
      textureLod(early, (vec2(at + fromEarly) + 0.5 + rest) / sizeEarly, 1.0),
      textureLod(late, (vec2(at + fromLate) + 0.5 + rest) / sizeLate, 1.0), part).rgb);
    vec2 g = gain(now, under, own);
    pixel = pixel * g.x + g.y / 255.0;
  }
  made = vec4(pixel, 1.0);
}`;

  // The strip exposed, turned and, below its foot, going on into darkness.
  const tone = `${HEAD}
uniform sampler2D picture, levels;
uniform int height; // of what is seen of the strip
uniform bool turned;
uniform float cellar; // rows below the foot
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  float fade = 1.0;
  if (at.y >= height) {
    fade = 1.0 - float(at.y - height) / max(cellar - 1.0, 1.0);
    fade = fade * fade * fade;
    at.y = 2 * height - 1 - at.y;
  }
  if (turned) at.y = height - 1 - at.y;
  ivec3 level = ivec3(texelFetch(picture, at, 0).rgb * 255.0 + 0.5);
  made = fade * vec4(texelFetch(levels, ivec2(level.r, 0), 0).r,
    texelFetch(levels, ivec2(level.g, 0), 0).r, texelFetch(levels, ivec2(level.b, 0), 0).r, 0.0);
  made.a = 1.0;
}`;

  // The same picture in another size.
  const scale = `${HEAD}
uniform sampler2D picture;
uniform vec2 size;
void main() { made = texture(picture, gl_FragCoord.xy / size); }`;

  // Rows that are packed so densely that this halved picture is for them: its share of each.
  const soften = `${HEAD}
uniform sampler2D picture, rows; // rows: pixels across and along on one of the picture, and shine
uniform vec2 size;
uniform int which;
uniform float zoom, level;
void main() {
  vec4 row = texelFetch(rows, ivec2(0, int(gl_FragCoord.y)), 0);
  float depth = log2(max(row[which] / zoom, 1.0));
  made = vec4(texture(picture, gl_FragCoord.xy / size).rgb, clamp(depth - level + 1.0, 0.0, 1.0));
}`;

  // Rows that are brighter, and more colourful: sampling._shining.
  const shine = `${HEAD}
uniform sampler2D picture, rows;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  float more = texelFetch(rows, ivec2(0, at.y), 0).z;
  vec3 pixel = texelFetch(picture, at, 0).rgb;
  if (more > 1.015625) {
    vec3 grey = vec3(dot(pixel, vec3(1.0 / 3.0)));
    pixel = (grey + (pixel - grey) * more) * more;
  }
  made = vec4(pixel, 1.0);
}`;

  // Twice as many pixels along one axis, bicubic as OpenCV's (a = -0.75).
  const double = `${HEAD}
uniform sampler2D picture;
uniform bool across;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy), last = textureSize(picture, 0) - 1;
  ivec2 along = across ? ivec2(1, 0) : ivec2(0, 1);
  int place = across ? at.x : at.y;
  bool first = (place & 1) == 0; // of the two that a pixel becomes, a quarter before its middle
  ivec2 here = across ? ivec2(place / 2, at.y) : ivec2(at.x, place / 2);
  if (first) here -= along;
  vec4 weights = vec4(-0.03515625, 0.26171875, 0.87890625, -0.10546875);
  if (!first) weights = weights.wzyx;
  vec3 sum = vec3(0.0);
  for (int k = 0; k < 4; k++)
    sum += weights[k] * texelFetch(picture, clamp(here + (k - 1) * along, ivec2(0), last), 0).rgb;
  made = vec4(sum, 1.0);
}`;

  // What is seen of the strip: view/projections.py.
  const view = `${HEAD}
#define PI 3.14159265358979
uniform sampler2D picture;
uniform vec2 size, moved; // of the picture; the camera's
uniform vec2 turn; // cosine and sine over the zoom
uniform int kind;
uniform vec4 numbers; // of the projection
uniform float below; // the cellar, in strip heights
float mirror(float value) {
  value = value / 2.0;
  return 1.0 - 2.0 * abs(value - floor(value) - 0.5);
}
float angle(vec2 at) { // clockwise from straight up
  float found = atan(at.x, -at.y);
  return found < 0.0 ? found + 2.0 * PI : found;
}
void main() {
  float half_ = min(size.x, size.y) / 2.0;
  vec2 at = (gl_FragCoord.xy - size / 2.0) / half_ - moved;
  at = vec2(turn.x * at.x + turn.y * at.y, turn.x * at.y - turn.y * at.x);
  float u, s;
  if (kind == 0) { // flat: across, along
    u = at.x * numbers.x + 0.5;
    s = -at.y * numbers.y + 0.5;
  } else if (kind == 1) { // mosaic: across, along
    u = at.x * numbers.x;
    s = at.y * numbers.y;
  } else if (kind == 2) { // tunnel: copies, bend, reach
    u = angle(at) * numbers.x / (2.0 * PI) + 0.5;
    s = pow(length(at) / numbers.z, numbers.y);
  } else if (kind == 3) { // mandala: across, along, part
    float around = mirror(angle(at) / numbers.z) * numbers.z;
    u = length(at) * sin(around) * numbers.x + 0.5;
    s = length(at) * cos(around) * numbers.y;
  } else if (kind == 4) { // horizon: across, bend, high, haze
    float depth = abs(at.y);
    u = at.x / (depth + numbers.w) * numbers.x + 0.5;
    s = pow(depth / numbers.z, numbers.y);
  } else { // ring: copies, bend, room, hole
    float far = length(at) - numbers.w;
    u = angle(at) * numbers.x / (2.0 * PI) + 0.5;
    s = max(sign(far) * pow(abs(far) / numbers.z, numbers.y), -below);
  }
  s += below;
  made = vec4(texture(picture, vec2(mirror(u), 1.0 - mirror(s / (1.0 + below)))).rgb, 1.0);
}`;

  // A cover in the middle of a ring, round, in a dark gap: view/cover.py.
  const disc = `${HEAD}
uniform sampler2D picture, cover;
uniform vec2 middle;
uniform float radius;
float smooth_(float value) {
  value = clamp(value, 0.0, 1.0);
  return value * value * (3.0 - 2.0 * value);
}
void main() {
  vec3 pixel = texelFetch(picture, ivec2(gl_FragCoord.xy), 0).rgb;
  vec2 place = (gl_FragCoord.xy - middle) / radius;
  float far = length(place);
  vec3 own = texture(cover, 0.5 + place / 2.0).rgb;
  float there = smooth_((1.0 - far) / max(0.012, 1.25 / radius) + 0.5);
  float shade = 1.0 - 0.35 * pow(smooth_((far - 0.72) / 0.3), 2.0);
  float hides = max(there, smooth_((1.09 - far) / 0.09));
  made = vec4(pixel * (1.0 - hides) + own * there * shade, 1.0);
}`;

  // What shines: the picture in small, as far as it is bright.
  const bright = `${HEAD}
uniform sampler2D picture;
uniform vec2 size; // of the small picture
uniform int looks; // a side, at pixels of the picture
uniform float least;
void main() {
  vec3 sum = vec3(0.0);
  for (int y = 0; y < looks; y++) for (int x = 0; x < looks; x++) {
    vec2 part = (vec2(x, y) + 0.5) / float(looks);
    sum += texture(picture, (gl_FragCoord.xy - 0.5 + part) / size).rgb;
  }
  made = vec4(max(sum / float(looks * looks) - least, 0.0), 1.0);
}`;

  // A Gaussian blur along one axis, of a standard deviation of 2.5 pixels.
  const blur = `${HEAD}
uniform sampler2D picture;
uniform ivec2 along;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy), last = textureSize(picture, 0) - 1;
  vec3 sum = vec3(0.0);
  float all = 0.0;
  for (int k = -7; k <= 7; k++) {
    float weight = exp(-float(k * k) / 12.5);
    ivec2 there = abs(at + k * along); // borders are mirrors
    there = clamp(last - abs(last - there), ivec2(0), last);
    sum += weight * texelFetch(picture, there, 0).rgb;
    all += weight;
  }
  made = vec4(sum / all, 1.0);
}`;

  // Glow, vignette, grain, and what damps a flash: view/finish.py. Upside down, as a canvas is.
  const finish = `${HEAD}
uniform sampler2D picture, narrow, wide;
uniform vec2 size;
uniform float glow, vignette, grain, damp, share;
uniform int seed;
uint mixed(uint value) {
  value ^= value >> 16; value *= 0x7feb352du; value ^= value >> 15; value *= 0x846ca68bu;
  return value ^ (value >> 16);
}
float noise(ivec2 at) {
  uint one = mixed(uint(at.x) + 4096u * uint(at.y) + mixed(uint(seed)));
  vec4 parts = vec4(one & 255u, (one >> 8) & 255u, (one >> 16) & 255u, one >> 24);
  return (dot(parts, vec4(1.0)) / 255.0 - 2.0) * 1.72; // as a Gaussian of deviation 1, nearly
}
void main() {
  vec2 at = vec2(gl_FragCoord.x, size.y - gl_FragCoord.y);
  vec3 pixel = texelFetch(picture, ivec2(at), 0).rgb;
  if (glow > 0.0) {
    vec3 halo = 0.45 * glow * texture(narrow, at / size).rgb;
    halo = min(halo + 0.54 * glow * texture(wide, at / size).rgb, 1.0);
    pixel = 1.0 - (1.0 - pixel) * (1.0 - halo);
  }
  if (vignette > 0.0) {
    vec2 far = 2.0 * (at - 0.5) / (size - 1.0) - 1.0;
    float square = clamp(dot(far, far) / 2.0, 0.0, 1.0);
    pixel *= 1.0 - 0.85 * vignette * square * square * (3.0 - 2.0 * square);
  }
  if (grain > 0.0) pixel += grain * 14.0 / 255.0 * noise(ivec2(at));
  made = vec4(clamp(pixel, 0.0, 1.0) * damp, share);
}`;

  const vertex = `#version 300 es
void main() {
  gl_Position = vec4(4 * (gl_VertexID & 1) - 1, 2 * (gl_VertexID & 2) - 1, 0, 1);
}`;

  return { vertex, relight, strip, tone, scale, soften, shine, double, view, disc, bright, blur,
    finish };
})();
