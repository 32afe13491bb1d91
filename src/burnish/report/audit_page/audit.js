"use strict";
/* the review: filter, decide, save; `one`, `all`, `say`, `again` and `toast` are those of page.js */
const reviewList = one("#rl"), reviewRows = reviewList ? all("#rl > li") : [];
if (reviewList) {
  const told = JSON.parse(one("#rj").textContent), place = `burnish-review-${told.key}`;
  const column = Object.fromEntries(told.columns.map((name, number) => [name, number]));
  let shown = 20, decided = {};
  const named = (number) => told.rows[number][column.issue] + "\n" + told.rows[number][column.file] + "\n" + told.rows[number][column.row];
  const decision = (row) => one("input[type=radio]:checked", row)?.value || "";
  const label = (row) => one(".new select, .new input", row);
  const look = (row) => { one(".new", row).hidden = decision(row) !== "relabel"; };
  try { decided = JSON.parse(localStorage.getItem(place) || "{}"); } catch { /* not allowed, or not ours */ }
  reviewRows.forEach((row) => {
    const known = decided[named(row.dataset.n)];
    const choice = known && one(`input[type=radio][value="${known[0] === "relabel" || known[0] === "remove" ? known[0] : "keep"}"]`, row);
    if (choice) { choice.checked = true; label(row).value = known[1]; }
    look(row);
  });
  const limit = () => {
    const fitting = reviewRows.filter((row) => !row.hidden), button = one("#rm");
    fitting.forEach((row, number) => row.classList.toggle("late", number >= shown));
    button.hidden = fitting.length <= shown;
    button.textContent = say(`Show ${fitting.length - shown} more`, `再显示 ${fitting.length - shown} 行`);
  };
  const filter = () => {
    const issue = one("#ri").value, split = one("#rs").value, wanted = one("#rq").value.trim().toLowerCase(), what = one("#rd").value;
    reviewRows.forEach((row) => {
      const text = `${row.textContent} ${row.dataset.q}`.toLowerCase(), said = decision(row) || "open";
      row.hidden = !((!issue || row.dataset.i === issue) && (!split || row.dataset.s === split) && (!what || said === what) && (!wanted || text.includes(wanted)));
    });
    limit();
    count();
  };
  const count = () => {
    const fitting = reviewRows.filter((row) => !row.hidden).length, done = reviewRows.filter(decision).length;
    one("#rc").textContent = fitting
      ? say(`${fitting} of ${reviewRows.length} rows fit; ${done} decided`, `${reviewRows.length} 行中符合 ${fitting} 行；已决定 ${done} 行`)
      : say("None fits. Clear the search or choose “any”.", "没有符合的。请清空搜索或选择“不限”。");
  };
  reviewList.addEventListener("change", (event) => {
    const row = event.target.closest("li");
    look(row);
    if (decision(row)) decided[named(row.dataset.n)] = [decision(row), label(row).value];
    remember(place, JSON.stringify(decided));
    count();
  });
  one("#rf").addEventListener("submit", (event) => event.preventDefault());
  ["#rq", "#ri", "#rs", "#rd"].forEach((key) => one(key).addEventListener("input", filter));
  one("#rm").addEventListener("click", () => {
    const next = reviewRows.filter((row) => !row.hidden)[shown];
    shown += 50;
    limit();
    one("input", next)?.focus();
  });
  const cell = (text) => {
    const safe = /^[=+\-@\t\r']/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  one("#rw").addEventListener("click", () => {
    const lines = reviewRows.map((row) => {
      const cells = [...told.rows[row.dataset.n]];
      cells[column.decision] = decision(row);
      cells[column.label] = label(row).value;
      return cells.map(cell).join(",");
    });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${told.columns.join(",")}\n${lines.join("\n")}\n`], { type: "text/csv" }));
    link.download = "review.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    toast(say("Saved review.csv", "已保存 review.csv"));
  });
  again.push(() => { limit(); count(); });
  filter();
}
