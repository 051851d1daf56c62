/* A call tree of what was chosen. Node 0 is "all"; parents come before children, so no pass needs recursion. */
class CallTree {
  /* `stacks`: {parent, name, inlined} by node, of the page's data; `names`: texts. */
  constructor(stacks, names) {
    this.stacks = stacks;
    this.names = names;
    this.own = new Float64Array(stacks.parent.length);
    this.leaves = new Map(); /* of frames below a stack's last: node and text → value */
  }

  /* `leaf`: a last frame that isn't in the stack, as why it waits. */
  add(node, value, leaf) {
    if (leaf === undefined) {
      this.own[node] += value;
      return;
    }
    const key = `${node} ${leaf}`;
    this.leaves.set(key, (this.leaves.get(key) || 0) + value);
  }

  /* Makes {parent, text, inlined, self, total, depth, children} of what was added. `isReversed`: from the leaf. */
  finish(isReversed) {
    return isReversed ? this.reversed() : this.straight();
  }

  /* [node, leaf, value] of all stacks. */
  * costs() {
    for (let node = 0; node < this.own.length; node++)
      if (this.own[node] > 0) yield [node, undefined, this.own[node]];
    for (const [key, value] of this.leaves) {
      const cut = key.indexOf(' ');
      if (value > 0) yield [Number(key.slice(0, cut)), key.slice(cut + 1), value];
    }
  }

  straight() {
    const {parent, name, inlined} = this.stacks;
    const isUsed = new Uint8Array(parent.length);
    for (const [node] of this.costs())
      for (let at = node; !isUsed[at]; at = parent[at]) {
        isUsed[at] = 1;
        if (!at) break;
      }
    const tree = CallTree.empty();
    const place = new Int32Array(parent.length);
    for (let node = 1; node < parent.length; node++)
      if (isUsed[node]) place[node] = CallTree.put(tree, place[parent[node]], this.names[name[node]], inlined[node]);
    for (const [node, leaf, value] of this.costs())
      tree.self[leaf === undefined ? place[node] : CallTree.put(tree, place[node], leaf, 0)] += value;
    return CallTree.sum(tree);
  }

  reversed() {
    const {parent, name, inlined} = this.stacks;
    const tree = CallTree.empty();
    const known = new Map();
    const child = (at, text, isInlined) => {
      const key = `${at} ${text}`;
      if (!known.has(key)) known.set(key, CallTree.put(tree, at, text, isInlined));
      return known.get(key);
    };
    for (const [node, leaf, value] of this.costs()) {
      let at = leaf === undefined ? 0 : child(0, leaf, 0);
      for (let up = node; up; up = parent[up]) at = child(at, this.names[name[up]], inlined[up]);
      tree.self[at] += value;
    }
    return CallTree.sum(tree);
  }

  static empty() {
    return {parent: [0], text: ['all'], inlined: [0], self: [0], total: [], depth: [0], children: []};
  }

  static put(tree, parent, text, isInlined) {
    tree.parent.push(parent);
    tree.text.push(text);
    tree.inlined.push(isInlined);
    tree.self.push(0);
    tree.depth.push(tree.depth[parent] + 1);
    return tree.parent.length - 1;
  }

  static sum(tree) {
    tree.total = tree.self.slice();
    tree.children = tree.parent.map(() => []);
    for (let node = tree.parent.length - 1; node > 0; node--) {
      tree.total[tree.parent[node]] += tree.total[node];
      tree.children[tree.parent[node]].push(node);
    }
    for (const children of tree.children)
      children.sort((a, b) => tree.total[b] - tree.total[a] || (tree.text[a] < tree.text[b] ? -1 : 1));
    return tree;
  }

  /* Flat and with callees, by function: one that calls itself counts once. */
  static functions(tree) {
    const rows = new Map();
    for (let node = 1; node < tree.parent.length; node++) {
      const text = tree.text[node];
      const row = rows.get(text) || {text, flat: 0, cumulative: 0};
      rows.set(text, row);
      row.flat += tree.self[node];
      let up = tree.parent[node];
      while (up && tree.text[up] !== text) up = tree.parent[up];
      if (!up) row.cumulative += tree.total[node];
    }
    return [...rows.values()];
  }
}
