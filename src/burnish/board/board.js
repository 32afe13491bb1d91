"use strict";
const root = document.documentElement;
const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const say = (english, chinese) => (root.dataset.lang === "zh" ? chinese : english);
const remember = (key, value) => { try { value ? localStorage.setItem(key, value) : localStorage.removeItem(key); } catch { /* not allowed */ } };
root.classList.add("on");
all(".js").forEach((part) => { part.hidden = false; });

/* elements are made, never written as text: names are whatever users write */
function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") Object.entries(value).forEach(([event, act]) => made.addEventListener(event, act));
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const drawn = (tag, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/* numbers */
const minus = (text) => text.replace("-", "\u2212");
const digits = (v) => (Math.abs(v) >= 100 ? v.toFixed(1) : Math.abs(v) >= 10 ? v.toFixed(2) : v.toFixed(3));
const shown = (v) => (v === null || v === undefined ? "–" : minus(digits(v)));
const signed = (v) => (v === null || v === undefined ? "–" : minus((v < 0 ? "" : "+") + digits(v)));
const per = (share) => `${(100 * Math.max(0, Math.min(1, share))).toFixed(2)}%`;
function lasted(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
const when = (time) => {
  const at = new Date(1000 * time), two = (n) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
};

/* what is known */
const given = JSON.parse(one("#data").textContent);
const runs = new Map(given.runs.map((run) => [run.run, run]));
let version = given.version, chosen = [], opened = null, moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
const curves = new Map(), standings = new Map(), live = new Map(), limits = new Map(), asking = new Set();
one("#root").textContent = `${given.root}/`;
const scored = (run) => typeof run.value === "number";
const rank = (a, b) => (a.greater === false ? a.value - b.value : b.value - a.value);
const groupOf = (run) => (scored(run) ? run.group : `none ${run.data}`);
const bestOf = (group) => [...runs.values()].filter((run) => scored(run) && run.group === group).sort(rank)[0];
const pairKey = (best, run) => `${best.run}\n${run.run}\n${best.changed}\n${run.changed}`;

async function ask(path, pairs) {
  const answer = await fetch(`${path}?${new URLSearchParams(pairs)}`), told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.error), told);
  return told;
}

