/* The page of a trace: timeline, and the flame graphs and tables of the range and the threads that are chosen. */
const LOCKS = ['mutex', 'rwlock_rd', 'rwlock_wr', 'spin', 'stdio', 'flock'];

const stackList = (heading, frames) => make('div', null, make('h3', null, heading),
  make('ol', {class: 'code'}, frames.length ? frames.map((frame) => make('li', null, frame)) : make('li', null, '[no stack]')));

class TracePage {
  constructor(data) {
    this.trace = new Trace(data);
    this.range = null;
    this.threads = new Set();
    this.isWaiting = Boolean(data.first) || !this.trace.kind.includes(SAMPLE);
    this.isReversed = false;
    this.graph = new FlameGraph();
    this.timeline = new Timeline(this.trace, {
      range: (range) => { this.range = range; this.draw(); },
      threads: (threads) => { this.threads = threads; this.draw(); },
      chosen: (row) => this.drawChosen(row),
    });
    this.chosen = make('div', {class: 'chosen-slice', hidden: true, 'aria-live': 'polite'});
    this.legend = make('div', {class: 'bar legend'});
    this.makeTables();
  }

  /* --- adding up what is chosen --- */

  /* How much of a row lies in the range, 0 to 1. */
  part(row) {
    const {start, end} = this.trace;
    if (this.threads.size && !this.threads.has(this.trace.thread[row])) return 0;
    if (!this.range) return 1;
    const [from, to] = this.range, length = end[row] - start[row];
    if (!length) return start[row] >= from && start[row] < to ? 1 : 0;
    return Math.max(0, Math.min(end[row], to) - Math.max(start[row], from)) / length;
  }

  sums() {
    const {trace} = this, {nodes, names} = trace.data;
    const sums = {running: new CallTree(nodes, names), waiting: new CallTree(nodes, names), reasons: new Map(), waits: new Map(),
      calls: new Map(), threads: trace.threads.map((about) => ({about, run: 0, wait: 0, waits: 0, call: 0, mix: new Map()}))};
    for (let row = 0; row < trace.count; row++) {
      const part = this.part(row);
      if (!part) continue;
      const value = trace.sum[row] * part, thread = sums.threads[trace.thread[row]];
      if (trace.kind[row] === SAMPLE) {
        sums.running.add(trace.node[row], value);
        thread.run += value;
      } else if (trace.kind[row] === WAIT) {
        this.addWait(sums, thread, row, value, part);
      } else {
        this.addCall(sums, thread, row, value, part);
      }
    }
    return sums;
  }

  addWait(sums, thread, row, value, part) {
    const {trace} = this, word = trace.word(row), times = trace.times[row] * (trace.times[row] > 1 ? part : 1);
    sums.waiting.add(trace.node[row], value, `[${word}]`);
    sums.reasons.set(word, (sums.reasons.get(word) || 0) + value);
    thread.wait += value;
    thread.waits += times;
    thread.mix.set(word, (thread.mix.get(word) || 0) + value);
    const key = `${thread.about.process} ${word} ${trace.object[row]}`;
    let wait = sums.waits.get(key);
    if (!wait) {
      wait = {word, object: trace.objectName(row), total: 0, count: 0, longest: row, waiters: new Set(), wakers: new Map()};
      sums.waits.set(key, wait);
    }
    wait.total += value;
    wait.count += times;
    wait.waiters.add(trace.thread[row]);
    if (trace.max[row] > trace.max[wait.longest]) wait.longest = row;
    if (trace.waker[row] >= 0) wait.wakers.set(trace.waker[row], (wait.wakers.get(trace.waker[row]) || 0) + times);
  }

  addCall(sums, thread, row, value, part) {
    const {trace} = this, word = trace.word(row), times = trace.times[row] * (trace.times[row] > 1 ? part : 1);
    thread.call += value;
    if (trace.kind[row] === CALL) sums.reasons.set('system call', (sums.reasons.get('system call') || 0) + value);
    if (!sums.calls.has(word)) sums.calls.set(word, {word, total: 0, count: 0, failures: 0, longest: row});
    const call = sums.calls.get(word);
    call.total += value;
    call.count += times;
    call.failures += trace.failures[row] * (trace.times[row] > 1 ? part : 1);
    if (trace.max[row] > trace.max[call.longest]) call.longest = row;
  }

  /* --- tables --- */

  wakers(wait) {
    const known = [...wait.wakers].sort((a, b) => b[1] - a[1]);
    const shown = known.slice(0, 2).map(([thread, count]) => `${this.trace.threadName(thread)} ${asCount(count)}×`);
    return shown.join(', ') + (known.length > 2 ? `, ${known.length - 2} more` : '');
  }

