/* The flame graph: boxes of a call tree with zoom, search and keys. */
const ROW_HEIGHT = 18;
const MIN_PIXELS = 0.7;
const MAX_BOXES = 6000;

class FlameGraph {
  constructor() {
    this.tree = null;
    this.unit = '';
    this.zoom = 0;
    this.pattern = null;
    this.isUpward = false;
    this.detail = make('div', {class: 'detail', 'aria-live': 'polite'});
    this.stack = make('div', {class: 'stack', role: 'tree', 'aria-label': 'Flame graph'});
    this.element = make('div', {class: 'flame'}, this.stack);
    this.field = make('input', {type: 'search', placeholder: 'Search (regex), or press /', spellcheck: 'false',
      'aria-label': 'Search functions by regular expression', oninput: () => this.search(this.field.value)});
    this.matched = make('span', {class: 'matched', 'aria-live': 'polite'});
    this.reset = make('button', {type: 'button', onclick: () => this.zoomTo(0)}, 'Reset zoom');
    this.note = make('span', {class: 'note'});
    this.element.addEventListener('click', (event) => this.withNode(event, (node) => this.zoomTo(node)));
    this.element.addEventListener('mouseover', (event) => this.withNode(event, (node) => this.tell(node)));
    this.element.addEventListener('focusin', (event) => this.withNode(event, (node) => this.tell(node)));
    this.element.addEventListener('mouseleave', () => this.tell(this.zoom));
    this.element.addEventListener('keydown', (event) => this.withNode(event, (node) => this.onKey(event, node)));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  withNode(event, use) {
    const box = event.target.closest('.box[data-node]');
    if (box) use(Number(box.dataset.node));
  }

  /* `colorOf(node, text)`: a CSS colour. */
  show(tree, unit, colorOf) {
    const path = [];
    for (let at = this.tree ? this.zoom : 0; at; at = this.tree.parent[at]) path.unshift(this.tree.text[at]);
    this.tree = tree;
    this.unit = unit;
    this.colorOf = colorOf;
    this.zoom = 0;
    for (const text of path) {
      const child = tree.children[this.zoom].find((node) => tree.text[node] === text);
      if (child === undefined) break;
      this.zoom = child;
    }
    this.drawnWidth = 0;
    this.draw();
    this.count();
  }

  zoomTo(node) {
    const hadFocus = this.element.contains(document.activeElement);
    this.zoom = node;
    this.drawnWidth = 0;
    this.draw();
    this.count();
    if (hadFocus) this.focus(node);
  }

  focus(node) {
    const box = this.stack.querySelector(`[data-node="${node}"]`);
    if (box) box.focus();
    return Boolean(box);
  }

  search(text) {
    let isBad = false;
    this.pattern = null;
    try {
      if (text) this.pattern = new RegExp(text);
    } catch (error) {
      isBad = true;
    }
    this.field.classList.toggle('bad', isBad);
    this.mark();
    this.count();
  }

  isMatch(node) {
    return node > 0 && this.pattern !== null && this.pattern.test(this.tree.text[node]);
  }

  mark() {
    this.stack.classList.toggle('searching', this.pattern !== null);
    for (const box of this.stack.querySelectorAll('[data-node]')) box.classList.toggle('match', this.isMatch(Number(box.dataset.node)));
  }

  /* Of what is zoomed to; a match inside a match adds nothing. */
  count() {
    this.reset.disabled = this.zoom === 0;
    this.matched.textContent = '';
    if (!this.pattern || !this.tree) return;
    let sum = 0;
    const open = [this.zoom];
    let isWithin = false;
    for (let at = this.zoom; at && !isWithin; at = this.tree.parent[at]) isWithin = this.isMatch(at);
    while (open.length && !isWithin) {
      const node = open.pop();
      if (this.isMatch(node)) sum += this.tree.total[node];
      else for (const child of this.tree.children[node]) open.push(child);
    }
    if (isWithin) sum = this.tree.total[this.zoom];
    this.matched.textContent = `Matched: ${asPercent(sum, this.tree.total[this.zoom])}`;
  }

  tell(node) {
    const {text, total, self, inlined} = this.tree;
    const parts = [` · total ${withUnit(total[node], this.unit)} (${asPercent(total[node], total[0])})`,
      ` · self ${withUnit(self[node], this.unit)} (${asPercent(self[node], total[0])})`];
    if (this.zoom && node !== this.zoom) parts.push(` · ${asPercent(total[node], total[this.zoom])} of the zoom`);
    if (inlined[node]) parts.push(' · inlined');
    this.detail.replaceChildren(make('b', null, text[node]), ...parts);
  }

  /* [node, left, width] in parts of the whole, those of the zoom and their callers. */
  layout(minimum) {
    const {tree, zoom} = this, boxes = [];
    for (let at = zoom; ; at = tree.parent[at]) {
      boxes.push([at, 0, 1]);
      if (!at) break;
    }
    let hidden = 0;
    const open = [[zoom, 0]], rests = [];
    for (let i = 0; i < open.length; i++) {
      let [node, left] = open[i], narrow = 0;
      for (const child of tree.children[node]) {
        const width = tree.total[child] / tree.total[zoom];
        if (width < minimum || boxes.length >= MAX_BOXES) {
          hidden++;
          narrow++;
          rests[node] = rests[node] || [node, left, 0, 0];
          rests[node][2] += width;
          rests[node][3] = narrow;
        } else {
          boxes.push([child, left, width]);
          open.push([child, left]);
        }
        left += width;
      }
    }
    return {boxes, hidden, rests: rests.filter((rest) => rest && rest[2] > minimum * 4)};
  }

  draw() {
    const width = this.element.clientWidth;
    if (!this.tree || !width || width === this.drawnWidth) return;
    this.drawnWidth = width;
    const {tree, zoom} = this;
    if (!(tree.total[0] > 0)) {
      this.stack.style.height = '40px';
      this.stack.replaceChildren(make('p', {class: 'note'}, 'Nothing was recorded here.'));
      this.detail.replaceChildren();
      this.note.textContent = '';
      return;
    }
    const {boxes, hidden, rests} = this.layout(MIN_PIXELS / width);
    const deepest = [...boxes.map(([node]) => tree.depth[node]), ...rests.map(([node]) => tree.depth[node] + 1)].reduce((a, b) => Math.max(a, b), 0);
    const onScreen = document.createDocumentFragment();
    for (const [node, left, part] of boxes) {
      const row = this.isUpward ? deepest - tree.depth[node] : tree.depth[node];
      const isWide = part * width > 26;
      const box = make('div', {role: 'treeitem', tabindex: node === zoom ? 0 : -1, 'data-node': node,
        'aria-label': `${tree.text[node]}, ${asPercent(tree.total[node], tree.total[0])}`,
        class: `box${node ? '' : ' all'}${isWide ? '' : ' thin'}${tree.depth[node] < tree.depth[zoom] ? ' above' : ''}${tree.inlined[node] ? ' inlined' : ''}`,
        style: `left:${100 * left}%;width:${100 * part}%;top:${row * ROW_HEIGHT}px;background:${this.colorOf(node, tree.text[node])}`},
      isWide ? tree.text[node] : '');
      onScreen.append(box);
    }
    /* Children stand by size, so the narrow ones are neighbours: one box for them. */
    for (const [node, left, part, count] of rests) {
      const depth = tree.depth[node] + 1;
      onScreen.append(make('div', {class: 'box rest', style: `left:${100 * left}%;width:${100 * part}%;top:${(this.isUpward ? deepest - depth : depth) * ROW_HEIGHT}px;background:var(--line)`},
        part * width > 60 ? `${asCount(count)} narrower` : ''));
    }
    this.stack.style.height = `${(deepest + 1) * ROW_HEIGHT}px`;
    this.stack.replaceChildren(onScreen);
    if (this.isUpward) this.element.scrollTop = this.element.scrollHeight;
    this.note.textContent = hidden ? `Too narrow to be drawn until you zoom in: ${asCount(hidden)}` : '';
    this.mark();
    this.tell(zoom);
  }

  onKey(event, node) {
    const {tree} = this, siblings = tree.children[tree.parent[node]];
    const at = siblings.indexOf(node);
    const moves = {
      ArrowDown: this.isUpward ? tree.parent[node] : tree.children[node][0],
      ArrowUp: this.isUpward ? tree.children[node][0] : tree.parent[node],
      ArrowLeft: siblings[at - 1],
      ArrowRight: siblings[at + 1],
    };
    if (event.key === 'Enter' || event.key === ' ') this.zoomTo(node);
    else if (!(event.key in moves) || moves[event.key] === undefined || !this.focus(moves[event.key])) return;
    event.preventDefault();
  }
}

/* Search with / and Ctrl+F, back with Escape, from anywhere. */
const searchKeys = (graph, onEscape) => window.addEventListener('keydown', (event) => {
  const isTyping = ['INPUT', 'SELECT'].includes(document.activeElement.tagName);
  if (((event.ctrlKey || event.metaKey) && event.key === 'f') || (event.key === '/' && !isTyping)) {
    event.preventDefault();
    graph.field.focus();
    graph.field.select();
  } else if (event.key === 'Escape') {
    graph.field.value = '';
    graph.field.blur();
    graph.search('');
    graph.zoomTo(0);
    onEscape();
  }
});

/* The graph with its controls. `extra`: what stands first among them; `onReverse(isReversed)`. */
const flameCard = (graph, heading, extra, onReverse) => {
  let isReversed = false;
  const reverse = make('button', {type: 'button', 'aria-pressed': 'false', title: 'Stacks from the leaf: who calls it',
    onclick: () => { isReversed = !isReversed; pressed(reverse, isReversed); onReverse(isReversed); }}, 'Callers');
  const upward = make('button', {type: 'button', 'aria-pressed': 'false', title: 'The root at the bottom',
    onclick: () => { graph.isUpward = !graph.isUpward; pressed(upward, graph.isUpward); graph.drawnWidth = 0; graph.draw(); }},
  'Flames up');
  return make('section', {class: 'card', id: 'flame'},
    make('div', {class: 'bar'}, heading, extra, make('span', {class: 'gap'}), graph.matched, graph.field, upward, reverse, graph.reset),
    graph.detail, graph.element, make('div', {class: 'foot'}, graph.note));
};
