// Runs before the first paint. A chosen theme wins over the system's; a portal takes the one that the page
// around it asks for (/portal/?theme=dark), for this tab.
(() => {
  let chosen = null;
  try {
    if (location.pathname.startsWith("/portal")) {
      const asked = new URLSearchParams(location.search).get("theme");
      if (asked !== null) sessionStorage.setItem("amps.theme", asked);
      chosen = sessionStorage.getItem("amps.theme");
    }
    chosen ??= localStorage.getItem("amps.theme");
  } catch {
    // Storage is refused in some embeddings; the system's theme then.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = chosen === "light" || chosen === "dark" ? chosen : dark ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
})();
