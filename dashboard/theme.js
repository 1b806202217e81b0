// Runs before the first paint. A chosen theme wins over the system's.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("amps.theme");
  } catch {
    // Storage is refused in some embeddings; the system's theme then.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = chosen === "light" || chosen === "dark" ? chosen : dark ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
})();