  mix(row) {
    const [from, to] = this.range || [0, this.trace.data.length];
    const life = Math.max(Math.min(row.about.end, to) - Math.max(row.about.start, from), 1);
    const parts = [...row.mix].sort((a, b) => b[1] - a[1]);
    return make('span', {class: 'mix', title: parts.map(([word, value]) => `${word} ${asTime(value)}`).join(', ')},
      make('i', {style: `width:${100 * Math.min(row.run / life, 1)}%;background:#2da44e`}),
      parts.map(([word, value]) => make('i', {style: `width:${100 * value / life}%;background:${reasonColor(word)}`})));
  }

  reasonCell(word) {
    return make('span', {class: 'reason'}, make('i', {class: 'swatch', style: `background:${reasonColor(word)}`}), ` ${word}`);
  }

  stacksOf(row) {
    const {trace} = this;
    return make('div', null, make('p', {class: 'note'}, `The longest: ${trace.threadName(trace.thread[row])}, ${trace.story(row).join(' · ')} `,
      make('button', {type: 'button', onclick: () => this.goTo(row)}, 'Show in the timeline')),
    this.pair(row));
  }

  pair(row) {
    const {trace} = this;
    return make('div', {class: 'pair'}, stackList(`${trace.kind[row] === WAIT ? 'Waits' : 'Calls'} in: ${trace.threadName(trace.thread[row])}`, trace.stack(trace.node[row])),
      trace.waker[row] >= 0 ? stackList(`Woken by: ${trace.threadName(trace.waker[row])}`, trace.stack(trace.wakerNode[row])) : '');
  }

  goTo(row) {
    this.timeline.select(row, true);
    this.timeline.element.scrollIntoView({block: 'nearest'});
  }

  makeTables() {
    const {trace} = this, time = (title, value) => ({title, isNumber: true, value, show: (row) => asTime(value(row))});
    const count = (title, value) => ({title, isNumber: true, value, show: (row) => asCount(value(row))});
    const longest = time('Longest', (row) => trace.max[row.longest]);
    const reason = {title: 'Reason', value: (row) => row.word, show: (row) => this.reasonCell(row.word)};
    const object = {title: 'Object', isCode: true, isWhole: true, value: (row) => row.object};
    const where = {title: 'In', isCode: true, value: (row) => trace.stack(trace.node[row.longest])[0] || '',
      show: (row) => trace.stack(trace.node[row.longest]).slice(0, 2).join(' ← ')};
    const wakers = {title: 'Woken by', value: (row) => this.wakers(row)};
    const stacks = (row) => this.stacksOf(row.longest);
    this.threadTable = new Table([
      {title: 'Thread', value: (row) => row.about.name || 'thread', show: (row) => trace.threadName(row.about.index)},
      time('On CPU', (row) => row.run), time('Waiting', (row) => row.wait),
      {title: 'Share of its time', value: (row) => row.wait, show: (row) => this.mix(row)},
      count('Waits', (row) => row.waits), time('In system calls', (row) => row.call),
    ], 1);
    this.waitTable = new Table([time('Total', (row) => row.total), count('Waits', (row) => row.count), longest, reason, object, where, wakers], 0, stacks);
    this.lockTable = new Table([time('Waited', (row) => row.total), count('Waits', (row) => row.count),
      time('Mean', (row) => row.total / Math.max(row.count, 1)), longest, count('Threads', (row) => row.waiters.size), reason, object, where,
      {...wakers, title: 'Released by'}], 0, stacks);
    this.callTable = new Table([time('Total', (row) => row.total), count('Calls', (row) => row.count),
      time('Mean', (row) => row.total / Math.max(row.count, 1)), longest, count('Failed', (row) => row.failures),
      {title: 'Call', isCode: true, value: (row) => row.word}, where], 0, stacks);
    this.functions = functionTable();
    this.tables = [['Threads', this.threadTable], ['Waits', this.waitTable], ['System calls', this.callTable], ['Locks', this.lockTable], ['Functions', this.functions]];
    this.makeUserTables();
  }

