/* The timeline: a lane for each thread, drawn as far as it is seen; zoom, pan, choice of a range, of a wait. */
const LANE = 26, REGION = 13, COUNTER_LANE = 44, BAR_TOP = 4, BAR_HEIGHT = 14, RULER = 26;
const NARROWEST = 100; /* ns that a screen can show */

class Timeline {
  /* `on`: {range(range or null), threads(set), chosen(row or -1)}: told of what the user chooses. */
  constructor(trace, on) {
    this.trace = trace;
    this.on = on;
    this.from = 0;
    this.to = Math.max(trace.data.length, 1);
    this.range = null;
    this.chosen = -1;
    this.current = 0;
    this.threads = new Set();
    this.hidden = new Set();
    this.pattern = '';
    this.ruler = make('canvas', {class: 'ruler', 'aria-hidden': 'true'});
    this.view = make('canvas', {class: 'view', 'aria-hidden': 'true'});
    this.labels = make('div', {class: 'labels'});
    this.all = make('div', {class: 'all'}, this.view, this.labels);
    this.lanesElement = make('div', {class: 'lanes', tabindex: 0, role: 'application',
      'aria-label': 'Timeline: arrow keys move, plus and minus zoom, n and p go from wait to wait'}, this.all);
    this.tip = make('div', {class: 'tip', hidden: true});
    this.element = make('div', {class: 'time'}, this.ruler, this.lanesElement, this.tip);
    this.measure();
    this.listen();
    this.arrange();
    new ResizeObserver(() => this.draw()).observe(this.element);
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  /* Which lanes there are, and where. */
  arrange() {
    const {trace} = this, lanes = [];
    let top = 0;
    const add = (lane, height) => { lanes.push({...lane, top, height}); top += height; };
    for (const about of trace.threads) {
      const name = trace.threadName(about.index);
      if (this.pattern && !name.toLowerCase().includes(this.pattern)) continue;
      const deepest = about.regions.reduce((depth, region) => Math.max(depth, region.depth + 1), 0);
      add({about, name}, LANE + Math.min(deepest, 4) * REGION);
    }
    for (const counter of trace.counters.values())
      if (!this.pattern || counter.name.toLowerCase().includes(this.pattern)) add({counter, name: counter.name}, COUNTER_LANE);
    this.lanes = lanes;
    this.height = top;
    const several = trace.data.processes.length > 1;
    this.labels.replaceChildren(...lanes.map((lane) => make('button', {
      type: 'button', class: 'lane', tabindex: -1, 'data-thread': lane.about ? lane.about.index : undefined,
      title: lane.about ? 'Only this thread in the flame graph and the tables' : 'A counter of the program',
      style: `top:${lane.top}px;height:${lane.height}px`,
      onclick: () => lane.about && this.choose(lane.about.index),
    }, lane.about ? lane.about.name || 'thread' : lane.name,
    make('small', null, lane.about ? (several ? `${lane.about.tid} of ${trace.data.processes[lane.about.process].name}` : lane.about.tid) : this.reach(lane.counter)))));
    this.markLabels();
    this.draw();
  }

  reach(counter) {
    const values = counter.points.map(([, value]) => value);
    return `${values.reduce((a, b) => Math.min(a, b))} … ${values.reduce((a, b) => Math.max(a, b))}`;
  }

  markLabels() {
    [...this.labels.children].forEach((label, index) => {
      const {about} = this.lanes[index];
      label.classList.toggle('chosen', Boolean(about) && this.threads.has(about.index));
      label.classList.toggle('current', index === this.current);
    });
  }

  choose(thread) {
    if (this.threads.has(thread)) this.threads.delete(thread);
    else this.threads.add(thread);
    this.markLabels();
    this.on.threads(this.threads);
  }

  /* --- where things are --- */

  measure() {
    this.labelWidth = this.element.clientWidth < 760 ? 104 : 190;
    this.width = Math.max(this.lanesElement.clientWidth - this.labelWidth, 10);
  }

  x(time) { return (time - this.from) / (this.to - this.from) * this.width; }
  time(x) { return this.from + x / this.width * (this.to - this.from); }

  laneAt(y) {
    return this.lanes.findIndex((lane) => y >= lane.top && y < lane.top + lane.height);
  }

  /* The row at a place: the shortest of those within two pixels. */
  rowAt(about, time) {
    const near = 2 * (this.to - this.from) / this.width;
    const [first, last] = this.trace.within(about, time - near, time + near);
    let best = -1;
    for (let i = first; i < last; i++) {
      const row = about.rows[i], {start, end} = this.trace;
      if (end[row] < time - near || this.hidden.has(this.trace.word(row))) continue;
      if (best < 0 || end[row] - start[row] < end[best] - start[best]) best = row;
    }
    return best;
  }

  place(event) {
    const box = this.lanesElement.getBoundingClientRect();
    const x = event.clientX - box.left - this.labelWidth;
    const lane = this.laneAt(event.clientY - box.top + this.lanesElement.scrollTop);
    const time = this.time(x);
    const row = lane >= 0 && this.lanes[lane].about && x >= 0 ? this.rowAt(this.lanes[lane].about, time) : -1;
    return {x, time, lane, row};
  }

  /* --- moving --- */

  show(from, to) {
    const length = Math.max(this.trace.data.length, 1);
    const span = Math.min(Math.max(to - from, NARROWEST), length);
    this.from = Math.min(Math.max(from, 0), length - span);
    this.to = this.from + span;
    this.draw();
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    const span = Math.max((this.to - this.from) * factor, NARROWEST);
    const part = (at - this.from) / (this.to - this.from);
    this.show(at - part * span, at - part * span + span);
  }

  pan(part) {
    const step = part * (this.to - this.from);
    this.show(this.from + step, this.to + step);
  }

  setRange(from, to) {
    this.range = from === null ? null : [Math.max(0, Math.min(from, to)), Math.min(this.trace.data.length, Math.max(from, to))];
    this.draw();
    this.on.range(this.range);
  }

  select(row, isBrought) {
    this.chosen = row;
    if (row >= 0 && isBrought) this.bring(row);
    this.on.chosen(row);
    this.draw();
  }

  /* Makes a row visible, with a margin. */
  bring(row) {
    const {start, end, thread} = this.trace, span = this.to - this.from;
    if (end[row] < this.from || start[row] > this.to || (end[row] - start[row]) * this.width < span * 4) {
      const length = Math.max((end[row] - start[row]) * 8, NARROWEST);
      const middle = (start[row] + end[row]) / 2;
      this.show(middle - length / 2, middle + length / 2);
    }
    const lane = this.lanes.findIndex(({about}) => about && about.index === thread[row]);
    if (lane >= 0) this.goTo(lane);
  }

  goTo(lane) {
    this.current = Math.min(Math.max(lane, 0), this.lanes.length - 1);
    const {top, height} = this.lanes[this.current] || {top: 0, height: 0}, {scrollTop, clientHeight} = this.lanesElement;
    if (top < scrollTop) this.lanesElement.scrollTop = top;
    else if (top + height > scrollTop + clientHeight) this.lanesElement.scrollTop = top + height - clientHeight;
    this.markLabels();
    this.draw();
  }

  /* From wait to wait in the current lane. */
  step(direction) {
    const lane = this.lanes[this.current];
    if (!lane || !lane.about) return;
    const {rows, starts} = lane.about;
    let at = rows.indexOf(this.chosen);
    if (at < 0) at = firstAbove(starts, 0, starts.length, this.from - 1) - (direction > 0 ? 1 : 0);
    if (rows[at + direction] !== undefined) this.select(rows[at + direction], true);
  }

  listen() {
    const lanes = this.lanesElement;
    lanes.addEventListener('scroll', () => this.draw());
    lanes.addEventListener('wheel', (event) => this.onWheel(event), {passive: false});
    lanes.addEventListener('pointerdown', (event) => this.onPress(event, event.shiftKey));
    this.ruler.addEventListener('pointerdown', (event) => this.onPress(event, true));
    lanes.addEventListener('pointermove', (event) => this.onHover(event));
    lanes.addEventListener('pointerleave', () => { this.tip.hidden = true; });
    lanes.addEventListener('dblclick', (event) => {
      const {row} = this.place(event);
      if (row >= 0) this.zoomToRow(row);
    });
    lanes.addEventListener('keydown', (event) => this.onKey(event));
  }

  zoomToRow(row) {
    const {start, end} = this.trace, margin = Math.max((end[row] - start[row]) * 0.6, NARROWEST);
    this.show(start[row] - margin, end[row] + margin);
  }

  onWheel(event) {
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan((event.deltaX || event.deltaY) / this.width);
    else this.zoom(Math.exp(event.deltaY * 0.002), this.time(Math.max(this.place(event).x, 0)));
  }

  /* A drag moves the view, or, from the ruler or with Shift, chooses a range; a press alone chooses a wait. */
  onPress(event, isRange) {
    if (event.button !== 0 || event.target.closest('.lane')) return;
    const begun = this.place(event), {from, to} = this, {scrollTop} = this.lanesElement;
    const y = event.clientY;
    let isMoved = false;
    const target = event.currentTarget;
    const move = (next) => {
      const x = next.clientX - this.lanesElement.getBoundingClientRect().left - this.labelWidth;
      isMoved = isMoved || Math.abs(x - begun.x) > 3 || Math.abs(next.clientY - y) > 3;
      if (!isMoved) return;
      this.tip.hidden = true;
      if (isRange) {
        this.range = [begun.time, this.time(Math.min(Math.max(x, 0), this.width))].sort((a, b) => a - b);
        this.draw();
        return;
      }
      const shift = (begun.x - x) / this.width * (to - from);
      this.lanesElement.scrollTop = scrollTop + y - next.clientY;
      this.show(from + shift, to + shift);
    };
    const end = () => {
      target.removeEventListener('pointermove', move);
      if (isMoved && isRange) this.setRange(...this.range);
      else if (!isMoved && isRange) this.setRange(null);
      else if (!isMoved) {
        if (begun.lane >= 0) this.goTo(begun.lane);
        this.select(begun.row);
      }
    };
    target.setPointerCapture(event.pointerId);
    target.addEventListener('pointermove', move);
    target.addEventListener('pointerup', end, {once: true});
  }

  onHover(event) {
    if (event.buttons) return;
    const {x, time, lane, row} = this.place(event);
    const about = lane >= 0 ? this.lanes[lane].about : null;
    this.tip.hidden = x < 0 || !about;
    if (this.tip.hidden) return;
    const isAlive = time >= about.start && time <= about.end;
    this.tip.replaceChildren(...(row >= 0
      ? [make('b', null, this.trace.title(row)), ...this.trace.story(row).map((line) => make('div', null, line)),
        make('div', {class: 'code'}, this.trace.stack(this.trace.node[row]).slice(0, 3).join(' ← '))]
      : [make('b', null, isAlive ? 'runs, or is ready to: no wait is recorded' : 'not there')]),
    make('div', null, `${this.trace.threadName(about.index)} at ${asTime(time)}`),
    ...about.regions.filter((region) => region.start <= time && region.end >= time)
      .map((region) => make('div', null, `in region ${region.name}`)));
    const right = event.clientX + 16 + this.tip.offsetWidth > window.innerWidth;
    this.tip.style.left = `${Math.max(right ? event.clientX - this.tip.offsetWidth - 12 : event.clientX + 16, 4)}px`;
    this.tip.style.top = `${Math.min(event.clientY + 14, window.innerHeight - this.tip.offsetHeight - 6)}px`;
  }

  onKey(event) {
    const keys = {
      ArrowLeft: () => this.pan(-0.15), ArrowRight: () => this.pan(0.15),
      ArrowUp: () => this.goTo(this.current - 1), ArrowDown: () => this.goTo(this.current + 1),
      '+': () => this.zoom(0.6), '=': () => this.zoom(0.6), '-': () => this.zoom(1 / 0.6),
      0: () => this.show(0, this.trace.data.length), Home: () => this.show(0, this.trace.data.length),
      n: () => this.step(1), p: () => this.step(-1),
      z: () => this.chosen >= 0 && this.zoomToRow(this.chosen),
      r: () => this.setRange(this.from, this.to),
      t: () => this.lanes[this.current].about && this.choose(this.lanes[this.current].about.index),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  }

  /* --- drawing --- */

  prepare(canvas, width, height) {
    const density = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const c = canvas.getContext('2d');
    c.setTransform(density, 0, 0, density, 0, 0);
    c.font = '11px system-ui, "DejaVu Sans", sans-serif';
    c.textBaseline = 'middle';
    return c;
  }

  draw() {
    if (!this.element.clientWidth || this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => { this.isDrawing = false; this.drawNow(); });
  }

  drawNow() {
    this.measure();
    const style = getComputedStyle(document.documentElement);
    this.colors = Object.fromEntries(['card', 'ink', 'soft', 'line', 'grid', 'run', 'accent'].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    this.element.style.setProperty('--labels', `${this.labelWidth}px`);
    this.all.style.height = `${this.height}px`;
    const height = Math.max(this.lanesElement.clientHeight, 1);
    this.view.style.marginLeft = `${this.labelWidth}px`;
    this.drawRuler();
    const c = this.prepare(this.view, this.width, Math.min(height, this.height));
    const {scrollTop} = this.lanesElement;
    for (const step of this.ticks()) {
      c.fillStyle = this.colors.grid;
      c.fillRect(Math.round(this.x(step)), 0, 1, height);
    }
    for (const lane of this.lanes) {
      if (lane.top + lane.height < scrollTop || lane.top > scrollTop + height) continue;
      if (lane.about) this.drawLane(c, lane, lane.top - scrollTop);
      else this.drawCounter(c, lane, lane.top - scrollTop);
    }
    this.drawRange(c, height);
    this.drawChosen(c, scrollTop);
  }

  ticks() {
    const rough = (this.to - this.from) / Math.max(this.width / 110, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    this.tick = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) || rough;
    const steps = [];
    for (let at = Math.ceil(this.from / this.tick) * this.tick; at <= this.to; at += this.tick) steps.push(at);
    return steps;
  }

  drawRuler() {
    const c = this.prepare(this.ruler, this.width + this.labelWidth, RULER);
    c.fillStyle = this.colors.soft;
    c.fillText(this.labelWidth > 150 ? 'drag here: a range' : 'range:', 8, RULER / 2);
    c.translate(this.labelWidth, 0);
    const steps = this.ticks();
    const [unit, name] = [...TIMES].reverse().find(([size]) => this.tick >= size || size === 1);
    const digits = Math.max(0, Math.ceil(-Math.log10(this.tick / unit) - 1e-9));
    for (const step of steps) {
      const x = this.x(step);
      c.fillStyle = this.colors.line;
      c.fillRect(Math.round(x), RULER - 7, 1, 7);
      c.fillStyle = this.colors.soft;
      const text = `${(step / unit).toFixed(digits)} ${name}`;
      if (x + 4 + c.measureText(text).width < this.width) c.fillText(text, x + 4, RULER / 2);
    }
    this.drawRange(c, RULER);
  }

  drawRange(c, height) {
    if (!this.range) return;
    const [left, right] = this.range.map((time) => Math.min(Math.max(this.x(time), 0), this.width));
    c.globalAlpha = 0.62;
    c.fillStyle = this.colors.card;
    c.fillRect(0, 0, left, height);
    c.fillRect(right, 0, this.width - right, height);
    c.globalAlpha = 1;
    c.fillStyle = this.colors.accent;
    c.fillRect(left - 1, 0, 1.5, height);
    c.fillRect(right, 0, 1.5, height);
  }

  drawLane(c, {about, height}, y) {
    const top = y + BAR_TOP, right = Math.min(this.x(about.end), this.width), left = Math.max(this.x(about.start), 0);
    c.fillStyle = this.colors.grid;
    c.fillRect(0, y + height - 1, this.width, 1);
    if (right < 0 || left > this.width) return;
    c.fillStyle = this.colors.run;
    c.fillRect(left, top, Math.max(right - left, 1), BAR_HEIGHT);
    this.drawRows(c, about, top);
    this.drawSamples(c, about, top + BAR_HEIGHT + 1);
    for (const region of about.regions) this.drawRegion(c, region, y + LANE - 2 + region.depth * REGION);
    c.fillStyle = this.colors.ink;
    for (const log of about.logs) {
      const x = this.x(log.time);
      if (x >= 0 && x <= this.width) c.fillRect(x - 0.5, y + 1, 1.5, 5);
    }
  }

  /* Rows narrower than a pixel share one: it shows what took most of it, as strong as they fill it. So do rows that stand
   * for several, each spread over its pixels: they lie on each other. */
  drawRows(c, about, top) {
    const {trace} = this, [first, last] = trace.within(about, this.from, this.to);
    const scale = this.width / (this.to - this.from), room = Math.ceil(this.width);
    const shares = new Map(); /* colour → how much more of a pixel than of the one before has it */
    for (let i = first; i < last; i++) {
      const row = about.rows[i];
      if (trace.end[row] < this.from || (this.hidden.size && this.hidden.has(trace.word(row)))) continue;
      const x = (trace.start[row] - this.from) * scale, width = (trace.end[row] - trace.start[row]) * scale;
      if (width >= 1.2 && trace.times[row] === 1) {
        this.drawRow(c, row, x, width, top);
        continue;
      }
      const color = trace.color(row), left = Math.floor(x), right = Math.floor(x + width) + 1;
      if (!shares.has(color)) shares.set(color, new Float64Array(room + 1));
      const share = shares.get(color), part = trace.sum[row] * scale / (right - left);
      share[Math.min(Math.max(left, 0), room)] += part;
      share[Math.min(Math.max(right, 0), room)] -= part;
    }
    this.drawShares(c, shares, room, top);
  }

  drawShares(c, shares, room, top) {
    const sums = [...shares].map(([color, share]) => ({color, share, sum: 0}));
    for (let at = 0; sums.length && at < room; at++) {
      let filled = 0, most = sums[0];
      for (const one of sums) {
        one.sum += one.share[at];
        filled += one.sum;
        if (one.sum > most.sum) most = one;
      }
      if (filled < 1e-6) continue;
      c.globalAlpha = Math.min(1, 0.3 + 0.7 * filled);
      c.fillStyle = most.color;
      c.fillRect(at, top, 1, BAR_HEIGHT);
    }
    c.globalAlpha = 1;
  }

  drawRow(c, row, x, width, top) {
    const {trace} = this, left = Math.max(x, 0), right = Math.min(x + width, this.width);
    const isCall = trace.kind[row] === CALL;
    c.fillStyle = trace.color(row);
    c.fillRect(left, isCall ? top + 3 : top, Math.max(right - left - (width > 3 ? 0.6 : 0), 0.8), isCall ? BAR_HEIGHT - 3 : BAR_HEIGHT);
    if (right - left < 34) return;
    const text = trace.word(row);
    if (c.measureText(text).width < right - left - 8) {
      c.fillStyle = '#fff';
      c.fillText(text, left + 4, top + BAR_HEIGHT / 2 + (isCall ? 1.5 : 0.5));
    }
  }

  drawSamples(c, about, top) {
    c.fillStyle = '#e8590c';
    let last = -2;
    for (const sample of about.samples) {
      const x = Math.floor(this.x(this.trace.start[sample]));
      if (x < 0 || x > this.width || x === last) continue;
      c.fillRect(x, top, 1.4, 3);
      last = x;
    }
  }

  drawRegion(c, region, top) {
    const left = Math.max(this.x(region.start), 0), right = Math.min(this.x(region.end), this.width);
    if (right < 0 || left > this.width || region.depth > 3) return;
    c.fillStyle = nameColor(region.name, true);
    c.fillRect(left, top, Math.max(right - left - 0.6, 0.8), REGION - 2);
    if (right - left < 30) return;
    c.save();
    c.beginPath();
    c.rect(left, top, right - left - 3, REGION);
    c.clip();
    c.fillStyle = '#10233a';
    c.fillText(region.name, left + 3, top + REGION / 2 - 0.5);
    c.restore();
  }

  drawCounter(c, {counter, height}, y) {
    const {points} = counter, values = points.map(([, value]) => value);
    const least = values.reduce((a, b) => Math.min(a, b), 0), most = values.reduce((a, b) => Math.max(a, b), 0);
    const bottom = y + height - 5, scale = (height - 10) / Math.max(most - least, Number.MIN_VALUE);
    c.fillStyle = this.colors.accent;
    c.globalAlpha = 0.55;
    for (let i = 0; i < points.length; i++) {
      const left = Math.max(this.x(points[i][0]), 0);
      const right = Math.min(i + 1 < points.length ? this.x(points[i + 1][0]) : this.width, this.width);
      const tall = Math.max((points[i][1] - least) * scale, 1);
      if (right >= 0 && left <= this.width) c.fillRect(left, bottom - tall, Math.max(right - left, 0.7), tall);
    }
    c.globalAlpha = 1;
    c.fillStyle = this.colors.grid;
    c.fillRect(0, y + height - 1, this.width, 1);
  }

  laneY(thread, scrollTop) {
    const lane = this.lanes.find(({about}) => about && about.index === thread);
    return lane ? lane.top - scrollTop + BAR_TOP + BAR_HEIGHT / 2 : null;
  }

  /* A frame around what was chosen, and an arrow from who woke it. */
  drawChosen(c, scrollTop) {
    const {trace, chosen: row} = this;
    const y = row < 0 ? null : this.laneY(trace.thread[row], scrollTop);
    if (y === null) return;
    const left = this.x(trace.start[row]), right = this.x(trace.end[row]);
    c.strokeStyle = this.colors.ink;
    c.lineWidth = 2;
    c.strokeRect(Math.max(left, -4) - 1, y - BAR_HEIGHT / 2 - 1.5, Math.max(Math.min(right, this.width + 4) - Math.max(left, -4), 1) + 2, BAR_HEIGHT + 3);
    const wakerY = trace.waker[row] < 0 ? null : this.laneY(trace.waker[row], scrollTop);
    if (wakerY === null) return;
    const from = this.x(trace.wake[row]), down = wakerY < y ? 1 : -1, tip = y - down * (BAR_HEIGHT / 2 + 2);
    c.beginPath();
    c.moveTo(from, wakerY);
    c.bezierCurveTo(from, wakerY + down * 24, right, tip - down * 30, right, tip - down * 6);
    c.stroke();
    c.fillStyle = this.colors.ink;
    c.beginPath();
    c.moveTo(right, tip);
    c.lineTo(right - 4, tip - down * 8);
    c.lineTo(right + 4, tip - down * 8);
    c.fill();
    c.beginPath();
    c.arc(from, wakerY, 3.5, 0, 2 * Math.PI);
    c.fill();
  }
}
