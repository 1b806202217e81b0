/** The frame of every page: navigation by resource, search, the choice of language. */
import type { Operation, Resource } from "./document.ts";
import { html, type Html } from "./html.ts";
import { anchorOf, methodBadge } from "./operation-section.ts";
import { LANGUAGES } from "./samples.ts";

export interface Frame {
  version: string;
  resources: readonly Resource[];
  /** Address of a file of the page, which changes with its content. */
  file: (name: string) => string;
}

export interface Page {
  title: string;
  /** Slug of the resource that is open; empty for the introduction. */
  slug: string;
  query?: string;
  content: Html;
}

/** Everything by which an operation is found, in lower case. */
export function wordsOf(operation: Operation): string {
  const { summary, description, path, method, id, parameters, body } = operation;
  const names = parameters.map(({ name }) => name).join(" ");
  const text = [summary, description, method, path, id, names, body?.$ref ?? ""].join(" ");
  return text.toLowerCase();
}

function link(operation: Operation, slug: string, current: string): Html {
  const address = `${slug === current ? "" : `/docs/${slug}`}#${anchorOf(operation)}`;
  return html`<li data-words="${wordsOf(operation)}">
    <a href="${address}">${methodBadge(operation.method)} <span>${operation.summary}</span></a>
  </li>`;
}

function chapter(resource: Resource, current: string): Html {
  const { slug, name, operations } = resource;
  return html`<details class="chapter" ${slug === current && "open"}>
    <summary ${slug === current && html`aria-current="true"`}>${name}</summary>
    <ul>
      ${slug !== current && html`<li class="all"><a href="/docs/${slug}">All of ${name}</a></li>`}
      ${operations.map((operation) => link(operation, slug, current))}
    </ul>
  </details>`;
}

function navigation({ resources }: Frame, { slug }: Page): Html {
  const part = (title: string, battery: boolean): Html =>
    html`<h2>${title}</h2>
      ${resources.filter((one) => one.battery === battery).map((one) => chapter(one, slug))}`;
  return html`<nav aria-label="Operations">
    <a class="start" href="/docs" ${slug === "" && html`aria-current="page"`}>Introduction</a>
    ${part("Battery API", true)} ${part("Webhook API", false)}
    <p class="nothing" hidden>Nothing by this name. Enter searches fields as well.</p>
  </nav>`;
}

function languageChoice(): Html {
  return html`<fieldset class="languages">
    <legend>Examples in</legend>
    ${LANGUAGES.map(
      (name, index) =>
        html`<input
            type="radio"
            name="language"
            id="in-${name.toLowerCase()}"
            ${index === 0 && "checked"}
          /><label for="in-${name.toLowerCase()}">${name}</label>`,
    )}
  </fieldset>`;
}

export function renderPage(frame: Frame, page: Page): string {
  const { text } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${page.title} · Amps API</title>
        <link rel="stylesheet" href="${frame.file("docs.css")}" />
        <script type="module" src="${frame.file("docs.js")}"></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          <a class="brand" href="/docs">Amps <span>API</span></a>
          <small>${frame.version}</small>
          <form action="/docs/search" role="search">
            <input
              type="search"
              name="q"
              value="${page.query ?? ""}"
              placeholder="Search"
              aria-label="Search operations and fields"
              autocomplete="off"
            />
            <kbd aria-hidden="true">/</kbd>
          </form>
          ${languageChoice()}
          <a class="file" href="/api/v1/openapi.json">openapi.json</a>
        </header>
        <div class="columns">
          <details class="menu">
            <summary>Menu</summary>
          </details>
          <aside>${navigation(frame, page)}</aside>
          <main id="content" tabindex="-1">${page.content}</main>
        </div>
      </body>
    </html> `;
  return text;
}
