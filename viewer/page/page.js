/* What all parts of the page use: elements, numbers with units, colours, the data. */
const make = (tag, properties, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === 'style') element.style.cssText = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value;
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
};

const scaled = (value, scales) => {
  let best = scales.length - 1;
  while (best > 0 && Math.abs(value) < scales[best][0]) best--;
  return best ? `${(value / scales[best][0]).toFixed(2)} ${scales[best][1]}` : `${Math.round(value)} ${scales[0][1]}`;
};
const TIMES = [[1, 'ns'], [1e3, 'µs'], [1e6, 'ms'], [1e9, 's']];
const SIZES = [[1, 'B'], [1024, 'KiB'], [1 << 20, 'MiB'], [1 << 30, 'GiB'], [2 ** 40, 'TiB']];
const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const withUnit = (value, unit) => {
  if (unit === 'nanoseconds') return scaled(value, TIMES);
  if (unit === 'bytes') return scaled(value, SIZES);
  const text = whole.format(value);
  return !unit || unit === 'count' || unit === 'id' ? text : `${text} ${unit}`;
};
const asTime = (ns) => scaled(ns, TIMES);
const asCount = (count) => whole.format(count);
const asPercent = (part, whole) => `${(whole ? 100 * part / whole : 0).toFixed(2)} %`;

const hashOf = (text) => {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return hash >>> 0;
};
/* One colour a name, in every picture: warm where it runs, blue where it waits. */
const nameColor = (name, isWaiting) => {
  const hash = hashOf(name), spread = hash % 41, light = 58 + (hash >> 8) % 15;
  return isWaiting ? `hsl(${190 + spread} 62% ${light + 6}%)` : `hsl(${8 + spread} ${80 + (hash >> 16) % 14}% ${light}%)`;
};

/* One colour a reason; kinds of waits are families: locks red, other threads violet, network blue, files brown. */
const REASON_COLORS = {
  mutex: '#d9485f', rwlock_rd: '#e8788a', rwlock_wr: '#c2334b', spin: '#f0703c', stdio: '#b5446e', flock: '#a83a5b',
  cond: '#8b6bd9', sem: '#a98be6', barrier: '#6f4fc4', join: '#c3a6f0', once: '#5d49a8', futex: '#9d5fd0', signal: '#7a6fb0',
  net_read: '#3b82c4', net_write: '#62a8e0', accept: '#2b6aa6', connect: '#4fb6d8', poll: '#7fb2d6', pipe: '#2fa3a3',
  file_io: '#b98342', fsync: '#96672f', wait_child: '#8a8f45', sleep: '#a3adb8', other: '#7b8794',
};
const CALL_COLOR = '#d6a419';
const reasonColor = (name) => REASON_COLORS[name] || REASON_COLORS.other;

const pressed = (button, isPressed) => button.setAttribute('aria-pressed', String(isPressed));

/* A row of buttons of which one is pressed. */
const choice = (label, names, first, onChoose) => {
  const buttons = names.map((name, index) => make('button', {
    type: 'button', onclick: () => { choose(index); onChoose(index); } }, name));
  const choose = (index) => buttons.forEach((button, at) => pressed(button, at === index));
  choose(first);
  return make('span', {class: 'group', role: 'group', 'aria-label': label}, buttons);
};

const readData = async () => {
  const text = atob(document.getElementById('data').textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
};
