/* The page of a profile: its values, its labels, the flame graph, the functions. */
const WAITING_TYPES = ['delay', 'offcpu', 'contentions'];

class ProfilePage {
  constructor(data) {
    this.data = data;
    this.type = data.first;
    this.filters = new Map();
    this.isReversed = false;
    this.graph = new FlameGraph();
    this.functions = functionTable();
  }

  isKept(sample) {
    const labels = this.data.labels[this.data.samples.labels[sample]];
    for (const [key, text] of this.filters) if (labels[key] !== text) return false;
    return true;
  }

  draw() {
    const {samples, nodes, names, types} = this.data;
    const all = new CallTree(nodes, names), values = samples.values[this.type];
    for (let i = 0; i < samples.count; i++)
      if (this.isKept(i)) all.add(samples.node[i], values[i]);
    const {name, unit} = types[this.type];
    const isWaiting = WAITING_TYPES.includes(name);
    this.graph.show(all.finish(this.isReversed), unit, (node, text) => (node ? nameColor(text, isWaiting) : 'var(--line)'));
    showFunctions(this.functions, all.finish(false), unit);
  }

  /* A choice for each label, its values by what they cost. */
  labelFilters() {
    const values = this.data.samples.values[this.type], costs = new Map();
    for (let i = 0; i < this.data.samples.count; i++)
      for (const [key, text] of Object.entries(this.data.labels[this.data.samples.labels[i]])) {
        if (!costs.has(key)) costs.set(key, new Map());
        costs.get(key).set(text, (costs.get(key).get(text) || 0) + values[i]);
      }
    return [...costs].sort().map(([key, texts]) => make('label', {class: 'note'}, `${key} `, make('select', {'data-label': key,
      onchange: (event) => {
        if (event.target.selectedIndex) this.filters.set(key, event.target.value);
        else this.filters.delete(key);
        this.draw();
      }}, make('option', null, 'all'), [...texts].sort((a, b) => b[1] - a[1]).slice(0, 500).map(([text]) => make('option', {value: text}, text)))));
  }

  show(page) {
    const {types, cut} = this.data;
    const switchType = types.length > 1 ? choice('Value', types.map((type) => type.name), this.type, (index) => {
      this.type = index;
      this.draw();
    }) : make('h2', null, types.length ? types[0].name : 'empty profile');
    page.append(
      flameCard(this.graph, switchType, this.labelFilters(), (isReversed) => { this.isReversed = isReversed; this.draw(); }),
      cut ? make('p', {class: 'note'}, `${asCount(cut)} stacks are shortened to what a page can hold.`) : '',
      tableCard([['Functions', this.functions]]));
    searchKeys(this.graph, () => {});
    this.draw();
  }
}