  makeUserTables() {
    const {trace} = this, time = (title, value) => ({title, isNumber: true, value, show: (row) => asTime(value(row))});
    this.spanTable = new Table([time('Total', (row) => row.total), {title: 'Count', isNumber: true, value: (row) => row.count, show: (row) => asCount(row.count)},
      time('Mean', (row) => row.total / row.count), time('Longest', (row) => row.longest),
      {title: 'Kind', value: (row) => row.kind}, {title: 'Name', value: (row) => row.name}], 0);
    this.logTable = new Table([time('At', (row) => row.time), {title: 'Thread', value: (row) => trace.threadName(row.thread)},
      {title: 'Category', value: (row) => row.category}, {title: 'Message', value: (row) => row.message}], 0);
    this.logTable.isDown = false;
    if (trace.tasks.length || trace.threads.some((about) => about.regions.length)) this.tables.push(['Tasks and regions', this.spanTable]);
    if (trace.logs.length) this.tables.push(['Log', this.logTable]);
  }

  drawUserTables() {
    const {trace} = this, [from, to] = this.range || [0, trace.data.length], spans = new Map();
    const isKept = (thread) => !this.threads.size || this.threads.has(thread);
    for (const span of [...trace.tasks, ...trace.threads.flatMap((about) => about.regions)]) {
      if (!span.isEnded || !isKept(span.thread) || span.end < from || span.start > to) continue;
      const key = `${span.kind} ${span.name}`, length = span.end - span.start;
      if (!spans.has(key)) spans.set(key, {kind: span.kind, name: span.name, total: 0, count: 0, longest: 0});
      const row = spans.get(key);
      row.total += length;
      row.count++;
      row.longest = Math.max(row.longest, length);
    }
    this.spanTable.show([...spans.values()]);
    this.logTable.show(trace.logs.filter((log) => isKept(log.thread) && log.time >= from && log.time <= to));
  }

  /* --- drawing --- */

  draw() {
    const sums = this.sums();
    this.last = sums;
    this.threadTable.show(sums.threads.filter(({about}) => !this.threads.size || this.threads.has(about.index)));
    const waits = [...sums.waits.values()];
    this.waitTable.show(waits);
    this.lockTable.show(waits.filter((wait) => LOCKS.includes(wait.word)));
    this.callTable.show([...sums.calls.values()]);
    this.drawUserTables();
    this.drawLegend(sums);
    this.drawFlame();
    this.tellRange();
  }

  drawFlame() {
    const all = this.isWaiting ? this.last.waiting : this.last.running;
    this.graph.show(all.finish(this.isReversed), 'nanoseconds', (node, text) =>
      (!node ? 'var(--line)' : this.isWaiting && text.startsWith('[') && text.slice(1, -1) in REASON_COLORS ? reasonColor(text.slice(1, -1)) : nameColor(text, this.isWaiting)));
    showFunctions(this.functions, all.finish(false), 'nanoseconds');
  }

  drawLegend(sums) {
    const chip = (word, color, value, isSwitch, title) => make(isSwitch ? 'button' : 'span', {type: isSwitch ? 'button' : undefined,
      class: `chip${this.timeline.hidden.has(word) ? ' off' : ''}`, title: isSwitch ? 'Hide or show in the timeline' : title, onclick: () => {
        if (!isSwitch) return;
        if (!this.timeline.hidden.delete(word)) this.timeline.hidden.add(word);
        this.drawLegend(sums);
        this.timeline.draw();
      }}, make('i', {style: `background:${color}`}), word, value ? make('b', null, asTime(value)) : '');
    const reasons = [...sums.reasons].filter(([word]) => word !== 'system call').sort((a, b) => b[1] - a[1]);
    this.legend.replaceChildren(
      chip('runs or is ready', 'var(--run)', 0, false, 'It lives, and no wait of it is recorded'), chip('CPU sample', '#e8590c', 0, false),
      ...reasons.map(([word, value]) => chip(word, reasonColor(word), value, true)),
      sums.reasons.has('system call') ? chip('system call', CALL_COLOR, sums.reasons.get('system call'), false) : '');
  }

  tellRange() {
    const words = [];
    if (this.range) words.push(`${asTime(this.range[1] - this.range[0])} from ${asTime(this.range[0])}`);
    if (this.threads.size) words.push([...this.threads].slice(0, 3).map((thread) => this.trace.threadName(thread)).join(', ') + (this.threads.size > 3 ? ' …' : ''));
    const text = words.length ? `Of ${words.join(', ')}` : 'Of the whole trace';
    this.rangeTexts.forEach((element) => { element.textContent = text; });
    this.clearRange.disabled = !words.length;
  }

