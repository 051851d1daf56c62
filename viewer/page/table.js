/* A table that sorts by a click on its heads and shows its first rows until asked for all. */
const SHOWN_ROWS = 100;

class Table {
  /* `columns`: {title, value(row): number or text, show(row): what stands there, isNumber, isCode, isWhole (never broken)}.
   * `detail(row)`: what a click opens below it, or null. */
  constructor(columns, sortBy, detail) {
    this.columns = columns;
    this.sortBy = sortBy;
    this.isDown = true;
    this.detail = detail;
    this.isWhole = false;
    this.rows = [];
    this.element = make('div', {class: 'scroll'});
  }

  show(rows) {
    this.rows = rows;
    this.draw();
  }

  sort(index) {
    this.isDown = this.sortBy === index ? !this.isDown : Boolean(this.columns[index].isNumber);
    this.sortBy = index;
    this.draw();
  }

  head(column, index) {
    const isSorted = index === this.sortBy;
    return make('th', {class: `${column.isNumber ? 'number' : ''}${isSorted ? ' sorted' : ''}`, scope: 'col',
      'aria-sort': isSorted ? (this.isDown ? 'descending' : 'ascending') : 'none'},
    make('button', {type: 'button', onclick: () => this.sort(index)},
      column.title, isSorted ? (this.isDown ? ' ▾' : ' ▴') : ''));
  }

  row(row) {
    const cells = this.columns.map((column) => make('td',
      {class: `${column.isNumber ? 'number' : ''}${column.isCode ? ' code' : ''}${column.isWhole ? ' whole' : ''}`}, column.show ? column.show(row) : String(column.value(row))));
    const line = make('tr', this.detail ? {class: 'opens', tabindex: 0} : null, cells);
    if (!this.detail) return line;
    const toggle = () => {
      const next = line.nextElementSibling;
      if (next && next.classList.contains('stacks')) next.remove();
      else line.after(make('tr', {class: 'stacks'}, make('td', {colspan: this.columns.length}, this.detail(row))));
    };
    line.addEventListener('click', toggle);
    line.addEventListener('keydown', (event) => { if (event.key === 'Enter') toggle(); });
    return line;
  }

  draw() {
    const {value} = this.columns[this.sortBy], sign = this.isDown ? -1 : 1;
    const sorted = this.rows.map((row) => [value(row), row]);
    sorted.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0));
    const shown = this.isWhole ? sorted : sorted.slice(0, SHOWN_ROWS);
    const left = sorted.length - shown.length;
    this.element.replaceChildren(
      make('table', null, make('thead', null, make('tr', null, this.columns.map((column, index) => this.head(column, index)))),
        make('tbody', null, shown.map(([, row]) => this.row(row)))),
      !this.rows.length ? make('p', {class: 'bar note'}, 'Nothing was recorded here.') : '',
      left ? make('p', {class: 'bar'}, make('button', {type: 'button', onclick: () => { this.isWhole = true; this.draw(); }},
        `Show ${asCount(left)} more rows`)) : '');
  }
}

/* Several of them behind tabs. `tables`: [name, Table]. */
const tableCard = (tables, heading) => {
  const holder = make('div', {role: 'tabpanel'});
  const tabs = tables.map(([name], index) => make('button', {type: 'button', role: 'tab', 'data-tab': name,
    onclick: () => choose(index), onkeydown: (event) => {
      const next = {ArrowLeft: index - 1, ArrowRight: index + 1}[event.key];
      if (tabs[next]) { choose(next); tabs[next].focus(); }
    }}, name));
  const choose = (index) => {
    tabs.forEach((tab, at) => { tab.setAttribute('aria-selected', String(at === index)); tab.tabIndex = at === index ? 0 : -1; });
    holder.replaceChildren(tables[index][1].element);
  };
  choose(0);
  return make('section', {class: 'card', id: 'tables'},
    make('div', {class: 'bar'}, make('span', {class: 'group', role: 'tablist'}, tabs), heading || ''), holder);
};

const functionTable = () => new Table([
  {title: 'Flat', isNumber: true, value: (row) => row.flat, show: (row) => withUnit(row.flat, row.unit)},
  {title: 'Flat %', isNumber: true, value: (row) => row.flat, show: (row) => asPercent(row.flat, row.whole)},
  {title: 'Cum', isNumber: true, value: (row) => row.cumulative, show: (row) => withUnit(row.cumulative, row.unit)},
  {title: 'Cum %', isNumber: true, value: (row) => row.cumulative, show: (row) => asPercent(row.cumulative, row.whole)},
  {title: 'Function', isCode: true, value: (row) => row.text},
], 0);
const showFunctions = (table, tree, unit) =>
  table.show(CallTree.functions(tree).map((row) => ({...row, unit, whole: tree.total[0]})));