/* the table */
const FIRST = 40;
function fits(run) {
  const wanted = one("#q").value.trim().toLowerCase(), task = one("#ft").value;
  const text = [run.run, run.model, run.adapter, run.data, run.task, run.metric].join(" ").toLowerCase();
  return (!task || run.task === task) && (!wanted || wanted.split(/\s+/).every((word) => text.includes(word)));
}
function sorted(list, by) {
  const last = (v) => (v === null || v === undefined ? Infinity : v);
  const orders = {
    value: (a, b) => (scored(a) && scored(b) ? rank(a, b) : scored(b) - scored(a)),
    seconds: (a, b) => last(a.seconds) - last(b.seconds),
    mib: (a, b) => last(a.mib) - last(b.mib),
    started: (a, b) => b.started - a.started,
    run: (a, b) => a.run.localeCompare(b.run),
  };
  return list.sort(orders[by]);
}
function ends(list) {
  const values = list.flatMap((run) => [run.value, run.low, run.high]).filter((v) => typeof v === "number");
  const low = Math.min(...values), high = Math.max(...values), room = 0.06 * (high - low || Math.abs(high) || 1);
  const inside = low >= 0 && high <= 1;
  const size = 10 ** Math.floor(Math.log10((high - low || 1) + 2 * room)), step = size / 2;
  const from = Math.floor((low - room) / step) * step, to = Math.ceil((high + room) / step) * step;
  return inside ? [Math.max(0, from), Math.min(1, to)] : [from, to];
}
function table() {
  const groups = new Map();
  let fitting = 0;
  for (const run of runs.values()) {
    if (run.state === "running" || !fits(run)) continue;
    if (!groups.has(groupOf(run))) groups.set(groupOf(run), []);
    groups.get(groupOf(run)).push(run);
  }
  const newest = (list) => Math.max(...list.map((run) => run.started));
  const made = [];
  for (const [key, list] of [...groups].sort((a, b) => scored(b[1][0]) - scored(a[1][0]) || newest(b[1]) - newest(a[1]))) {
    const kept = one("#lv").checked ? list.filter((run) => kind(run) !== "beh" && scored(run)) : list;
    fitting += kept.length;
    if (kept.length) made.push(group(key, sorted(kept, one("#so").value)));
  }
  one("#list").replaceChildren(...(made.length ? made : [el("p", { class: "none" }, say("No run fits these filters.", "没有符合条件的运行。"))]));
  const over = [...runs.values()].filter((run) => run.state !== "running").length;
  one("#cnt").textContent = say(`${fitting} of ${over} runs that ended`, `${fitting} / ${over} 个已结束的运行`);
  const now = runs.size - over;
  one("#live").textContent = say(`${now} running, ${over} ended`, `${now} 个进行中，${over} 个已结束`);
  one(".live").classList.toggle("on", now > 0);
  want();
}
function group(key, list) {
  const first = list[0], has = list.some(scored), best = has ? bestOf(key) : null, most = limits.get(key) || FIRST;
  const span = has ? ends(list.filter(scored).concat(best)) : [0, 1], at = (v) => (v - span[0]) / (span[1] - span[0]);
  const told = has
    ? say(`${first.task} · ${first.rows.toLocaleString("en")} ${first.split === "test" ? "test" : first.split} rows, the same for all runs here`, `${first.task} · ${first.rows.toLocaleString("en")} 行${first.split === "test" ? "测试" : first.split}数据，本组相同`)
    : say("ended without a result", "结束但没有结果");
  const used = Math.max(0, ...list.map((run) => run.used || 0));
  const extra = has && used > 1 ? say(` · used ${used} times`, ` · 已使用 ${used} 次`) : "";
  const middle = Number(((span[0] + span[1]) / 2).toPrecision(3));
  const scale = el("div", { class: "sc", "aria-hidden": "true" }, el("span"), el("div", { class: "axh" }, [span[0], middle, span[1]].map((v, i) => el("i", { style: `left:${50 * i}%` }, String(Number(v.toPrecision(3)))))));
  const column = (words, attributes, ...more) => el("th", { scope: "col", ...attributes }, words, ...more);
  const head = el("tr", null,
    column(el("span", { class: "vh" }, say("Compare", "比较"))), column(say("Run", "运行")),
    column(el("code", null, first.metric || say("result", "结果")), null, has ? scale : ""),
    column(say("Against the best", "与最佳相比")), column(say("Validation", "验证")),
    column(say("Time", "用时"), { class: "num" }), column("MiB", { class: "num" }), column(say("Started", "开始"), { class: "num" }));
  const body = el("tbody", null, list.slice(0, most).map((run) => row(run, best, at)));
  const more = list.length > most && el("button", { class: "btn", type: "button", on: { click: () => { limits.set(key, most + 200); table(); } } }, say(`Show ${Math.min(200, list.length - most)} of ${list.length - most} more`, `再显示 ${Math.min(200, list.length - most)} / ${list.length - most} 个`));
  const heading = el("header", null, el("h2", null, first.data || say("unknown data", "未知数据")), el("p", null, told, extra, has ? " · " : "", has ? el("code", null, first.identity) : ""));
  const label = say(`Runs on ${first.data}`, `${first.data} 上的运行`);
  return el("section", { class: "grp", "aria-label": `${label} ${first.identity || ""}` }, heading, el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label }, el("table", null, el("thead", null, head), body)), more);
}
function kind(run) {
  if (!scored(run)) return "";
  const best = bestOf(run.group);
  if (best.run === run.run) return "best";
  const told = standings.get(pairKey(best, run));
  return { level: "lvl", ahead: "lvl", behind: "beh" }[told && told.state] || "";
}
function place(run, best) {
  if (!scored(run)) return "";
  if (best.run === run.run) return el("span", { class: "tag best" }, say("best", "最佳"));
  const told = standings.get(pairKey(best, run));
  if (!told) return el("span", { class: "tag beh" }, "…");
  if (told.state === "behind") return el("span", { class: "tag beh" }, `${say("behind", "落后")} ${shown(Math.abs(told.value))}`);
  if (told.state === "unknown") return el("span", { class: "tag beh" }, say("not comparable", "无法比较"), el("small", null, told.why));
  return el("span", { class: "tag" }, say("level", "不分上下"));
}
function row(run, best, at) {
  const on = chosen.includes(run.run);
  const pick = el("input", { type: "checkbox", "aria-label": `${say("Compare", "比较")} ${run.run}`, disabled: !scored(run), on: { change: (event) => choose(run.run, event.target.checked) } });
  pick.checked = on;
  const link = run.state === "finished" ? el("a", { href: `/report/${encodeURIComponent(run.run)}`, target: "_blank", rel: "noopener" }, el("code", null, run.run)) : el("code", null, run.run);
  const name = el("td", { class: "r" }, link, el("small", null, [run.model, run.adapter].filter(Boolean).join(", ")), run.problem ? el("span", { class: "tag err" }, run.problem) : "");
  const value = scored(run)
    ? el("td", { class: "s" }, el("div", { class: "sc" }, el("b", null, shown(run.value)), el("div", { class: "ax" },
      best.low !== null && el("span", { class: "band", style: `left:${per(at(best.low))};width:${per(at(best.high) - at(best.low))}` }),
      run.low !== null && el("i", { class: "iv", style: `left:${per(at(run.low))};width:${per(at(run.high) - at(run.low))}` }),
      el("b", { class: "pt", style: `left:${per(at(run.value))}` }), el("span", { class: "vh" }, `${shown(run.low)} – ${shown(run.high)}`))))
    : el("td", { class: "s" }, el("span", { class: "tag err" }, why(run)));
  return el("tr", { class: `${kind(run)} ${on ? "sel" : ""}`, "data-run": run.run }, el("td", { class: "ck" }, el("label", null, pick)), name, value,
    el("td", { class: "v" }, place(run, best)), el("td", { class: "spk" }, spark(run)),
    el("td", { class: "num tm" }, lasted(run.seconds)), el("td", { class: "num mb" }, run.mib === null ? "–" : String(run.mib)), el("td", { class: "num st" }, when(run.started)));
}
function why(run) {
  const at = run.step ? say(` at step ${run.step} of ${run.total}`, `，第 ${run.step} / ${run.total} 步`) : "";
  if (run.state === "failed") return say(`Failed${at}: ${run.why}`, `失败${at}：${run.why}`);
  return say(`No event since ${when(run.changed)}${at}`, `自 ${when(run.changed)} 起没有事件${at}`);
}
function spark(run) {
  const points = curves.get(run.run);
  if (!points || !points.length) return "";
  const ys = points.map((p) => p[1]), low = Math.min(0, ...ys), high = Math.max(1, ...ys), last = points[points.length - 1];
  const far = Math.max(last[0], 1), x = (v) => (110 * v) / far, y = (v) => 28 - (27 * (v - low)) / (high - low), colour = kind(run) === "best" ? "var(--model)" : "var(--base)";
  return drawn("svg", { class: "sp", viewBox: "0 0 116 30", role: "img", "aria-label": say(`validation, last ${shown(last[1])}`, `验证，最后 ${shown(last[1])}`) },
    drawn("line", { x1: 0, x2: 110, y1: 28, y2: 28, stroke: "var(--rule)" }),
    drawn("path", { d: path(points, x, y), fill: "none", stroke: colour, "stroke-width": 1.6 }),
    drawn("circle", { cx: x(last[0]).toFixed(1), cy: y(last[1]).toFixed(1), r: 2.4, fill: colour }));
}
const path = (points, x, y) => `M${points.map((p) => `${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}`).join("L")}`;

