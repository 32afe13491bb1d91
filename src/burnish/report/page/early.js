try {
  const root = document.documentElement;
  const theme = localStorage.getItem("burnish-theme");
  const language = localStorage.getItem("burnish-lang") || (navigator.language || "").slice(0, 2);
  if (theme) root.dataset.theme = theme;
  if (language === "zh") { root.dataset.lang = "zh"; root.lang = "zh"; }
} catch { /* a page from disk may not be allowed to remember */ }
