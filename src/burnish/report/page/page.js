"use strict";
const root = document.documentElement;
const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const say = (english, chinese) => (root.dataset.lang === "zh" ? chinese : english);
const remember = (key, value) => { try { value ? localStorage.setItem(key, value) : localStorage.removeItem(key); } catch { /* not allowed */ } };
const again = []; // what is written anew when the language changes
root.classList.add("on");
all(".js, .save, .cp, .chips, #cmshow").forEach((part) => { part.hidden = false; });

/* language and colours */
function speak(language) {
  root.dataset.lang = root.lang = language;
  all("#lg button").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.l === language)));
  for (const name of ["aria-label", "alt", "title"]) {
    all(`[data-zh-${name}]`).forEach((part) => {
      if (!part.hasAttribute(`data-en-${name}`)) part.setAttribute(`data-en-${name}`, part.getAttribute(name));
      part.setAttribute(name, part.getAttribute(`data-${language === "zh" ? "zh" : "en"}-${name}`));
    });
  }
  all("option[data-en]").forEach((o) => { o.textContent = o.dataset[language === "zh" ? "zh" : "en"]; });
  again.forEach((write) => write());
}
one("#lg").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) { speak(button.dataset.l); remember("burnish-lang", button.dataset.l); }
});
function paint(theme) {
  if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  all("#tg button").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.t === theme)));
}
one("#tg").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) { paint(button.dataset.t); remember("burnish-theme", button.dataset.t); }
});
paint(root.dataset.theme || "");

/* copying */
let fading;
function toast(words) {
  one("#toast").textContent = words;
  clearTimeout(fading);
  fading = setTimeout(() => { one("#toast").textContent = ""; }, 2200);
}
async function copy(text) {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = document.createElement("textarea");
    area.value = text; document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
  }
  toast(say("Copied", "已复制"));
}
all(".cp").forEach((b) => b.addEventListener("click", () => copy(b.dataset.c)));

/* where the reader is */
const links = new Map(all(".side nav a").map((a) => [a.hash.slice(1), a]));
let here;
function look() {
  let found = "summary";
  for (const section of all("main > section")) if (section.getBoundingClientRect().top < Math.min(innerHeight * 0.35, 170)) found = section.id;
  if (innerHeight + scrollY >= root.scrollHeight - 4) found = [...links.keys()].pop();
  if (found === here) return;
  here = found;
  links.forEach((a, key) => (key === found ? a.setAttribute("aria-current", "true") : a.removeAttribute("aria-current")));
  const link = links.get(found), bar = link && link.closest("nav");
  if (bar && bar.scrollWidth > bar.clientWidth) bar.scrollTo({ left: link.offsetLeft - 60 });
}
let waiting;
addEventListener("scroll", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(look); }, { passive: true });
look();

/* tables that are sorted */
all("[data-sortable] th button").forEach((button) => button.addEventListener("click", () => {
  const head = button.closest("th"), table = head.closest("table"), place = head.cellIndex, body = table.tBodies[0];
  const value = (row) => row.cells[place].dataset.v ?? row.cells[place].textContent;
  const words = [...body.rows].some((row) => value(row) === "" || isNaN(value(row)));
  const now = head.getAttribute("aria-sort");
  const rising = now === "ascending" ? false : now === "descending" ? true : words;
  all("th[aria-sort]", table).forEach((th) => th.setAttribute("aria-sort", "none"));
  head.setAttribute("aria-sort", rising ? "ascending" : "descending");
  const order = (a, b) => (words ? value(a).localeCompare(value(b)) : value(a) - value(b)) * (rising ? 1 : -1);
  [...body.rows].sort(order).forEach((row) => body.append(row));
}));
const pairSearch = one("#pq");
if (pairSearch) pairSearch.addEventListener("input", () => {
  const wanted = pairSearch.value.toLowerCase();
  all("#pt tbody tr").forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
});

