/* A trace as the page needs it: columns as typed arrays, each thread's rows found by time. */
const WAIT = 0, CALL = 1, SAMPLE = 2, INNER_CALL = 3;
const TASK_BEGIN = 0, TASK_END = 1, REGION_BEGIN = 2, REGION_END = 3, LOG = 4, COUNTER = 5;

/* The first index from `from` to `to` whose value is above the limit. */
const firstAbove = (values, from, to, limit) => {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (values[middle] > limit) to = middle;
    else from = middle + 1;
  }
  return from;
};

class Trace {
  constructor(data) {
    this.data = data;
    const {slices} = data, {count} = slices;
    this.count = count;
    this.start = new Float64Array(count);
    this.end = new Float64Array(count);
    this.sum = new Float64Array(count);
    this.max = new Float64Array(count);
    for (let i = 0, at = 0; i < count; i++) {
      at += slices.start[i];
      this.start[i] = at;
      this.end[i] = at + slices.length[i];
      this.sum[i] = slices.sum[i] || slices.length[i];
      this.max[i] = slices.max[i] || this.sum[i];
    }
    Object.assign(this, {kind: slices.kind, thread: slices.thread, detail: slices.detail, node: slices.node, times: slices.times,
      waker: slices.waker, wakerNode: slices.wakerNode, object: slices.object, failures: slices.failures, open: slices.open});
    this.wake = Float64Array.from(slices.wake, (after, i) => this.start[i] + after);
    this.threads = data.threads.map((about, index) => ({...about, index, rows: [], samples: [], regions: [], logs: []}));
    for (let i = 0; i < count; i++) {
      const about = this.threads[this.thread[i]];
      if (this.kind[i] === SAMPLE) about.samples.push(i);
      else if (this.kind[i] !== INNER_CALL) about.rows.push(i);
    }
    for (const about of this.threads) this.index(about);
    this.tasks = [];
    this.logs = [];
    this.counters = new Map();
    this.readTold();
  }

  /* Rows of a thread by start; put-together ones overlap, so how far they reach is kept too. */
  index(about) {
    about.starts = Float64Array.from(about.rows, (row) => this.start[row]);
    about.reach = Float64Array.from(about.rows, (row) => this.end[row]);
    for (let i = 1; i < about.reach.length; i++) about.reach[i] = Math.max(about.reach[i], about.reach[i - 1]);
  }

  readTold() {
    const open = new Map();
    for (const [time, thread, kind, name, task, value] of this.data.told) {
      const about = this.threads[thread], taskKey = `${about.process} ${task}`;
      if (kind === REGION_BEGIN) {
        about.open = about.open || [];
        const region = {kind: 'region', name, task, thread, start: time, end: about.end, depth: about.open.length};
        about.open.push(region);
        about.regions.push(region);
      } else if (kind === REGION_END && about.open && about.open.length) {
        Object.assign(about.open.pop(), {end: time, isEnded: true});
      } else if (kind === TASK_BEGIN) {
        const begun = {kind: 'task', name, task, thread, start: time, end: this.data.length};
        open.set(taskKey, begun);
        this.tasks.push(begun);
      } else if (kind === TASK_END && open.has(taskKey)) {
        Object.assign(open.get(taskKey), {end: time, isEnded: true});
      } else if (kind === LOG) {
        const log = {time, thread, category: name, message: value, task};
        about.logs.push(log);
        this.logs.push(log);
      } else if (kind === COUNTER) {
        const key = `${about.process} ${name}`;
        if (!this.counters.has(key)) this.counters.set(key, {name, process: about.process, points: []});
        this.counters.get(key).points.push([time, value]);
      }
    }
  }

  /* Indexes into the thread's rows of those that touch [from, to]: first, and one past the last. */
  within(about, from, to) {
    const first = firstAbove(about.reach, 0, about.reach.length, from);
    return [first, firstAbove(about.starts, first, about.starts.length, to)];
  }

  threadName(index) {
    const about = this.threads[index];
    return `${about.name || 'thread'} (${about.tid})`;
  }

  /* What a row is: "mutex", "write". */
  word(row) {
    return this.kind[row] === WAIT ? this.data.reasons[this.detail[row]] || 'other' : this.data.calls[this.detail[row]];
  }

  color(row) {
    return this.kind[row] === WAIT ? reasonColor(this.word(row)) : CALL_COLOR;
  }

  objectName(row) {
    return this.object[row] ? `0x${this.object[row]}` : '';
  }

  /* Function names, leaf first. */
  stack(node) {
    const {parent, name} = this.data.nodes, frames = [];
    for (let at = node; at; at = parent[at]) frames.push(this.data.names[name[at]]);
    return frames;
  }

  title(row) {
    const word = this.word(row), several = this.times[row] > 1 ? `${asCount(this.times[row])} × ` : '';
    return this.kind[row] === WAIT ? `${several}waits: ${word} ${this.objectName(row)}`.trim() : `${several}system call ${word}`;
  }

  /* Sentences about a row. */
  story(row) {
    const lines = [];
    if (this.times[row] > 1)
      lines.push(`${asTime(this.sum[row])} in all, the longest ${asTime(this.max[row])}, between ${asTime(this.start[row])} and ${asTime(this.end[row])}`);
    else lines.push(`${asTime(this.sum[row])}, from ${asTime(this.start[row])} to ${asTime(this.end[row])}`);
    if (this.open[row]) lines.push('It had not ended when the thread or the trace ended.');
    else if (this.waker[row] >= 0)
      lines.push(`Woken by ${this.threadName(this.waker[row])}${this.times[row] > 1 ? '' : `, ${asTime(Math.max(0, this.end[row] - this.wake[row]))} before it went on`}`);
    else if (this.kind[row] === WAIT) lines.push('The trace doesn\'t hold who woke it.');
    if (this.failures[row]) lines.push(this.times[row] > 1 ? `${asCount(this.failures[row])} failed` : 'It failed.');
    return lines;
  }
}
