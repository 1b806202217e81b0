/** Finding while typing, copying, remembering the language. Everything else works without it. */
const search = document.querySelector('input[type="search"]');
const nothing = document.querySelector(".nothing");
const chapters = [...document.querySelectorAll("details.chapter")].map((element) => ({
  element,
  wasOpen: element.open,
  items: [...element.querySelectorAll("li[data-words]")],
}));

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { element, wasOpen, items } of chapters) {
    let found = 0;
    for (const item of items) {
      const fits = words.every((word) => item.dataset.words.includes(word));
      item.hidden = !fits;
      if (fits) found += 1;
    }
    element.hidden = found === 0;
    element.open = words.length > 0 ? found > 0 : wasOpen;
    shown += found;
  }
  nothing.hidden = shown > 0;
}

search.addEventListener("input", filter);
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.matches("input, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  }
  if (event.key === "Escape" && event.target === search) {
    search.value = "";
    filter();
  }
});

async function copy(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    // Over plain http to another host a page may not: the text is marked instead.
    getSelection().selectAllChildren(code);
    button.textContent = "Marked";
  }
  setTimeout(() => {
    button.textContent = "Copy";
  }, 1500);
}

for (const block of document.querySelectorAll("pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", () => {
    void copy(block.querySelector("code"), button);
  });
  const holder = document.createElement("div");
  holder.className = `block ${block.className}`;
  block.replaceWith(holder);
  holder.append(block, button);
}

const LANGUAGE = "amps-docs-language";
const radios = document.querySelectorAll('input[name="language"]');
for (const radio of radios) {
  if (radio.id === localStorage.getItem(LANGUAGE)) radio.checked = true;
  radio.addEventListener("change", () => localStorage.setItem(LANGUAGE, radio.id));
}

/** The operation that is read is marked in the navigation. */
const links = new Map(
  [...document.querySelectorAll('nav a[href^="#"]')].map((link) => [link.hash.slice(1), link]),
);
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      const link = links.get(target.id);
      link?.setAttribute("aria-current", "location");
      link?.scrollIntoView({ block: "nearest" });
    }
  },
  { rootMargin: "-10% 0px -80%" },
);
for (const section of document.querySelectorAll("section.operation")) observer.observe(section);
