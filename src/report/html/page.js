'use strict';
// The timelines of the page: one SVG per chart, all with the same time axis. No library, no network.
// The data are described in data.rs; times are milliseconds, sizes of mechanisms come in data.unit.
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  if (!data.shown || !data.shown[0].servers.length) return;
  // The replication shown; the first is the worst.
  let shown = data.shown[0];
  const $ = (id) => document.getElementById(id);
  const NS = 'http://www.w3.org/2000/svg';
  const LEFT = 52, RIGHT = 10, TOP = 16, BOTTOM = 20, MEMORY = 190, COUNTS = 130;
  const end = Math.max(data.end, 1);
  const view = { from: 0, to: end };
  const hidden = { servers: new Set(), mechanisms: new Set(), kinds: new Set() };
  let cursor = null, cursorServer = 0, scrape = null;
  const charts = [];

  // ---- small helpers
  const node = (parent, name, attributes, text) => {
    const made = document.createElementNS(NS, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };
  const element = (parent, name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    parent.append(made);
    return made;
  };
  const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
  const size = (bytes) => {
    const units = [['TiB', 40], ['GiB', 30], ['MiB', 20], ['KiB', 10]];
    for (const [unit, shift] of units) {
      if (bytes < 1023.5 * 2 ** (shift - 10)) continue;
      const value = bytes / 2 ** shift;
      return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + ' ' + unit;
    }
    return bytes + ' B';
  };
  const clock = (ms, digits = 1) => {
    const tenths = Math.round(ms / (digits ? 100 : 1000)) / (digits ? 10 : 1);
    const hours = Math.floor(tenths / 3600), minutes = Math.floor(tenths / 60) % 60;
    const seconds = (tenths % 60).toFixed(digits).padStart(digits ? 4 : 2, '0');
    return hours ? hours + ':' + String(minutes).padStart(2, '0') + ':' + seconds : minutes + ':' + seconds;
  };
  const step = (least, steps) => steps.find((s) => s >= least) || steps[steps.length - 1];
  // The last index whose time is not after t; -1 before the first.
  const before = (times, t) => {
    let low = 0, high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= t) low = middle + 1; else high = middle;
    }
    return low - 1;
  };
  // The value of a line at t: straight between its points.
  const at = (times, values, t) => {
    const i = before(times, t);
    if (i < 0) return values[0];
    if (i + 1 >= times.length || times[i + 1] === times[i]) return values[i];
    return values[i] + (values[i + 1] - values[i]) * (t - times[i]) / (times[i + 1] - times[i]);
  };

  // ---- axes, shared by all charts
  class Chart {
    constructor(parent, height, title, description) {
      this.box = element(parent, 'div', undefined, 'plot');
      this.heading = element(this.box, 'h3', title);
      this.height = height;
      this.title = title;
      this.svg = node(this.box, 'svg', { height, role: 'img', tabindex: 0 });
      this.describe(description);
      charts.push(this);
      this.listen();
    }
    describe(text) { this.svg.setAttribute('aria-label', this.title + '. ' + text); }
    x(t) { return LEFT + (t - view.from) / (view.to - view.from) * (this.width - LEFT - RIGHT); }
    y(value) { return this.height - BOTTOM - value / this.top * (this.height - TOP - BOTTOM); }
    time(event) {
      const box = this.svg.getBoundingClientRect();
      const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
      return view.from + clamp(share, 0, 1) * (view.to - view.from);
    }
    axes(label) {
      const { svg, width, height } = this;
      svg.replaceChildren();
      svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
      const many = Math.max(2, Math.floor((width - LEFT) / 90));
      const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800];
      const every = 1000 * step((view.to - view.from) / 1000 / many, seconds);
      for (let t = Math.ceil(view.from / every) * every; t <= view.to; t += every) {
        node(svg, 'line', { x1: this.x(t), x2: this.x(t), y1: TOP, y2: height - BOTTOM, stroke: 'var(--grid)' });
        const anchor = this.x(t) > width - 26 ? 'end' : 'middle';
        node(svg, 'text', { x: this.x(t), y: height - 5, 'text-anchor': anchor }, clock(t, 0));
      }
      for (const value of this.ticks) {
        node(svg, 'line', { x1: LEFT, x2: width - RIGHT, y1: this.y(value), y2: this.y(value), stroke: 'var(--grid)' });
        node(svg, 'text', { x: LEFT - 6, y: this.y(value) + 4, 'text-anchor': 'end' }, label(value));
      }
      this.inside = node(svg, 'svg', { x: LEFT, y: 0, width: width - LEFT - RIGHT, height,
        viewBox: `${LEFT} 0 ${width - LEFT - RIGHT} ${height}`, preserveAspectRatio: 'none' });
    }
    // Indices of the points in view, with one on either side.
    span(times) {
      return [Math.max(0, before(times, view.from - 1)), Math.min(times.length - 1, before(times, view.to) + 1)];
    }
    line(times, values, attributes) {
      const [first, last] = this.span(times);
      let path = '';
      for (let i = first; i <= last; i++) path += `${path ? 'L' : 'M'}${this.x(times[i]).toFixed(1)},${this.y(values[i]).toFixed(1)}`;
      if (path) node(this.inside, 'path', { d: path, fill: 'none', 'stroke-width': 1.5, ...attributes });
    }
    hover() {
      if (this.hair) this.hair.remove();
      if (cursor === null || cursor < view.from || cursor > view.to) return;
      const x = this.x(cursor);
      this.hair = node(this.svg, 'line', { x1: x, x2: x, y1: TOP, y2: this.height - BOTTOM, stroke: 'var(--ink)', 'pointer-events': 'none' });
    }
    listen() {
      const { svg } = this;
      let from = null, moved = null, shade = null;
      svg.addEventListener('pointerdown', (event) => {
        if (event.button || event.target.closest('a')) return;
        if (event.pointerType === 'mouse') svg.setPointerCapture(event.pointerId);
        if (event.shiftKey) moved = this.time(event); else from = this.time(event);
      });
      svg.addEventListener('pointermove', (event) => {
        const t = this.time(event);
        if (moved !== null) { look(view.from + moved - t, view.to + moved - t); return; }
        if (from !== null && event.pointerType === 'mouse') {
          if (shade) shade.remove();
          const [a, b] = [this.x(Math.min(from, t)), this.x(Math.max(from, t))];
          shade = node(svg, 'rect', { x: a, width: b - a, y: TOP, height: this.height - TOP - BOTTOM, fill: 'var(--focus)', opacity: 0.2 });
        }
        point(t, this);
      });
      svg.addEventListener('pointerup', (event) => {
        const t = this.time(event);
        if (shade && from !== null && Math.abs(this.x(t) - this.x(from)) > 6) look(Math.min(from, t), Math.max(from, t));
        if (shade) shade.remove();
        from = moved = shade = null;
        point(t, this);
      });
      svg.addEventListener('dblclick', () => look(0, end));
      svg.addEventListener('wheel', (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        zoom(event.deltaY < 0 ? 0.7 : 1 / 0.7, this.time(event));
      }, { passive: false });
      svg.addEventListener('keydown', (event) => {
        const wide = view.to - view.from;
        const arrow = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (arrow && event.shiftKey) look(view.from + arrow * wide / 4, view.to + arrow * wide / 4);
        else if (arrow) point(clamp((cursor ?? view.from + wide / 2) + arrow * wide / 100, view.from, view.to), this);
        else if (event.key === '+' || event.key === '=') zoom(0.5, cursor);
        else if (event.key === '-') zoom(2, cursor);
        else if (event.key === '0' || event.key === 'Escape') look(0, end);
        else return;
        event.preventDefault();
      });
    }
  }

  // ---- what time is shown, and where the cursor is
  const drawAll = () => {
    for (const chart of charts) {
      chart.width = Math.max(chart.box.clientWidth, 280);
      if (!chart.box.hidden) { chart.draw(); chart.hover(); }
    }
  };
  let waiting = false;
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; drawAll(); });
  };
  const look = (from, to) => {
    const wide = clamp(to - from, Math.min(1000, end), end);
    view.from = clamp(from, 0, end - wide);
    view.to = view.from + wide;
    redraw();
  };
  const zoom = (factor, around) => {
    const centre = around ?? (view.from + view.to) / 2;
    look(centre - (centre - view.from) * factor, centre + (view.to - centre) * factor);
  };
  const point = (t, chart) => {
    cursor = t;
    if (chart && chart.server !== undefined) cursorServer = chart.server;
    charts.forEach((each) => each.hover());
    read();
  };
  const read = () => {
    const box = $('readout');
    box.replaceChildren();
    if (cursor === null) { element(box, 'span', 'Point at a chart to read its values.'); return; }
    element(box, 'strong', clock(cursor) + '  ');
    shown.servers.forEach((server, index) => {
      if (hidden.servers.has(index)) return;
      const bytes = at(server.t, server.resident, cursor);
      const down = server.down.some(([a, b]) => a <= cursor && cursor < b) ? ', not serving' : '';
      const share = server.limit ? ` (${Math.round(100 * bytes / server.limit)} % of the limit${down})` : down;
      const seen = scrape === null ? '' : seenBy(index);
      element(box, 'span', `${server.name} ${size(Math.round(bytes))}${share}${seen}`);
    });
    const server = shown.servers[cursorServer];
    element(box, 'span', `${server.name} holds:`);
    const held = data.mechanisms.map((mechanism, i) => [mechanism, at(server.t, server.held[i], cursor) * data.unit]);
    for (const [mechanism, bytes] of held.sort((a, b) => b[1] - a[1]).slice(0, 7)) {
      if (bytes < data.unit) continue;
      const span = element(box, 'span');
      element(span, 'i').style.background = mechanism.colour;
      span.append(`${mechanism.label} ${size(Math.round(bytes))}`);
    }
    const bucket = Math.floor(cursor / shown.activity.width);
    const counted = data.kinds.map((kind, i) => [kind, shown.activity.counts[i][bucket]]).filter(([, count]) => count);
    if (counted.length) element(box, 'span', `in ${shown.activity.width / 1000} s: ` + counted.map(([kind, count]) => `${count} ${kind.label}`).join(', '));
  };
  const seenBy = (index) => {
    const seen = shown.servers[index].seen[scrape];
    const i = before(seen.t, cursor);
    if (i < 0) return '';
    return seen.bytes[i] === null ? ', last scrape failed' : `, last scrape ${size(seen.bytes[i])}`;
  };

  // ---- memory of each server, stacked by what holds it
  const GIB = 2 ** 30;
  const max = (values) => values.reduce((most, value) => Math.max(most, value), 0);
  const highest = Math.max(...data.shown.flatMap((each) => each.servers.map((server) => Math.max(server.limit, max(server.resident)))), 1);
  const memoryTop = highest * 1.06;
  const memoryStep = step(memoryTop / GIB / 5, [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 256, 512, 1024]) * GIB;
  const draw = (chart, server, index) => {
    chart.top = memoryTop;
    chart.ticks = [];
    for (let v = 0; v <= memoryTop; v += memoryStep) chart.ticks.push(v);
    chart.axes((value) => +(value / GIB).toFixed(2) + (value ? ' GiB' : ''));
    const { inside } = chart, low = chart.height - BOTTOM;
    if (server.limit) {
      node(inside, 'rect', { x: LEFT, width: chart.width, y: chart.y(server.limit), height: chart.y(server.limit * 0.9) - chart.y(server.limit), fill: 'var(--band)' });
    }
    for (const [a, b] of server.down) {
      node(inside, 'rect', { x: chart.x(a), width: Math.max(chart.x(b) - chart.x(a), 1), y: TOP, height: low - TOP, fill: 'var(--down)' });
    }
    const [first, last] = chart.span(server.t);
    let base = server.t.map(() => 0);
    data.mechanisms.forEach((mechanism, i) => {
      if (hidden.mechanisms.has(i)) return;
      const over = base.map((bytes, p) => bytes + server.held[i][p] * data.unit);
      let up = '', back = '';
      for (let p = first; p <= last; p++) {
        const x = chart.x(server.t[p]).toFixed(1);
        up += `${up ? 'L' : 'M'}${x},${chart.y(over[p]).toFixed(1)}`;
        back = `L${x},${chart.y(base[p]).toFixed(1)}` + back;
      }
      if (up) node(inside, 'path', { d: up + back + 'Z', fill: mechanism.colour, 'fill-opacity': scrape === null ? 1 : 0.45 });
      base = over;
    });
    chart.line(server.t, server.resident, { stroke: 'var(--ink)', 'stroke-width': 1.2 });
    if (server.limit) {
      node(inside, 'line', { x1: LEFT, x2: chart.width, y1: chart.y(server.limit), y2: chart.y(server.limit), stroke: 'var(--red)', 'stroke-width': 1.5 });
      node(chart.svg, 'text', { x: chart.width - RIGHT, y: chart.y(server.limit) - 4, 'text-anchor': 'end', class: 'limit' }, 'limit ' + size(server.limit));
    }
    if (scrape !== null) scraped(chart, shown.servers[index].seen[scrape]);
    marks(chart, server);
  };
  // What a monitoring system sees: its samples, joined while the server answers.
  const scraped = (chart, seen) => {
    let path = '', joined = false;
    seen.t.forEach((t, i) => {
      const bytes = seen.bytes[i];
      if (bytes === null) { joined = false; return; }
      path += `${joined ? 'L' : 'M'}${chart.x(t).toFixed(1)},${chart.y(bytes).toFixed(1)}`;
      joined = true;
      if (t >= view.from && t <= view.to) node(chart.inside, 'circle', { cx: chart.x(t), cy: chart.y(bytes), r: 2.5, fill: 'var(--ink)' });
    });
    if (path) node(chart.inside, 'path', { d: path, fill: 'none', stroke: 'var(--ink)', 'stroke-width': 2 });
  };
  // Events of the scenario on every chart, kills on the server's own; each leads to its line of the story.
  const marks = (chart, server) => {
    let free = 0;
    for (const mark of shown.marks) {
      const own = mark.subject === server.name;
      if (mark.t < view.from || mark.t > view.to || (mark.kind !== 'event' && !own)) continue;
      const x = chart.x(mark.t), kill = mark.kind === 'oom-kill';
      const link = node(chart.svg, 'a', { href: '#beat-' + mark.beat, 'aria-label': `${clock(mark.t)} ${mark.subject}: ${mark.message}` });
      node(link, 'title', {}, `${clock(mark.t)} ${mark.subject}: ${mark.message}`);
      if (kill) {
        const y = chart.y(Math.min(server.limit || memoryTop, memoryTop));
        node(link, 'circle', { cx: x, cy: y, r: 10, fill: 'transparent' });
        node(link, 'path', { d: `M${x - 5},${y - 5}l10,10m0,-10l-10,10`, stroke: 'var(--red)', 'stroke-width': 3 });
      } else {
        node(link, 'line', { x1: x, x2: x, y1: 4, y2: chart.height - BOTTOM, stroke: 'var(--axis)', 'stroke-dasharray': '4 3' });
        const text = mark.subject || mark.message, width = 8 + 6.5 * text.length;
        const left = x + width > chart.width;
        if ((left ? x - width : x) >= free) {
          node(link, 'text', { x: left ? x - 4 : x + 4, y: 12, 'text-anchor': left ? 'end' : 'start' }, text);
          free = x + (left ? 0 : width);
        }
      }
      link.addEventListener('click', () => show(mark.beat));
    }
  };
  const show = (beat) => {
    document.querySelectorAll('.beats li.shown').forEach((line) => line.classList.remove('shown'));
    const line = $('beat-' + beat);
    if (line) line.classList.add('shown');
  };

  // ---- counts over time
  const startOf = (values) => values.map((_, i) => i * shown.activity.width);
  const steps = (values) => {
    const times = [], heights = [];
    values.forEach((value, i) => {
      times.push(i * shown.activity.width, (i + 1) * shown.activity.width);
      heights.push(value, value);
    });
    return [times, heights];
  };
  const scale = (chart, most) => {
    const power = 10 ** Math.floor(Math.log10(Math.max(most, 4) / 4));
    const every = power * step(Math.max(most, 4) / 4 / power, [1, 2, 2.5, 5, 10]);
    chart.top = Math.max(most, 1) * 1.05;
    chart.ticks = [];
    for (let v = 0; v <= chart.top; v += every) chart.ticks.push(v);
    chart.axes((value) => value >= 1e4 ? +(value / 1e3).toFixed(1) + 'k' : +value.toFixed(1));
  };

  // ---- the highest memory of every replication; those that are kept can be chosen
  const runOf = (replication) => data.runs.find((run) => run.replication === replication);
  const inOrder = data.shown.filter((each) => runOf(each.replication)).sort((a, b) => runOf(a.replication).peak - runOf(b.replication).peak);
  const killed = (run) => run.kills ? `${run.kills} OOM kill${run.kills > 1 ? 's' : ''}` : 'no OOM kill';
  const choose = (replication, keep) => {
    const next = data.shown.find((each) => each.replication === replication);
    if (!next) {
      $('kept').textContent = `The timelines of replication ${replication} are not kept; its figures are in runs.csv. ${keptText}`;
      return;
    }
    shown = next;
    const run = runOf(replication);
    const which = next === data.shown[0] ? ', the one with the highest peak' : run ? `: ${run.outcome}, peak ${size(run.peak)} on ${run.server}, ${killed(run)}` : '';
    $('which').textContent = replication + which;
    $('kept').textContent = keptText;
    tell();
    charts.forEach((chart) => { if (chart.server !== undefined) chart.describe(describe(shown.servers[chart.server])); });
    peaks();
    redraw();
    read();
    if (keep) $('peaks').querySelector('svg').focus();
  };
  const keptText = 'One dot per replication; red: a server was OOM-killed. ' + (data.shown.length === 1
    ? 'Outlined: the one shown, the only one whose timelines are kept.'
    : `Bold: one of the ${data.shown.length} of ${data.runs.length} whose timelines are kept; choose one here, by its button or with the arrow keys. `
      + 'Outlined: the one shown. All but the highest are drawn with fewer points; their peaks are exact.');
  const peaks = () => {
    const box = $('peaks'), width = Math.max(box.clientWidth, 280), radius = data.runs.length > 400 ? 2 : 4;
    box.className = 'plot';
    box.replaceChildren();
    const limit = Math.max(...shown.servers.map((server) => server.limit));
    const top = Math.max(limit, max(data.runs.map((run) => run.peak))) * 1.06;
    const x = (bytes) => LEFT + bytes / top * (width - LEFT - RIGHT);
    const stacked = new Map();
    const placed = data.runs.map((run) => {
      const column = Math.round(x(run.peak) / (2 * radius + 1)), row = stacked.get(column) || 0;
      stacked.set(column, row + 1);
      return [run, column * (2 * radius + 1), row];
    });
    const high = Math.min(Math.max(...stacked.values()), 14), height = high * (2 * radius + 1) + 44;
    const svg = node(box, 'svg', { height, viewBox: `0 0 ${width} ${height}`, role: 'img', tabindex: 0,
      'aria-label': `Peaks of ${data.runs.length} replications, from ${size(Math.min(...data.runs.map((r) => r.peak)))} to ${size(max(data.runs.map((r) => r.peak)))}. Arrow keys choose the replication shown.` });
    for (let v = 0; v <= top; v += memoryStep) node(svg, 'text', { x: x(v), y: height - 5, 'text-anchor': 'middle' }, +(v / GIB).toFixed(2) + ' GiB');
    if (limit) node(svg, 'line', { x1: x(limit), x2: x(limit), y1: 14, y2: height - 20, stroke: 'var(--red)', 'stroke-width': 1.5 });
    // Those that are kept come last, on top.
    const kept = ([run]) => data.shown.some((each) => each.replication === run.replication);
    for (const [run, cx, row] of [...placed.filter((each) => !kept(each)), ...placed.filter(kept)]) {
      const can = kept([run]), here = run.replication === shown.replication;
      const cy = height - 24 - radius - Math.min(row, high - 1) * (2 * radius + 1);
      const dot = node(svg, 'g', { class: can ? 'kept' : '' });
      node(dot, 'circle', { cx, cy, r: 2 * radius + 2, fill: 'transparent' });
      node(dot, 'circle', { cx, cy, r: radius, fill: run.kills ? 'var(--red)' : 'var(--focus)', 'fill-opacity': can ? 1 : 0.4,
        stroke: 'var(--ink)', 'stroke-width': here ? 2.5 : 0 });
      const first = run.kills ? `, the first at ${clock(run.first)}` : '';
      node(dot, 'title', {}, `replication ${run.replication}: ${run.outcome}, peak ${size(run.peak)} on ${run.server}, ${killed(run)}${first}${here ? '; shown below' : can ? '' : '; its timelines are not kept'}`);
      dot.addEventListener('click', () => choose(run.replication));
    }
    svg.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const next = by && inOrder[inOrder.indexOf(shown) + by];
      if (!next) return;
      event.preventDefault();
      choose(next.replication, true);
    });
    const buttons = $('replications');
    if (data.shown.length > 1 && !buttons.children.length) {
      element(buttons, 'span', 'Replication');
      for (const each of inOrder) {
        const run = runOf(each.replication), button = element(buttons, 'button', `${run.replication}: ${size(run.peak)}, ${killed(run)}`);
        button.type = 'button';
        button.dataset.replication = run.replication;
        button.addEventListener('click', () => choose(run.replication));
      }
    }
    buttons.querySelectorAll('button').forEach((button) => button.setAttribute('aria-pressed', +button.dataset.replication === shown.replication));
  };
  // The story of the replication shown.
  const tell = () => {
    const list = document.querySelector('.beats');
    if (!list) return;
    $('told').textContent = shown.replication;
    list.replaceChildren();
    shown.beats.forEach((beat, index) => {
      const line = element(list, 'li'), button = element(line, 'button', beat.clock);
      line.id = 'beat-' + index;
      button.type = 'button';
      button.dataset.beat = index;
      button.dataset.t = beat.at_ms;
      element(line, 'span', beat.text);
    });
    list.scrollTop = 0;
  };

  // ---- switches
  const toggle = (parent, name, colour, set, index, after) => {
    const button = element(parent, 'button');
    button.type = 'button';
    if (colour) element(button, 'i').style.background = colour;
    button.append(name);
    button.setAttribute('aria-pressed', true);
    button.addEventListener('click', () => {
      const off = !set.delete(index);
      if (off) set.add(index);
      button.setAttribute('aria-pressed', !off);
      if (after) after(off);
      redraw();
    });
  };
  const describe = (server) => `Resident memory over time, highest ${size(max(server.resident))}, limit ${size(server.limit)}, ${shown.marks.filter((m) => m.kind === 'oom-kill' && m.subject === server.name).length} OOM kills`;
  shown.servers.forEach((server, index) => {
    const chart = new Chart($('plots'), MEMORY, server.name, describe(server));
    chart.server = index;
    chart.draw = () => draw(chart, shown.servers[index], index);
    if (shown.servers.length > 1) toggle($('servers'), server.name, '', hidden.servers, index, (off) => { chart.box.hidden = off; });
  });
  data.mechanisms.forEach((mechanism, index) => toggle($('mechanisms'), mechanism.label, mechanism.colour, hidden.mechanisms, index));
  if (data.scrapes.length) {
    element($('scrapes'), 'span', 'Seen by a scrape every');
    data.scrapes.forEach((every, index) => {
      const button = element($('scrapes'), 'button', every / 1000 + ' s');
      button.type = 'button';
      button.setAttribute('aria-pressed', false);
      button.addEventListener('click', () => {
        scrape = scrape === index ? null : index;
        [...$('scrapes').querySelectorAll('button')].forEach((each, i) => each.setAttribute('aria-pressed', i === scrape));
        redraw();
        read();
      });
    });
  }
  if (data.kinds.length) {
    const chart = new Chart($('counts'), COUNTS, `Calls in ${shown.activity.width / 1000} s`, 'What clients asked for and what was refused, over time');
    chart.draw = () => {
      const drawn = data.kinds.map((kind, index) => [kind, shown.activity.counts[index]]).filter((_, index) => !hidden.kinds.has(index));
      scale(chart, max(drawn.map(([, counts]) => max(counts))));
      for (const [kind, counts] of drawn) chart.line(...steps(counts), { stroke: kind.colour });
    };
    data.kinds.forEach((kind, index) => toggle($('kinds'), kind.label, kind.colour, hidden.kinds, index));
  }
  if (shown.activity.watches.length) {
    const chart = new Chart($('counts'), COUNTS, 'Open watches of each server', 'One line per server');
    chart.draw = () => {
      const drawn = shown.activity.watches.filter((_, index) => !hidden.servers.has(index));
      scale(chart, max(drawn.map(max)));
      shown.activity.watches.forEach((values, index) => {
        if (hidden.servers.has(index)) return;
        chart.line(startOf(values), values, { stroke: data.lines[index % data.lines.length], 'stroke-width': 2 });
      });
      shown.servers.forEach((server, index) => {
        if (hidden.servers.has(index)) return;
        node(chart.svg, 'text', { x: LEFT + 4 + index * 96, y: 12, style: `fill:${data.lines[index % data.lines.length]};font-weight:600` }, server.name);
      });
    };
  }
  document.querySelectorAll('[data-zoom]').forEach((button) => button.addEventListener('click', () => {
    const wide = view.to - view.from;
    ({ all: () => look(0, end), in: () => zoom(0.5, cursor), out: () => zoom(2, cursor),
      left: () => look(view.from - wide / 4, view.to - wide / 4), right: () => look(view.from + wide / 4, view.to + wide / 4) })[button.dataset.zoom]();
  }));
  const beats = document.querySelector('.beats');
  if (beats) beats.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    const t = +button.dataset.t, wide = Math.min(view.to - view.from, Math.max(end / 8, 30000));
    look(t - wide / 2, t + wide / 2);
    point(t);
    show(button.dataset.beat);
    $('controls').scrollIntoView();
  });
  addEventListener('resize', () => { redraw(); peaks(); });
  addEventListener('beforeprint', () => { document.querySelectorAll('details').forEach((each) => { each.open = true; }); drawAll(); });
  drawAll();
  peaks();
  $('kept').textContent = keptText;
  read();
})();