  drawChosen(row) {
    const {trace} = this;
    this.chosen.hidden = row < 0;
    if (row < 0) return;
    const button = (text, act) => make('button', {type: 'button', onclick: act}, text);
    this.chosen.replaceChildren(
      make('p', null, make('b', null, `${trace.threadName(trace.thread[row])} ${trace.title(row)}`), ` — ${trace.story(row).join(' · ')}`),
      make('p', null, button('Zoom to it', () => this.timeline.zoomToRow(row)), ' ',
        button('Range of it', () => this.timeline.setRange(trace.start[row], trace.end[row])), ' ',
        trace.waker[row] >= 0 ? button('Go to who woke it', () => this.timeline.goTo(this.timeline.lanes.findIndex(({about}) => about && about.index === trace.waker[row]))) : '', ' ',
        button('Close', () => this.timeline.select(-1))),
      this.pair(row));
  }

  /* What the page doesn't show one by one. */
  notes() {
    const {grain, sumGrain, merged, pruned, prunedTime, cut, toldLeftOut} = this.trace.data, notes = [];
    if (grain) notes.push(`Waits and calls shorter than ${asTime(grain)} that lie near each other and are alike are drawn as one: ${asCount(merged)} rows fewer, same sums.`);
    if (sumGrain) notes.push(`CPU samples and calls within waits count for a range to the nearest ${asTime(sumGrain)}.`);
    if (pruned) notes.push(`${asCount(pruned)} of the shortest (${asTime(prunedTime)}) are left out.`);
    if (cut) notes.push(`${asCount(cut)} stacks are shortened to what a page can hold.`);
    if (toldLeftOut) notes.push(`${asCount(toldLeftOut)} of the program's last own events are left out.`);
    return notes.length ? make('p', {class: 'note bar', id: 'notes'}, notes.join(' ')) : '';
  }

  show(page) {
    const filter = make('input', {type: 'search', placeholder: 'Threads…', 'aria-label': 'Only lanes with this in their name', style: 'width:130px',
      oninput: () => { this.timeline.pattern = filter.value.toLowerCase(); this.timeline.arrange(); }});
    const clear = () => { this.timeline.threads.clear(); this.timeline.markLabels(); this.threads.clear(); this.timeline.setRange(null); };
    this.clearRange = make('button', {type: 'button', onclick: clear}, 'Whole trace');
    this.rangeTexts = [1, 2, 3].map(() => make('span', {class: 'note range-text'}));
    const {timeline} = this;
    page.append(
      make('section', {class: 'card', id: 'timeline'},
        make('div', {class: 'bar'}, make('h2', null, 'Timeline'), this.rangeTexts[0], make('span', {class: 'gap'}), filter,
          make('span', {class: 'group'}, make('button', {type: 'button', title: 'Zoom in (+)', 'aria-label': 'Zoom in', onclick: () => timeline.zoom(0.5)}, '+'),
            make('button', {type: 'button', title: 'Zoom out (-)', 'aria-label': 'Zoom out', onclick: () => timeline.zoom(2)}, '−'),
            make('button', {type: 'button', title: 'All (0)', onclick: () => timeline.show(0, this.trace.data.length)}, 'All')),
          make('button', {type: 'button', title: 'Flame graph and tables of what is seen (r)', onclick: () => timeline.setRange(timeline.from, timeline.to)}, 'Range = view'),
          this.clearRange),
        this.legend, timeline.element, this.chosen,
        make('details', {class: 'help'}, make('summary', null, 'Keys and mouse'), make('p', null,
          'Wheel: zoom. Drag: move. Drag on the ruler, or with Shift: choose a range, of which the flame graph and the tables then are. Click: choose a wait, see its stacks and who woke it. Click on a name: that thread alone. ',
          'In the timeline: ', ['←', '→', '↑', '↓'].map((key) => [make('kbd', null, key), ' ']), 'move, ', make('kbd', null, '+'), ' ', make('kbd', null, '−'), ' ', make('kbd', null, '0'), ' zoom, ',
          make('kbd', null, 'n'), ' ', make('kbd', null, 'p'), ' next and previous wait, ', make('kbd', null, 'z'), ' zoom to it, ', make('kbd', null, 'r'), ' range of what is seen, ', make('kbd', null, 't'), ' this thread alone, ', make('kbd', null, 'Esc'), ' back.')),
        this.notes()),
      flameCard(this.graph, choice('Time', ['On-CPU', 'Off-CPU'], Number(this.isWaiting), (index) => { this.isWaiting = index === 1; this.drawFlame(); }),
        this.rangeTexts[1], (isReversed) => { this.isReversed = isReversed; this.drawFlame(); }),
      tableCard(this.tables, this.rangeTexts[2]));
    searchKeys(this.graph, () => { timeline.select(-1); clear(); });
    this.draw();
  }
}