/* confusion matrix */
const matrix = one("#cm");
if (matrix) {
  const names = all("thead th[scope=col]:not(.tt)", matrix).map((th) => th.textContent);
  const cells = all("td.c", matrix), told = one("#cmout"), first = told.innerHTML;
  const at = (i, j) => cells[i * names.length + j];
  const named = (text) => { const code = document.createElement("code"); code.textContent = text; return code.outerHTML; };
  cells.forEach((cell, n) => { cell.dataset.i = Math.floor(n / names.length); cell.dataset.j = n % names.length; cell.tabIndex = n ? -1 : 0; });
  const count = (cell) => Number((one("span", cell) || cell).textContent);
  const total = (cell) => Number(cell.parentNode.lastElementChild.textContent.replace(/,/g, ""));
  function show(cell) {
    const { i, j } = cell.dataset, n = count(cell), of = total(cell), p = of ? Math.round((100 * n) / of) : 0;
    cells.forEach((c) => c.classList.toggle("dim", c.dataset.i !== i && c.dataset.j !== j));
    const truth = named(names[i]), answer = named(names[j]);
    const link = n && i !== j && one("#ft") ? ` <a href="#mistakes" data-go="${i},${j}">${say("Show these examples", "查看这些样本")}</a>` : "";
    told.innerHTML = (i === j
      ? say(`${n} of ${of} examples of ${truth} were found (${p} %).`, `${of} 个 ${truth} 中找出了 ${n} 个（${p} %）。`)
      : say(`${n} of ${of} examples of ${truth} were predicted as ${answer} (${p} %).`, `${of} 个 ${truth} 中有 ${n} 个被预测为 ${answer}（${p} %）。`)) + link;
  }
  const rest = () => { if (!matrix.contains(document.activeElement)) cells.forEach((c) => c.classList.remove("dim")); };
  const label = () => cells.forEach((c) => c.setAttribute("aria-label", say(
    `label ${names[c.dataset.i]}, predicted ${names[c.dataset.j]}: ${count(c)} of ${total(c)}`,
    `标签 ${names[c.dataset.i]}，预测 ${names[c.dataset.j]}：${total(c)} 个中 ${count(c)} 个`)));
  again.push(label, () => { told.innerHTML = first; });
  cells.forEach((cell) => {
    cell.addEventListener("mouseenter", () => show(cell));
    cell.addEventListener("focus", () => { cells.forEach((c) => { c.tabIndex = -1; }); cell.tabIndex = 0; show(cell); });
    cell.addEventListener("blur", () => setTimeout(rest));
    cell.addEventListener("click", () => cell.focus());
  });
  matrix.addEventListener("mouseleave", rest);
  matrix.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td.c");
    if (!cell) return;
    let i = Number(cell.dataset.i), j = Number(cell.dataset.j);
    const last = names.length - 1;
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (step) { i = Math.min(last, Math.max(0, i + step[0])); j = Math.min(last, Math.max(0, j + step[1])); }
    else if (event.key === "Home") { j = 0; if (event.ctrlKey) i = 0; }
    else if (event.key === "End") { j = last; if (event.ctrlKey) i = last; }
    else if (event.key === "Enter") { if (i !== j && count(cell)) visit(i, j); return; }
    else return;
    event.preventDefault();
    at(i, j).focus();
  });
  function visit(i, j) {
    const chosen = (id, name) => { const found = [...one(id).options].find((o) => o.value === name); one(id).value = found ? name : ""; return found; };
    if (!one("#ft")) return;
    if (!chosen("#ft", names[i]) || !chosen("#fa", names[j])) toast(say("These examples are not on this page.", "这些样本不在本页中。"));
    one("#q").value = "";
    filter();
    one("#mistakes").scrollIntoView();
    one("#ft").focus({ preventScroll: true });
  }
  told.addEventListener("click", (event) => {
    const link = event.target.closest("[data-go]");
    if (link) { event.preventDefault(); visit(...link.dataset.go.split(",").map(Number)); }
  });
  one("#cmshow").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    matrix.dataset.show = button.dataset.show;
    all("#cmshow button").forEach((b) => b.setAttribute("aria-pressed", String(b === button)));
  });
}

