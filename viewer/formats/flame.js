/* Zoom, search and details of a flame graph. The picture is complete without this. */
(function () {
  'use strict';
  var PAD = 12, CHAR = 7.3, XHTML = 'http://www.w3.org/1999/xhtml', SVG = 'http://www.w3.org/2000/svg';
  var script = document.currentScript;
  var svg = (script && script.ownerSVGElement) || document.documentElement;
  var width = Number(svg.getAttribute('width'));
  var field = null, reset = null, pattern = null;

  function readBox(g) {
    var title = g.querySelector('title').textContent;
    var start = Number(g.getAttribute('data-s')), total = Number(g.getAttribute('data-t'));
    return {g: g, rect: g.querySelector('rect'), text: g.querySelector('text'), title: title,
            name: title.split('\n')[0], start: start, end: start + total, depth: Number(g.getAttribute('data-d'))};
  }

  var graphs = Array.prototype.map.call(svg.querySelectorAll('g.graph'), function (g) {
    var boxes = Array.prototype.map.call(g.querySelectorAll('g.b'), readBox);
    boxes.sort(function (a, b) { return a.start - b.start || a.depth - b.depth; });
    boxes.forEach(function (box) { box.g.preflame = box; });
    var graph = {g: g, boxes: boxes, root: boxes[0], zoom: boxes[0], detail: g.querySelector('.detail'),
                 matched: g.querySelector('.matched')};
    boxes.forEach(function (box) { box.graph = graph; });
    return graph;
  }).filter(function (graph) { return graph.boxes.length > 0; });

  /* As svg.c counts: wide characters take two cells. */
  function cut(name, cells) {
    var used = 0, out = '', fitting = '';
    for (var c of name) {
      if (used < cells) fitting = out;
      used += c >= '\u1100' && c !== '\ufffd' ? 2 : 1;
      if (used > cells) return fitting + '…';
      out += c;
    }
    return out;
  }

  function label(box, x, w) {
    var cells = Math.floor((w - 6) / CHAR);
    if (cells < 3) {
      if (box.text) box.text.textContent = '';
      return;
    }
    if (!box.text) {
      box.text = document.createElementNS(SVG, 'text');
      box.text.setAttribute('y', Number(box.rect.getAttribute('y')) + 12.5);
      box.g.appendChild(box.text);
    }
    box.text.setAttribute('x', (x + 4).toFixed(2));
    box.text.textContent = cut(box.name, cells);
  }

  function place(box) {
    var zoom = box.graph.zoom, room = width - 2 * PAD, scale = room / (zoom.end - zoom.start);
    var isAbove = box.depth < zoom.depth && box.start <= zoom.start && box.end >= zoom.end;
    var isInside = box.depth >= zoom.depth && box.start >= zoom.start && box.end <= zoom.end;
    box.g.classList.toggle('a', isAbove);
    box.g.setAttribute('display', isAbove || isInside ? 'inline' : 'none');
    if (!isAbove && !isInside) return;
    var x = isAbove ? PAD : PAD + (box.start - zoom.start) * scale;
    var w = isAbove ? room : (box.end - box.start) * scale;
    box.rect.setAttribute('x', x.toFixed(4));
    box.rect.setAttribute('width', w.toFixed(4));
    label(box, x, w);
  }

  function draw() {
    graphs.forEach(function (graph) {
      graph.boxes.forEach(place);
      graph.matched.setAttribute('x', width - PAD);
    });
    var isZoomed = graphs.some(function (graph) { return graph.zoom !== graph.root; });
    if (reset) reset.setAttribute('display', isZoomed ? 'inline' : 'none');
    count();
  }

  /* Each moment counts once: a match inside a match adds nothing. Boxes are in order of start, then depth. */
  function count() {
    graphs.forEach(function (graph) {
      var sum = 0, covered = -1, zoom = graph.zoom;
      graph.boxes.forEach(function (box) {
        var isMatch = !!pattern && box !== graph.root && pattern.test(box.name);
        box.g.classList.toggle('m', isMatch);
        if (!isMatch || box.start < covered) return;
        covered = box.end;
        sum += Math.max(0, Math.min(box.end, zoom.end) - Math.max(box.start, zoom.start));
      });
      graph.matched.textContent =
        pattern ? 'Matched: ' + (100 * sum / (zoom.end - zoom.start)).toFixed(2) + ' %' : '';
    });
  }

  function search(term) {
    var isBad = false;
    pattern = null;
    try {
      if (term) pattern = new RegExp(term);
    } catch (error) {
      isBad = true;
    }
    field.classList.toggle('bad', isBad);
    count();
  }

  function resetZoom() {
    graphs.forEach(function (graph) { graph.zoom = graph.root; });
    draw();
  }

  function boxOf(target) {
    var g = target.closest ? target.closest('g.b') : null;
    return g && g.preflame;
  }

  function addControls() {
    var holder = document.createElementNS(SVG, 'foreignObject');
    holder.setAttribute('y', 8);
    holder.setAttribute('width', 250);
    holder.setAttribute('height', 28);
    field = document.createElementNS(XHTML, 'input');
    field.setAttribute('type', 'search');
    field.setAttribute('placeholder', 'Search functions (regex) — press /');
    field.setAttribute('aria-label', 'Search functions by regular expression');
    field.setAttribute('spellcheck', 'false');
    holder.appendChild(field);
    reset = document.createElementNS(SVG, 'text');
    reset.setAttribute('class', 'reset');
    reset.setAttribute('y', 26);
    reset.setAttribute('text-anchor', 'end');
    reset.setAttribute('display', 'none');
    reset.textContent = 'Reset zoom';
    svg.appendChild(reset);
    svg.appendChild(holder);
    field.addEventListener('input', function () { search(field.value); });
    reset.addEventListener('click', resetZoom);
    return function () {
      holder.setAttribute('x', width - PAD - 250);
      reset.setAttribute('x', width - PAD - 266);
    };
  }

  var moveControls = addControls();

  /* An image of its own fills the window; inside a page it keeps its size. */
  function resize() {
    if (svg === document.documentElement) {
      /* A picture taller than the window gets a scroll bar, which takes its share. */
      var bar = Number(svg.getAttribute('height')) > window.innerHeight ? 18 : 0;
      width = Math.max(640, window.innerWidth - bar);
      svg.setAttribute('width', width);
      svg.setAttribute('viewBox', '0 0 ' + width + ' ' + svg.getAttribute('height'));
    }
    moveControls();
    draw();
  }

  svg.addEventListener('click', function (event) {
    var box = boxOf(event.target);
    if (!box) return;
    box.graph.zoom = box;
    draw();
  });
  svg.addEventListener('mouseover', function (event) {
    var box = boxOf(event.target);
    if (box) box.graph.detail.textContent = box.title.split('\n').join('   ·   ');
  });
  svg.addEventListener('mouseout', function (event) {
    var box = boxOf(event.target);
    if (box) box.graph.detail.textContent = '';
  });
  window.addEventListener('keydown', function (event) {
    var isTyping = document.activeElement === field;
    if (((event.ctrlKey || event.metaKey) && event.key === 'f') || (event.key === '/' && !isTyping)) {
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === 'Escape') {
      field.value = '';
      field.blur();
      search('');
      resetZoom();
    }
  });
  window.addEventListener('resize', resize);
  resize();
})();