/* curves and standings are asked for the rows that are shown */
let wanting;
function want() { clearTimeout(wanting); wanting = setTimeout(fetchShown, 0); }
async function fetchShown() {
  const rows = all("#list tr[data-run]").map((r) => r.dataset.run).filter((name) => runs.has(name));
  const missing = rows.filter((name) => !curves.has(name) && !asking.has(name));
  for (let i = 0; i < missing.length; i += 50) {
    const part = missing.slice(i, i + 50);
    part.forEach((name) => asking.add(name));
    try {
      Object.entries(await ask("/api/curves", part.map((name) => ["run", name]))).forEach(([name, points]) => curves.set(name, points));
    } catch { /* a run that went away meanwhile */ }
    part.forEach((name) => { asking.delete(name); replace(name, ".spk", spark); });
  }
  const only = one("#lv").checked ? [...runs.keys()] : rows, groups = new Map();
  for (const name of only) {
    const run = runs.get(name);
    if (!run || !scored(run)) continue;
    const best = bestOf(run.group);
    if (best.run === name || standings.has(pairKey(best, run)) || asking.has(pairKey(best, run))) continue;
    if (!groups.has(best)) groups.set(best, []);
    groups.get(best).push(run);
  }
  for (const [best, list] of groups) {
    for (let i = 0; i < list.length; i += 8) {
      const part = list.slice(i, i + 8), keys = part.map((run) => pairKey(best, run));
      keys.forEach((key) => asking.add(key));
      try {
        const told = await ask("/api/standings", [["metric", best.metric], ["run", best.run], ...part.map((run) => ["run", run.run])]);
        part.forEach((run, at) => standings.set(keys[at], told[run.run]));
      } catch { /* the same */ }
      keys.forEach((key) => asking.delete(key));
      if (one("#lv").checked) table();
      else part.forEach((run) => { const line = find(run.run); if (line) { line.className = `${kind(run)} ${chosen.includes(run.run) ? "sel" : ""}`; replace(run.run, ".v", (r) => place(r, best)); } });
    }
  }
}
const find = (name) => all("#list tr[data-run]").find((line) => line.dataset.run === name);
function replace(name, cell, make) {
  const line = find(name);
  if (line && runs.has(name)) one(cell, line).replaceChildren(make(runs.get(name)));
}