/* mistakes */
const list = one("#ml"), rows = list ? all("#ml > li") : [];
let most = 10;
function limit() {
  const fitting = all("#ml > li:not([hidden])");
  fitting.forEach((row, i) => row.classList.toggle("late", i >= most));
  one("#mo").hidden = fitting.length <= most;
  one("#mo").textContent = say(`Show ${fitting.length - most} more`, `再显示 ${fitting.length - most} 个`);
}
function filter() {
  if (!list) return;
  const truth = one("#ft")?.value, answer = one("#fa")?.value, wanted = one("#q").value.trim().toLowerCase(), by = one("#so").value;
  let fitting = 0;
  rows.forEach((row) => {
    const text = `${row.textContent} ${row.dataset.q || ""}`.toLowerCase();
    const fits = (!truth || row.dataset.t === truth) && (!answer || row.dataset.a === answer) && (!wanted || text.includes(wanted));
    row.hidden = !fits;
    fitting += fits;
  });
  const size = { c: (r) => -Math.abs(r.dataset.c), "-c": (r) => Math.abs(r.dataset.c), r: (r) => +r.dataset.r }[by];
  [...rows].sort((a, b) => size(a) - size(b)).forEach((row) => list.append(row));
  limit();
  one("#mc").textContent = fitting
    ? say(`${fitting} of ${rows.length} fit`, `${rows.length} 个中符合 ${fitting} 个`)
    : say("None fits. Clear the search or choose “any”.", "没有符合的。请清空搜索或选择“不限”。");
}
if (list) {
  one("#mf").addEventListener("submit", (event) => event.preventDefault());
  ["#q", "#ft", "#fa", "#so"].forEach((id) => one(id)?.addEventListener("input", filter));
  one("#mo").addEventListener("click", () => {
    const next = all("#ml > li.late:not([hidden])")[0];
    most = Infinity;
    limit();
    one("summary, a, button, audio", next)?.focus();
  });
  one("#cpr").addEventListener("click", () => copy(all("#ml > li:not([hidden])").map((row) => row.dataset.r).join(", ")));
  again.push(filter);
}
all(".heard").forEach((card) => {
  const player = one("audio", card), wave = one(".wave", card), head = one(".head", card), seconds = Number(wave.dataset.seconds);
  player.addEventListener("timeupdate", () => { head.style.opacity = 1; head.style.left = `${(100 * player.currentTime) / seconds}%`; });
  wave.addEventListener("click", (event) => { player.currentTime = (seconds * event.offsetX) / wave.clientWidth; player.play(); });
});
document.addEventListener("play", (event) => all("audio").forEach((a) => { if (a !== event.target) a.pause(); }), true);

/* ranking: one curve in colour */
all("[name=rc]").forEach((choice) => choice.addEventListener("change", () => {
  all(".cv, .bd, .ar, .pv").forEach((part) => part.classList.toggle("on", part.dataset.c === choice.value));
  all(".cv.on").forEach((line) => { const words = one(".ar", line.parentNode); if (words) words.before(line); else line.parentNode.append(line); });
}));

/* a threshold to try */
const slider = one("#th");
if (slider) {
  const steps = JSON.parse(one("#steps").textContent), line = one("#thl"), total = steps[0][0];
  line.removeAttribute("hidden");
  const tell = () => {
    const place = Number(slider.value), [n, right] = steps[place], x = Number(line.dataset.x0) + ((line.dataset.x1 - line.dataset.x0) * place) / 100;
    one("#tv").textContent = (place / 100).toFixed(2);
    line.setAttribute("x1", x); line.setAttribute("x2", x);
    const p = n ? Math.round((100 * right) / n) : 0;
    one("#to").textContent = n
      ? say(`${n} of ${total} answered, ${right} of them right (${p} %); ${total - n} left to a person.`, `回答 ${total} 个中的 ${n} 个，其中 ${right} 个正确（${p} %）；${total - n} 个交给人工。`)
      : say(`None of ${total} answered.`, `${total} 个都不回答。`);
  };
  slider.addEventListener("input", tell);
  again.push(tell);
}