/* choosing */
const MOST = 4;
function choose(name, on) {
  chosen = on ? [...chosen, name].slice(-MOST) : chosen.filter((other) => other !== name);
  all("#list tr[data-run]").forEach((line) => { const is = chosen.includes(line.dataset.run); line.classList.toggle("sel", is); one("input", line).checked = is; });
  tray();
}
function tray() {
  one("#tray").hidden = !chosen.length;
  one("#tt").textContent = chosen.length === 1
    ? say(`${chosen[0]} chosen. Choose one more to compare.`, `已选 ${chosen[0]}，再选一个即可比较。`)
    : say(`${chosen.length} runs chosen: ${chosen.join(", ")}`, `已选 ${chosen.length} 个：${chosen.join("、")}`);
  one("#go").disabled = chosen.length < 2;
}

/* the drawer */
const COLOURS = ["var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)"], DASHES = ["", "7 3", "2 3", "9 3 2 3"];
let from = null, pictured = "validation";
async function open() {
  from = document.activeElement;
  const list = chosen.map((name) => runs.get(name)).filter(Boolean).sort(rank);
  opened = { list, told: null, error: null };
  show();
  one("#dt").focus();
  list.forEach((run) => live.has(run.run) || live.set(run.run, fresh()));
  const reading = readOn(list.map((run) => run.run));
  try {
    // The oldest is what the others are compared with: "better" then speaks of the newer ones.
    const order = [...list].sort((a, b) => a.started - b.started);
    opened.told = await ask("/api/comparison", [["metric", order[0].metric], ...order.map((run) => ["run", run.run])]);
  } catch (error) { opened.error = error; }
  await reading;
  if (opened) { show(); one("#dt").focus(); }
}
function show() {
  const { list, told, error } = opened;
  const who = el("ul", { class: "who" }, list.map((run, k) => el("li", null, drawn("svg", { viewBox: "0 0 34 10", "aria-hidden": "true" }, drawn("path", { d: "M0 5H34", stroke: COLOURS[k], "stroke-width": 3, "stroke-dasharray": DASHES[k] })), el("code", null, run.run), el("span", { class: "soft" }, [run.model, run.adapter].filter(Boolean).join(", ")))));
  const close = el("button", { class: "btn x", type: "button", on: { click: shut } }, say("Close", "关闭"));
  const parts = [close];
  if (error) parts.push(el("h2", { class: "big", id: "dt", tabindex: "-1" }, say("These runs cannot be compared.", "这些运行无法比较。")), el("p", { class: "lede" }, `${error.message}. `, error.fix || ""), who);
  else if (!told) parts.push(el("h2", { class: "big", id: "dt", tabindex: "-1" }, say("Comparing …", "正在比较……")), who);
  else parts.push(...compared(told, who));
  parts.push(overlay(list));
  if (told) parts.push(differing(told));
  one("#draw").replaceChildren(...parts);
  one("#draw").hidden = false;
}
function compared(told, who) {
  const parts = [];
  told.runs.forEach((found, i) => {
    const sentence = el(i ? "p" : "h2", i ? { class: "told" } : { class: "big", id: "dt", tabindex: "-1" });
    sentence.innerHTML = say(found.en, found.zh); // escaped where it was written
    parts.push(sentence);
  });
  const groups = told.groups ? say(` in ${told.groups} groups`, `，共 ${told.groups} 组`) : "";
  const tests = told.runs.map((found) => {
    const said = [say("randomisation", "随机化检验") + ` p = ${small(found.p)}`];
    if (told.runs.length > 1) said.push(say("by Holm's correction ", "Holm 校正后 ") + small(found.p_holm));
    if (found.mcnemar !== null) said.push(`McNemar p = ${small(found.mcnemar)}`);
    return `${told.runs.length > 1 ? `${found.run}: ` : ""}${said.join(", ")}`;
  });
  parts.push(el("p", { class: "lede" }, say(`The same ${told.rows} rows${groups}; 95 % intervals of the paired difference. `, `相同的 ${told.rows} 个样本${groups}；区间为配对差值的 95 % 区间。`), tests.join("; "), "."), who);
  told.runs.forEach((found) => parts.push(el("h3", null, say("Differences, paired by row ", "逐行成对的差值 "), el("span", { class: "soft" }, `${found.run} \u2212 ${told.first}`)), ...found.differences.map(difference), ...changed(found, told)));
  parts.push(el("div", { class: "cmd" }, el("p", null, say("All rows that changed, with their texts:", "全部变化的样本及文本：")), el("pre", { tabindex: "0" }, el("code", null, told.command))));
  return parts;
}
const small = (p) => (p === null ? "–" : p < 0.001 ? p.toExponential(1) : p.toPrecision(2));
function difference(found) {
  const turn = found.greater === false ? -1 : 1, values = [found.value, found.low, found.high].map((v) => (v === null ? null : turn * v));
  const size = 1.08 * Math.max(...values.map((v) => Math.abs(v || 0)), 1e-9), at = (v) => 0.5 + v / size / 2;
  const low = Math.min(values[1], values[2]), high = Math.max(values[1], values[2]);
  const word = found.better === true ? say("better", "更好") : found.better === false ? say("worse", "更差") : say("no difference shown", "未显示差异");
  const line = el("div", { class: "ax", "aria-hidden": "true" }, found.low !== null && el("i", { class: "iv", style: `left:${per(at(low))};width:${per(at(high) - at(low))}` }), el("span", { class: "zero", style: "left:50%" }), found.value !== null && el("b", { class: "pt", style: `left:${per(at(values[0]))}` }));
  return el("div", { class: `dfr df ${found.better === true ? "yes" : found.better === false ? "no" : ""}` }, el("code", null, found.metric), line, el("span", null, el("span", { class: "n num" }, `${signed(found.value)} [${signed(found.low)}, ${signed(found.high)}]`), el("span", { class: "w" }, word)));
}
function changed(found, told) {
  if (found.worse === null) return [];
  const head = el("h3", null, say("Rows that changed", "发生变化的行"));
  const counts = found.matrix
    ? el("table", { class: "mat" }, el("thead", null, el("tr", null, el("td"), el("th", { scope: "col" }, `${found.run} ${say("right", "对")}`), el("th", { scope: "col" }, `${found.run} ${say("wrong", "错")}`))),
      el("tbody", null, [0, 1].map((i) => el("tr", null, el("th", { scope: "row" }, `${told.first} ${i ? say("wrong", "错") : say("right", "对")}`), [0, 1].map((j) => {
        const words = [[say("both right", "都对"), say("now wrong", "改错")], [say("now right", "改对"), say("both wrong", "都错")]][i][j];
        return el("td", null, el("b", { class: `num ${i === j ? "" : i ? "yes" : "bad"}` }, String(found.matrix[2 * i + j])), words);
      })))))
    : el("p", { class: "told" }, say(`${found.worse} rows got worse and ${found.better} better, in ${found.unit}.`, `${found.worse} 个样本变差，${found.better} 个变好（${found.unit}）。`));
  if (!found.flips.length) return [head, counts];
  const listed = el("details", null, el("summary", null, say(`${found.flips.length} of ${found.worse} rows that got worse`, `变差的 ${found.worse} 行中的 ${found.flips.length} 行`)),
    el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("Rows that got worse", "变差的行") }, el("table", null, el("thead", null, el("tr", null, [say("Row", "行"), say("Label", "标签"), told.first, found.run].map((words) => el("th", { scope: "col" }, words)))),
      el("tbody", null, found.flips.map((f) => el("tr", null, el("th", { scope: "row" }, String(f.row)), [f.truth, f.before, f.after].map((text) => el("td", null, text))))))));
  return [head, counts, listed];
}
function differing(told) {
  const [names, ...rows] = told.settings;
  const body = rows.length
    ? el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": say("Settings that differ", "不同的设置") }, el("table", null, el("thead", null, el("tr", null, names.map((name) => el("th", { scope: "col" }, name ? el("code", null, name) : say("Setting", "设置"))))), el("tbody", null, rows.map(([field, ...values]) => el("tr", null, el("th", { scope: "row" }, el("code", null, field)), values.map((v) => el("td", null, v)))))))
    : el("p", { class: "told" }, say("No setting differs, or none is known.", "设置相同，或未知。"));
  return el("div", null, el("h3", null, say("Settings that differ", "不同的设置")), body);
}
function shut() { one("#draw").hidden = true; opened = null; (from && from.isConnected && from !== document.body ? from : one("#go")).focus(); }