/* cross-hairs */
const points = (path) => path.getAttribute("d").slice(1).split("L").map((pair) => pair.split(" ").map(Number));
all("[data-cross]").forEach((svg) => {
  const lines = all("[data-series]", svg).filter((p) => !p.classList.contains("raw")).map((p) => ({ name: p.dataset.series, points: points(p) }));
  const hair = one(".cx", svg), told = one(".out", svg.closest("figure")), [left, right, low, high] = hair.dataset.x.split(",").map(Number);
  const places = [...new Set(lines.flatMap((l) => l.points.map((p) => p[0])))].sort((a, b) => a - b);
  let at = -1;
  const put = (i) => {
    at = Math.max(0, Math.min(places.length - 1, i));
    const x = left + ((places[at] - low) / (high - low)) * (right - left);
    hair.removeAttribute("hidden");
    hair.setAttribute("x1", x); hair.setAttribute("x2", x);
    const values = lines.map((l) => { const before = l.points.filter((p) => p[0] <= places[at]).pop(); return before ? `${l.name} ${Number(before[1].toPrecision(3))}` : null; });
    told.textContent = say(`Step ${places[at]}: `, `第 ${places[at]} 步：`) + values.filter(Boolean).join(", ");
  };
  const hint = () => { if (at < 0) told.textContent = say("Point at the chart, or focus it and use the arrow keys.", "指向图表，或聚焦后使用方向键。"); else put(at); };
  again.push(hint);
  const point = (event) => {
    const box = svg.getBoundingClientRect(), value = low + ((((event.clientX - box.left) / box.width) * 400 - left) / (right - left)) * (high - low);
    let near = 0;
    places.forEach((v, i) => { if (Math.abs(v - value) < Math.abs(places[near] - value)) near = i; });
    put(near);
  };
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("focus", () => { if (svg.matches(":focus-visible")) put(at < 0 ? places.length - 1 : at); });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    put(step === -Infinity ? 0 : step === Infinity ? places.length - 1 : at + step);
  });
});

/* charts as files */
const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell);
const seen = (part) => { const copied = part.cloneNode(true); all(say('[lang="zh"]', '[lang="en"]'), copied).forEach((p) => p.remove()); return copied.textContent.trim(); };
function asMatrix(grid) {
  const names = all("thead th div", grid).map(seen);
  const lines = all("tbody tr", grid).flatMap((row) => {
    const cells = [...row.cells], of = +seen(cells[cells.length - 1]).replace(/,/g, "");
    return cells.slice(1, -1).map((cell, i) => { const n = +seen(one("span", cell) || cell); return [quoted(seen(cells[0])), quoted(names[i]), n, of ? n / of : ""].join(","); });
  });
  return "label,predicted,examples,share of the label\n" + lines.join("\n") + "\n";
}
function asCsv(figure) {
  if (one(".cm", figure)) return asMatrix(one(".cm", figure));
  const lines = all("[data-series]", figure);
  if (lines.length) return "series,x,y\n" + lines.flatMap((l) => points(l).map(([x, y]) => `${quoted(l.dataset.series)},${x},${y}`)).join("\n") + "\n";
  return all("table tr", figure).map((row) => [...row.cells].map((c) => quoted(seen(c))).join(",")).join("\n") + "\n";
}
const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "opacity", "font-size", "font-weight", "font-family"];
function asSvg(figure) {
  const drawn = one("svg.ch", figure), copied = drawn.cloneNode(true), theirs = all("*", copied);
  all("*", drawn).forEach((part, i) => {
    const style = getComputedStyle(part);
    if (style.display === "none") theirs[i].setAttribute("data-gone", "");
    STYLES.forEach((name) => theirs[i].style.setProperty(name, style.getPropertyValue(name)));
  });
  all("[data-gone]", copied).forEach((part) => part.remove());
  const [, , width, height] = drawn.getAttribute("viewBox").split(" ");
  copied.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copied.setAttribute("width", width); copied.setAttribute("height", height);
  copied.style.background = getComputedStyle(document.body).backgroundColor;
  return new XMLSerializer().serializeToString(copied);
}
async function asPng(figure) {
  const picture = new Image();
  picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(asSvg(figure));
  await picture.decode();
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  canvas.width = picture.width * 3; canvas.height = picture.height * 3;
  pen.fillStyle = getComputedStyle(document.body).backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
async function save(figure, kind) {
  const make = { csv: asCsv, svg: asSvg, png: asPng }[kind], type = { csv: "text/csv", svg: "image/svg+xml", png: "image/png" }[kind];
  const content = await make(figure), link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = `${figure.dataset.name}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
all("[data-save]").forEach((b) => b.addEventListener("click", () => save(b.closest("figure"), b.dataset.save)));

/* on paper everything is open */
let shut = [];
addEventListener("beforeprint", () => { shut = all("details:not([open])").filter((d) => !d.closest(".ms") && !d.classList.contains("behind")); shut.forEach((d) => { d.open = true; }); });
addEventListener("afterprint", () => shut.forEach((d) => { d.open = false; }));
speak(root.dataset.lang || "en");