/* charts */
function axis(low, high, most = 4) {
  const raw = (high - low) / most || 1, size = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 2.5, 5, 10].map((f) => f * size).find((s) => s >= raw * 0.999);
  const ticks = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step) ticks.push(Number(v.toPrecision(12)));
  return ticks;
}
function chart(lines, { wide, tall, label, right = 112 }) {
  const left = 40, top = 10, bottom = 26, every = lines.flatMap((line) => line.points);
  if (!every.length) return el("p", { class: "fine" }, say("Nothing yet.", "尚无数据。"));
  const ys = every.map((p) => p[1]), far = Math.max(1, ...lines.map((line) => line.total || 0), ...every.map((p) => p[0]));
  let low = ys.reduce((a, b) => Math.min(a, b)), high = ys.reduce((a, b) => Math.max(a, b));
  if (low >= 0 && high <= 1) [low, high] = [0, 1];
  else { const room = 0.05 * (high - low || 1); low = low >= 0 ? Math.max(0, low - room) : low - room; high += room; }
  const x = (v) => left + (v / far) * (wide - left - right), y = (v) => top + (1 - (v - low) / (high - low)) * (tall - top - bottom), made = [];
  axis(low, high).forEach((v) => made.push(drawn("line", { class: "g", x1: left, x2: wide - right, y1: y(v), y2: y(v) }), drawn("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, String(v))));
  axis(0, far).forEach((v) => made.push(drawn("text", { x: x(v), y: tall - 8, "text-anchor": "middle" }, v >= 10000 ? `${v / 1000}k` : String(v))));
  const tags = lines.filter((line) => line.points.length).map((line) => ({ line, y: y(line.points[line.points.length - 1][1]) })).sort((a, b) => a.y - b.y);
  tags.forEach((tag, i) => { if (i && tag.y - tags[i - 1].y < 14) tag.y = tags[i - 1].y + 14; });
  lines.forEach((line) => {
    if (line.raw) made.push(drawn("path", { d: path(line.raw, x, y), fill: "none", stroke: line.colour, "stroke-width": 1, opacity: 0.3 }));
    if (line.points.length) made.push(drawn("path", { d: path(line.points, x, y), fill: "none", stroke: line.colour, "stroke-width": line.thin ? 1.6 : 2.2, "stroke-dasharray": line.dash }));
  });
  tags.forEach(({ line, y: at }) => made.push(drawn("text", { x: wide - right + 8, y: at + 4, style: `fill:${line.colour};font-weight:600` }, line.name.length > 16 ? `…${line.name.slice(-15)}` : line.name)));
  return drawn("svg", { class: "ch", viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": label, style: "max-width:none" }, made);
}
/* lowest and highest value of each pixel, so that no spike is lost */
function thinned(points, pixels) {
  if (points.length <= 2 * pixels) return points;
  const size = points.length / pixels, kept = [];
  for (let i = 0; i < pixels; i++) {
    const part = points.slice(Math.floor(i * size), Math.floor((i + 1) * size));
    let low = part[0], high = part[0];
    part.forEach((p) => { if (p[1] < low[1]) low = p; if (p[1] > high[1]) high = p; });
    kept.push(...(low[0] < high[0] ? [low, high] : [high, low]));
  }
  return kept;
}
function smoothed(points) {
  const half = Math.max(1, Math.round(points.length / 100)), sums = [0];
  points.forEach((p) => sums.push(sums[sums.length - 1] + p[1]));
  return points.map((p, i) => { const a = Math.max(0, i - half), b = Math.min(points.length, i + half + 1); return [p[0], (sums[b] - sums[a]) / (b - a)]; });
}
function overlay(list) {
  const wide = innerWidth > 820 ? 560 : 380;
  const lines = list.map((run, k) => {
    const told = live.get(run.run), common = { name: run.run, colour: COLOURS[k], dash: DASHES[k] };
    if (!told) return { ...common, points: [] };
    if (pictured === "validation") return { ...common, points: scoresOf(told, run.metric) };
    const losses = [...told.losses].sort((a, b) => a[0] - b[0]);
    return { ...common, raw: thinned(losses, wide), points: thinned(smoothed(losses), wide) };
  });
  const names = { validation: say("Validation score", "验证得分"), loss: say("Training loss", "训练损失") };
  const buttons = Object.entries(names).map(([key, words]) => el("button", { type: "button", "aria-pressed": String(key === pictured), on: { click: () => { pictured = key; show(); } } }, words));
  const caption = pictured === "loss" ? say("By step. Pale: every step, lowest and highest of each pixel; bold: mean of 2 % of the steps.", "按步。浅色：每一步（每像素取最低与最高）；粗线：2 % 步数的平均。") : say("By step.", "按步。");
  return el("div", null, el("h3", null, say("Curves", "曲线")), el("div", { class: "seg", role: "group", "aria-label": say("Curves", "曲线") }, buttons), chart(lines, { wide, tall: 240, label: `${names[pictured]}: ${list.map((run) => run.run).join(", ")}` }), el("p", { class: "fine" }, caption));
}

/* what runs write now: only bytes that are new are sent */
const fresh = () => ({ start: 0, file: 0, losses: new Map(), scores: new Map(), step: 0, total: 0, time: [], deciding: "" });
const scoresOf = (told, metric) => [...told.scores].sort((a, b) => a[0] - b[0]).map(([step, scores]) => [step, scores[metric || told.deciding]]).filter((p) => typeof p[1] === "number");
function take(told, lines) {
  for (const text of lines.split("\n")) {
    if (!text) continue;
    let event;
    try { event = JSON.parse(text); } catch { continue; }
    if (event.name === "step") {
      if (typeof event.loss === "number") told.losses.set(event.number, event.loss);
      told.step = event.number; told.total = event.total_steps || told.total;
      told.time.push([event.time, event.number]); if (told.time.length > 50) told.time.shift();
    } else if (event.name === "validation") {
      told.scores.set(event.number, event.scores || {});
      told.deciding = event.deciding || told.deciding;
    }
  }
}
async function readOn(names) {
  let left = names.filter((name) => runs.has(name));
  while (left.length) {
    const found = await ask("/api/live", left.slice(0, 50).flatMap((name) => { const told = live.get(name); return [["run", name], ["start", told.start], ["file", told.file]]; }));
    const again = [];
    for (const [name, part] of Object.entries(found)) {
      const told = part.start === 0 && live.get(name).start ? Object.assign(live.get(name), fresh()) : live.get(name);
      take(told, part.lines);
      told.start = part.end; told.file = part.file;
      if (part.more) again.push(name);
    }
    left = again.concat(left.slice(50));
  }
}
function card(run) {
  const told = live.get(run.run), metric = told.deciding, points = scoresOf(told), last = points[points.length - 1];
  const alike = [...runs.values()].filter((other) => scored(other) && other.data === run.data && other.task === run.task && (!metric || other.metric === metric)).sort(rank)[0];
  const beside = alike && curves.get(alike.run), share = told.total ? told.step / told.total : 0;
  const [first, now] = [told.time[0], told.time[told.time.length - 1]], speed = now && now[1] > first[1] ? (now[0] - first[0]) / (now[1] - first[1]) : null;
  const rest = speed && told.total ? lasted(speed * (told.total - told.step)) : null;
  const words = [el("span", null, say("step ", "第 "), el("b", null, String(told.step)), say(` of ${told.total || "?"}`, ` / ${told.total || "?"} 步`))];
  if (rest) words.push(say(`, about ${rest} left`, `，约剩 ${rest}`));
  if (last) words.push(say(` · ${metric} on validation `, ` · 验证 ${metric} `), el("b", null, shown(last[1])));
  const before = last && beside && beside.filter((p) => p[0] <= last[0]).pop();
  if (before) words.push(say(`, ${signed(last[1] - before[1])} against ${alike.run} at this step`, `，与 ${alike.run} 同一步相比 ${signed(last[1] - before[1])}`));
  const wide = innerWidth > 1240 ? 590 : innerWidth > 820 ? 430 : 380;
  const lines = last
    ? [...(beside ? [{ name: alike.run, points: beside, colour: "var(--base)", thin: true }] : []), { name: run.run, points, colour: "var(--model)", total: told.total }]
    : [{ name: say("loss", "损失"), points: thinned(smoothed([...told.losses]), wide), colour: "var(--model)", total: told.total }];
  return el("div", { class: "card" }, el("h3", null, el("code", null, run.run), el("small", null, [run.model, run.adapter, run.data].filter(Boolean).join(", "))),
    el("div", { class: "pg", role: "progressbar", "aria-valuenow": Math.round(100 * share), "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": run.run }, el("i", { style: `width:${per(share)}` })),
    el("p", { class: "num" }, words), chart(lines, { wide, tall: 160, label: `${run.run}: ${last ? shown(last[1]) : ""}` }));
}
function cards() {
  const now = [...runs.values()].filter((run) => run.state === "running");
  one("#nows").hidden = !now.length;
  one("#now").replaceChildren(...sorted(now, "started").slice(0, 12).filter((run) => live.has(run.run)).map(card));
  one("#pz").textContent = moving ? say("Pause", "暂停") : say("Go on", "继续");
}
async function follow() {
  const now = [...runs.values()].filter((run) => run.state === "running").map((run) => run.run).slice(0, 12);
  const drawnNow = opened ? opened.list.map((run) => run.run).filter((name) => runs.get(name)?.state === "running") : [];
  now.forEach((name) => live.has(name) || live.set(name, fresh()));
  const before = now.map((name) => live.get(name).start).join();
  await readOn([...new Set([...now, ...drawnNow])]);
  if (before !== now.map((name) => live.get(name).start).join() || !now.length) cards();
}
async function look() {
  const told = await ask("/api/runs", [["since", version]]);
  if (told.version === version) return;
  version = told.version;
  if (told.names) { const there = new Set(told.names); [...runs.keys()].filter((name) => !there.has(name)).forEach((name) => runs.delete(name)); }
  told.runs.forEach((run) => { runs.set(run.run, run); curves.delete(run.run); });
  const focused = document.activeElement?.closest?.("tr[data-run]")?.dataset.run;
  tasks(); table(); cards();
  if (focused) one("input", find(focused) || document.createElement("p"))?.focus();
}
let turn = 0, failing = false;
async function tick() {
  if (moving && !document.hidden) {
    try {
      await follow();
      if (turn++ % 4 === 3) await look();
      failing = false;
    } catch { failing = true; }
    if (failing) one("#live").textContent = say("The board has stopped: `burnish board` no longer answers.", "看板已停止：`burnish board` 没有应答。");
  }
  setTimeout(tick, 1500);
}
function tasks() {
  const kept = one("#ft").value, known = [...new Set([...runs.values()].map((run) => run.task))].filter(Boolean).sort();
  all("#ft option:not([data-en])").forEach((option) => option.remove());
  one("#ft").append(...known.map((task) => el("option", { value: task }, task)));
  one("#ft").value = known.includes(kept) ? kept : "";
}

/* language and colours */
function speak(language) {
  root.dataset.lang = root.lang = language;
  all("#lg button").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.l === language)));
  all("[data-zh-aria-label]").forEach((part) => {
    if (!part.hasAttribute("data-en-aria-label")) part.setAttribute("data-en-aria-label", part.getAttribute("aria-label"));
    part.setAttribute("aria-label", part.getAttribute(`data-${language === "zh" ? "zh" : "en"}-aria-label`));
  });
  all("option[data-en]").forEach((o) => { o.textContent = o.dataset[language === "zh" ? "zh" : "en"]; });
  table(); tray(); cards();
  if (opened) show();
}
one("#lg").addEventListener("click", (event) => { const b = event.target.closest("button"); if (b) { speak(b.dataset.l); remember("burnish-lang", b.dataset.l); } });
function paint(theme) {
  if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
  all("#tg button").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.t === theme)));
}
one("#tg").addEventListener("click", (event) => { const b = event.target.closest("button"); if (b) { paint(b.dataset.t); remember("burnish-theme", b.dataset.t); } });
paint(root.dataset.theme || "");
one("#ff").addEventListener("submit", (event) => event.preventDefault());
["#q", "#ft", "#so", "#lv"].forEach((id) => one(id).addEventListener("input", table));
one("#go").addEventListener("click", open);
one("#cl").addEventListener("click", () => { chosen = []; table(); tray(); });
one("#pz").addEventListener("click", () => { moving = !moving; cards(); });
addEventListener("keydown", (event) => { if (event.key === "Escape" && opened) shut(); });
tasks();
speak(root.dataset.lang || "en");
follow().catch(() => {}).then(() => setTimeout(tick, 1500));
